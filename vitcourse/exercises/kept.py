"""`my_vit.py`: the functions that passed, in one readable file beside the learner's notebooks.

Each stands in a section of its own, with the imports and the helpers that it uses, so that it runs by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..files import write_whole
from .needs import CannotBeKept, self_contained

FILE = "my_vit.py"
HEADER = '''"""My Vision Transformer: the functions that passed their checks.

The course writes this file: `check` puts a function here, or in the place of an older one, when it passes. In a lesson,
`my_vit.model(...)` builds a Vision Transformer of these functions.
"""
'''
SECTION = re.compile(r"^# --- (\w+), lesson (\d\d) -+$", re.MULTILINE)


def keep(name: str, lesson: str, function: Callable[..., Any]) -> str:
    """Put a function into the file; a sentence that says so, or why not."""
    try:
        code = self_contained(function)
        sections = read()
        sections[name] = (lesson, code)
        write_whole(Path(FILE), _written(sections))
    except CannotBeKept as reason:
        return f"It is not kept in {FILE}: {reason}"
    except OSError as error:
        return f"It could not be kept in {FILE}: {error.strerror}."
    return f"Kept in {FILE}, as a part of your own model."


def read() -> dict[str, tuple[str, str]]:
    """Lesson and code of each function in the file, by its name; empty where there is no file.

    Raises:
        OSError: it is there and cannot be read.
    """
    try:
        text = Path(FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    pieces = SECTION.split(text)[1:]  # name, lesson, code, name, lesson, code, ...
    return {name: (lesson, code.strip()) for name, lesson, code in zip(*[iter(pieces)] * 3, strict=True)}


def _written(sections: dict[str, tuple[str, str]]) -> str:
    ordered = sorted(sections.items(), key=lambda item: item[1][0])
    return HEADER + "".join(
        f"\n\n{f'# --- {name}, lesson {lesson} ':-<100}\n\n{code}\n" for name, (lesson, code) in ordered
    )
