"""A lesson's notebook as the page builder takes it: what works without a kernel is live, what is folded stays folded.

Nothing here is written back: what `notebooks/` holds stays as it is.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any

import nbformat
from lesson_run import run
from lesson_source import Lesson, Notebook, heading, tags

from vitcourse.exercises import quiz
from vitcourse.widgets.standalone import FRAME, frame

# What stands alone, by the words with which its output begins in plain text. A quiz is made here, in an instant; an
# explorer needs its model and images, hence its lesson.
QUIZ, EXPLORER = "quiz of lesson", "attention explorer"
FRAMES_FIRST = "from vitcourse.widgets.standalone import frames_in_bundles as _frames\n_frames()"
FOLDED = "% folded"  # a comment in MyST: docs/site/extensions/folding.py looks for it
NOTE = """\
```{{admonition}} This page has no kernel
:class: without-kernel
{alive}Run this lesson in JupyterLab to move the {other}controls and to answer exercises.
```"""


def page_of(lesson: Lesson, notebook: Notebook, *, live: bool = True, timeout: int = 600) -> Notebook:
    """A copy of a lesson's notebook, ready to become a page.

    Args:
        notebook: with its outputs, as committed.
        live: whether a lesson with an explorer is run again, up to its last one, so that explorers work in the page.
        timeout: seconds that one cell may take.

    Raises:
        LessonError: the lesson was to be run, and a cell failed.
    """
    page = copy.deepcopy(notebook)
    alive = []
    if live and any(outputs_of(cell, EXPLORER) for cell in page.cells):
        put(page, EXPLORER, explorers(lesson, notebook, timeout))
        alive.append("the attention explorer")
    if asking := [cell for cell in page.cells if outputs_of(cell, QUIZ)]:
        put(page, QUIZ, {cell.id: [frame(quiz(lesson.number))] for cell in asking})
        alive.append("the quiz")
    page.cells = [cell for cell in page.cells if "colab" not in tags(cell)]  # installs the course; nobody runs it here
    for cell in page.cells:
        fold(cell)
    if any(cell.cell_type == "code" for cell in page.cells):
        page.cells.insert(1, note(alive))
    return page


def outputs_of(cell: Notebook, words: str) -> list[Any]:
    """The cell's outputs that begin with these words."""
    outputs = cell.get("outputs", [])
    return [output for output in outputs if output.get("data", {}).get("text/plain", "").startswith(words)]


def explorers(lesson: Lesson, notebook: Notebook, timeout: int) -> dict[str, list[str]]:
    """Frames of all explorers by the ids of their cells; the lesson is run up to the last one."""
    short = copy.deepcopy(notebook)
    last = max(number for number, cell in enumerate(short.cells) if outputs_of(cell, EXPLORER))
    short.cells = short.cells[: last + 1]
    first = next(cell for cell in short.cells if cell.cell_type == "code")
    first.source = f"{FRAMES_FIRST}\n{first.source}"
    run(short, name=lesson.name, timeout=timeout)
    frames = defaultdict(list)
    for cell in short.cells:
        for output in outputs_of(cell, EXPLORER):
            frames[cell.id].append(output.data[FRAME])
    return frames


def put(page: Notebook, words: str, frames: dict[str, list[str]]) -> None:
    """Frames in place of the outputs that begin with these words, cell by cell."""
    for cell in page.cells:
        for output, html in zip(outputs_of(cell, words), frames.get(cell.id, []), strict=False):
            output.data, output.metadata = {"text/html": html}, {}


def fold(cell: Notebook) -> None:
    """Says in words of the page builder what a notebook says in metadata."""
    if cell.metadata.get("jupyter", {}).get("source_hidden"):
        cell.metadata["tags"] = [*tags(cell), "hide-input"]
    if cell.metadata.get("jp-MarkdownHeadingCollapsed") and heading(cell):
        first, _, rest = cell.source.strip().partition("\n")
        cell.source = f"{first}\n\n{FOLDED}\n\n{rest.lstrip()}"


def note(alive: list[str]) -> Any:
    """The one line of a page about what needs a kernel."""
    text = " and ".join(alive)
    works = f"{text[0].upper()}{text[1:]} work{'' if len(alive) > 1 else 's'} here. " if alive else ""
    return nbformat.v4.new_markdown_cell(NOTE.format(alive=works, other="other " if alive else ""))
