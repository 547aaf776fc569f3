"""Exercises: `check` says which mistake it is, `hint` and `solution` help, `progress` shows what is done; `quiz` asks.

Functions that pass are kept in `my_vit.py` beside the notebooks; `my_vit.model(...)` builds a model of them.
"""

from . import my_vit
from .check import check
from .compare import compare
from .hints import hint, solution
from .progress import progress
from .quiz import quiz

__all__ = ["check", "compare", "hint", "my_vit", "progress", "quiz", "solution"]
