"""The learner's copies of the lessons: laid out once without outputs, never overwritten, fresh again on request."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vitcourse.files import write_whole


class WorkspaceError(ValueError):
    """What went wrong and what would be valid, in one line for the learner."""


@dataclass(frozen=True)
class Lesson:
    """One row of `lessons/course.toml`."""

    number: str
    slug: str
    title: str

    @property
    def name(self) -> str:
        return f"{self.number}_{self.slug}"

    @property
    def file_name(self) -> str:
        return f"{self.name}.ipynb"


def course_root(start: Path | None = None) -> Path:
    """The folder of the course: the one this package was installed from, else ``start`` (default: here) or above."""
    here = (start or Path.cwd()).resolve()
    for folder in (Path(__file__).resolve().parents[2], here, *here.parents):
        if (folder / "lessons/course.toml").is_file():
            return folder
    raise WorkspaceError(f"no lessons found in {here} or above; go to the folder of the course and repeat the command")


def course_lessons(root: Path) -> list[Lesson]:
    """The lessons of the course table that have a notebook; the others are not written yet."""
    table = tomllib.loads((root / "lessons/course.toml").read_text(encoding="utf-8"))["lesson"]
    rows = [Lesson(row["number"], row["slug"], row["title"]) for row in table]
    return [lesson for lesson in rows if (root / "notebooks" / lesson.file_name).is_file()]


def without_outputs(notebook: dict[str, Any]) -> dict[str, Any]:
    """A copy of a notebook as it is before anybody ran it: no outputs, no counts, no times, no stored widgets."""
    cells = []
    for original in notebook["cells"]:
        cell = dict(original)
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
            cell["metadata"] = {key: value for key, value in cell["metadata"].items() if key != "execution"}
        cells.append(cell)
    metadata = {key: value for key, value in notebook["metadata"].items() if key != "widgets"}
    return notebook | {"cells": cells, "metadata": metadata}


def fresh_text(root: Path, lesson: Lesson) -> str:
    path = root / "notebooks" / lesson.file_name
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        return json.dumps(without_outputs(notebook), indent=1, ensure_ascii=False) + "\n"
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(f"{path} cannot be read ({error}); mend it with: git checkout -- {path}") from error


def lay_out(root: Path) -> list[Path]:
    """Copy each lesson without outputs into ``root/work``, where no file of its name is; return the new files."""
    work = root / "work"
    work.mkdir(exist_ok=True)
    new = []
    for lesson in course_lessons(root):
        target = work / lesson.file_name
        if not os.path.lexists(target):
            write_whole(target, fresh_text(root, lesson))
            new.append(target)
    return new


def find_lesson(root: Path, name: str) -> Lesson:
    """The lesson meant by ``name``: "03", "3", "encoder_block", "03_encoder_block", with or without ".ipynb"."""
    lessons = course_lessons(root)
    wanted = Path(name).name.removesuffix(".ipynb")
    for lesson in lessons:
        if wanted in (lesson.name, lesson.slug) or (wanted.isdecimal() and wanted.zfill(2) == lesson.number):
            return lesson
    valid = ", ".join(lesson.number for lesson in lessons) or "none: notebooks/ is empty"
    raise WorkspaceError(f"lesson={name!r} is not in the course; valid: {valid}")


def reset(root: Path, name: str, now: datetime | None = None) -> tuple[Path, Path | None]:
    """Bring a fresh copy of a lesson; return its path and the name under which an earlier copy is kept, if any."""
    lesson = find_lesson(root, name)
    text = fresh_text(root, lesson)  # before anything is moved: a broken source must not cost the learner's copy
    target = root / "work" / lesson.file_name
    target.parent.mkdir(exist_ok=True)
    kept = None
    if os.path.lexists(target):
        kept = _free_name(target, now or datetime.now())
        # A second name first: should writing fail, the learner's file is still where it was.
        _keep(target, kept)
    write_whole(target, text)
    return target, kept


def _free_name(path: Path, now: datetime) -> Path:
    stem = f"{path.stem}.{now:%Y-%m-%d-%H%M}"
    candidates = [f"{stem}{path.suffix}", *(f"{stem}-{number}{path.suffix}" for number in range(2, 1000))]
    for candidate in candidates:
        if not os.path.lexists(path.with_name(candidate)):
            return path.with_name(candidate)
    raise WorkspaceError(f"there are 999 copies named {stem}; remove some")


def _keep(path: Path, kept: Path) -> None:
    try:
        os.link(path, kept)
    except OSError:  # a file system without links, or a full one: then a copy that is there wholly or not at all
        write_whole(kept, path.read_text(encoding="utf-8"))
