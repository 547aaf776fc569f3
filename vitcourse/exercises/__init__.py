"""Exercises: `check` says which mistake it is, `hint` and `solution` help, `progress` shows what is done.

Functions that pass are kept in `my_vit.py` beside the notebooks; `my_vit.model(...)` builds a model of them.
"""

from .check import check
from .hints import hint, solution
from .progress import progress

__all__ = ["check", "hint", "progress", "solution"]
