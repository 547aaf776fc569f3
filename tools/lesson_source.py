"""Lessons as they are written: the course table, `lessons/NN_name.py` as notebook cells, and their comparison.

A lesson's source is jupytext percent format. `read` gives the notebook that Jupyter will open, without outputs: the
cells' text and tags as written, ids from lesson number and position (a rebuilt notebook then differs from the
old one only where the lesson does), and the metadata that follow from tags.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "lessons"
NOTEBOOKS = ROOT / "notebooks"
HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")

Notebook = Any  # nbformat.NotebookNode, whose attributes no type checker knows


@dataclass(frozen=True)
class Lesson:
    """One row of `lessons/course.toml`, and where its two files are.

    `minutes` is what a learner on the 90-minute path spends, `exercise_minutes` the part of it for exercises. An
    optional lesson has no `minutes`.
    """

    number: str
    slug: str
    title: str
    minutes: int | None = None
    exercise_minutes: int = 0
    sources: Path = SOURCES
    notebooks: Path = NOTEBOOKS

    @property
    def name(self) -> str:
        return f"{self.number}_{self.slug}"

    @property
    def source(self) -> Path:
        return self.sources / f"{self.name}.py"

    @property
    def notebook(self) -> Path:
        return self.notebooks / f"{self.name}.ipynb"


def course(sources: Path = SOURCES, notebooks: Path = NOTEBOOKS) -> list[Lesson]:
    """All lessons of the course table, those included that are not written yet."""
    fields = ("number", "slug", "title", "minutes", "exercise_minutes")
    table = tomllib.loads((sources / "course.toml").read_text(encoding="utf-8"))["lesson"]
    return [Lesson(**{k: row[k] for k in fields if k in row}, sources=sources, notebooks=notebooks) for row in table]


def written(lessons: list[Lesson]) -> list[Lesson]:
    """Those of `lessons` whose source exists."""
    return [lesson for lesson in lessons if lesson.source.exists()]


def strays(lessons: list[Lesson]) -> list[Path]:
    """Sources without a row in the course table, and notebooks without a source."""
    sources, notebooks = lessons[0].sources, lessons[0].notebooks
    known = {lesson.source for lesson in lessons}
    built = {lesson.notebook for lesson in written(lessons)}
    return sorted(set(sources.glob("[0-9]*.py")) - known) + sorted(set(notebooks.glob("*.ipynb")) - built)


def read(lesson: Lesson) -> Notebook:
    """The lesson's notebook as its source defines it: no outputs, fixed ids, metadata from tags."""
    notebook = jupytext.read(lesson.source, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            # What a kernel would report, less its versions: those would differ from one author to the next.
            "language_info": {
                "name": "python",
                "file_extension": ".py",
                "mimetype": "text/x-python",
                "pygments_lexer": "ipython3",
                "codemirror_mode": {"name": "ipython", "version": 3},
                "nbconvert_exporter": "python",
            },
        }
    )
    for position, cell in enumerate(notebook.cells, start=1):
        cell.id = f"{lesson.number}-{position:03d}"
        if "deeper" in tags(cell) and heading(cell):
            cell.metadata["jp-MarkdownHeadingCollapsed"] = True
        if "hide-source" in tags(cell):
            cell.metadata["jupyter"] = {"source_hidden": True}
    return notebook


def tags(cell: Notebook) -> list[str]:
    """The cell's tags, in their order."""
    return list(cell.metadata.get("tags", []))


def heading(cell: Notebook) -> tuple[int, str] | None:
    """(level, text) of the heading that a Markdown cell begins with, or None."""
    if cell.cell_type != "markdown" or not cell.source.strip():
        return None
    found = HEADING.match(cell.source.strip().splitlines()[0])
    return (len(found[1]), found[2]) if found else None


def difference(lesson: Lesson) -> str | None:
    """What first differs between a lesson and its notebook (cell type, source, tags, mirror), or None."""
    remedy = f"run: python tools/build_notebooks.py {lesson.number}"
    if not lesson.notebook.exists():
        return f"{lesson.name}: there is no notebook; {remedy}"
    source = read(lesson).cells
    notebook = nbformat.read(lesson.notebook, as_version=4).cells
    for written_cell, built_cell in zip(source, notebook, strict=False):
        for what, pick in COMPARED.items():
            if pick(written_cell) != pick(built_cell):
                return (
                    f"{lesson.name}, cell {written_cell.id}: {what} differs\n"
                    f"  lesson:   {pick(written_cell)!r}\n  notebook: {pick(built_cell)!r}\n{remedy}"
                )
    if len(source) != len(notebook):
        first = f"{lesson.number}-{min(len(source), len(notebook)) + 1:03d}"
        return (
            f"{lesson.name}, cell {first}: {len(source)} cells in the lesson, {len(notebook)} in the notebook; {remedy}"
        )
    return None


COMPARED = {
    "cell type": lambda cell: cell.cell_type,
    "source": lambda cell: cell.source,
    "tags": tags,
    "mirror": lambda cell: cell.metadata.get("mirror"),
}
