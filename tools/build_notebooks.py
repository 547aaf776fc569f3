"""Writes notebooks/NN_name.ipynb from lessons/NN_name.py: executed, small, the same bytes for the same lesson.

python tools/build_notebooks.py              all lessons
python tools/build_notebooks.py 03 05        these two
python tools/build_notebooks.py --check      run nothing, compare cell type, source and tags
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from lesson_minutes import core_time
from lesson_outputs import clean, private_paths
from lesson_run import LessonError, Run, run
from lesson_source import NOTEBOOKS, SOURCES, Lesson, Notebook, course, difference, read, strays, written

MAX_BYTES = 500_000
MAX_PEAK_BYTES = 1_500_000_000  # Binder allows 2 GB in all
NBVAL_CELL_SECONDS = 120


def build(lesson: Lesson, *, timeout: int) -> tuple[Run, Notebook, list[str]]:
    """Runs a lesson and writes its notebook; an old one stays whole whatever happens.

    Returns:
        What the run needed, the notebook, and notes for the author.

    Raises:
        LessonError: a cell failed, or the notebook is not fit to be committed; says which cell and why.
    """
    notebook = read(lesson)
    measured = run(notebook, name=lesson.name, timeout=timeout)
    problems, notes = [], []
    private = private_paths(os.environ.get("VITCOURSE_DATA", ""))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            wrong, removed = clean(cell, private)
            problems += [f"{cell.id} {text}" for text in wrong]
            notes += [f"{cell.id} {text}" for text in removed]
    notes += [
        f"{cell} took {seconds:.0f} s; nbval stops a cell at {NBVAL_CELL_SECONDS} s"
        for cell, seconds in measured.cells.items()
        if seconds > NBVAL_CELL_SECONDS
    ]
    notebook.metadata["vitcourse"] = {"core_seconds": _steady(lesson, measured.core_seconds(notebook))}
    text = serialize(notebook)
    if len(text.encode()) > MAX_BYTES:
        problems.append(f"{len(text.encode()) / 1000:.0f} kB, at most {MAX_BYTES // 1000}: {largest_outputs(notebook)}")
    if measured.peak_bytes > MAX_PEAK_BYTES:
        problems.append(f"the kernel took {measured.peak_bytes / 1e9:.2f} GB, at most {MAX_PEAK_BYTES / 1e9:.1f}")
    if problems:
        raise LessonError(f"{lesson.name} cannot be committed:\n  " + "\n  ".join(problems))
    write(lesson.notebook, text)
    return measured, notebook, notes


def serialize(notebook: Notebook) -> str:
    """The notebook as JSON: keys sorted, indent 1, a newline at the end."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def write(path: Path, text: str) -> None:
    """Replaces a file in one step, so that an interrupt leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)  # mkstemp's own mode shuts everybody else out
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def largest_outputs(notebook: Notebook, count: int = 3) -> str:
    """The cells whose outputs weigh most, with their sizes."""
    sizes = {cell.id: len(json.dumps(cell["outputs"])) for cell in notebook.cells if cell.get("outputs")}
    heaviest = sorted(sizes.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{cell} {size / 1000:.0f} kB" for cell, size in heaviest)


def _steady(lesson: Lesson, seconds: float) -> int:
    """`seconds` rounded; the old notebook's figure where that is about as much, for a quiet history."""
    new = round(seconds)
    if lesson.notebook.exists():
        old = nbformat.read(lesson.notebook, as_version=4).metadata.get("vitcourse", {}).get("core_seconds")
        if old is not None and abs(old - new) <= max(2, 0.2 * old):
            return int(old)
    return new


def chosen(numbers: list[str], lessons: list[Lesson]) -> list[Lesson]:
    """Lessons by number, `3` and `03` alike; all that are written where no number is given."""
    if not numbers:
        return written(lessons)
    wanted = {number.zfill(2) for number in numbers}
    there = {lesson.number: lesson for lesson in written(lessons)}
    if missing := sorted(wanted - set(there)):
        raise SystemExit(f"no lesson {', '.join(missing)}; there are: {', '.join(there) or 'none'}")
    return [there[number] for number in sorted(wanted)]


def check(lessons: list[Lesson], everything: list[Lesson]) -> int:
    """Prints where lessons and notebooks differ; 1 if they do."""
    differences = [found for lesson in lessons if (found := difference(lesson))]
    differences += [f"{path.name}: no such lesson in the course" for path in strays(everything)]
    print("\n".join(differences) or f"{len(lessons)} notebooks are as their lessons")
    return 1 if differences else 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the notebooks of the course from its lessons.")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="lesson numbers; all where none is given")
    parser.add_argument("--check", action="store_true", help="run nothing: compare lessons with notebooks")
    parser.add_argument("--timeout", type=int, default=600, help="seconds that one cell may take (600)")
    parser.add_argument("--lessons", type=Path, default=SOURCES, help=argparse.SUPPRESS)
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    everything = course(options.lessons, options.notebooks)
    lessons = chosen(options.numbers, everything)
    if options.check:
        return check(lessons, everything)
    failed = 0
    for lesson in lessons:
        try:
            measured, notebook, notes = build(lesson, timeout=options.timeout)
        except LessonError as error:
            print(error, file=sys.stderr)
            failed += 1
            continue
        size = lesson.notebook.stat().st_size / 1000
        print(
            f"{lesson.name}: {measured.seconds:.1f} s, peak {measured.peak_bytes / 1e6:.0f} MB, {size:.0f} kB, "
            f"{core_time(lesson, notebook)} of {lesson.minutes or 'any'}"
        )
        print("".join(f"  {note}\n" for note in notes), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
