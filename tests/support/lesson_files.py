"""The lessons as the tests see them: source and notebook of each, and small ones made up to test the checks.

A check (in `lesson_*.py` beside this file) gets cells and returns problems, one text each; none where all is well.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))  # last: `setup` there must hide nothing

import lesson_source  # noqa: E402
from lesson_source import Lesson, tags  # noqa: E402, F401 (checks take tags from here)

COURSE = lesson_source.course()
WRITTEN = lesson_source.written(COURSE)


@functools.cache
def source(lesson: Lesson) -> Any:
    """The notebook as the lesson's source defines it, without outputs."""
    return lesson_source.read(lesson)


@functools.cache
def notebook(lesson: Lesson) -> Any | None:
    """The committed notebook, or None where there is none."""
    return nbformat.read(lesson.notebook, as_version=4) if lesson.notebook.exists() else None


def code_cells(cells: list[Any]) -> list[Any]:
    return [cell for cell in cells if cell.cell_type == "code"]


def tree(cell: Any) -> ast.Module:
    """Syntax tree of a code cell, less its magic lines."""
    lines = cell.source.splitlines()
    return ast.parse("\n".join("pass" if line.startswith(("%", "!")) else line for line in lines))


def calls(cell: Any, *names: str) -> list[ast.Call]:
    """Calls of functions or methods of these names in a code cell, in their order."""
    if cell.cell_type != "code":
        return []
    found = [node for node in ast.walk(tree(cell)) if isinstance(node, ast.Call) and called(node) in names]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def called(node: ast.Call) -> str:
    """`f` of f(...) and of a.f(...)."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


FENCE = re.compile(r"^\s*(```+|~~~+)")


def prose_lines(markdown: str) -> Iterator[str]:
    """The lines of a Markdown text that do not stand in a block of code."""
    fence = ""
    for line in markdown.splitlines():
        found = FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and line.strip() == fence:
            fence = ""
        elif not fence:
            yield line


def headings(cell: Any) -> list[tuple[int, str]]:
    """(level, text) of all headings in a Markdown cell."""
    if cell.cell_type != "markdown":
        return []
    found = map(lesson_source.HEADING.match, prose_lines(cell.source))
    return [(len(match[1]), match[2]) for match in found if match]


def made(text: str, folder: Path, *, number: str = "03", title: str = "A title", minutes: int = 10) -> Any:
    """(lesson, its notebook without outputs) of a made-up source."""
    lesson = Lesson(number, "made_up", title, minutes, 0, sources=folder, notebooks=folder)
    lesson.source.write_text(text, encoding="utf-8")
    return lesson, lesson_source.read(lesson)
