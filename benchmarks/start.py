"""How soon something can be seen: imports, the first picture of each lesson, and "Run all".

    python benchmarks/start.py [--runs 15] [--lessons 00 03] [--no-run-all] [--quick]

Imports are timed in fresh processes, in turn; Python's own start is not counted. A lesson runs in a kernel of its own,
in the environment of `make notebooks`; its time begins before the kernel's start. The first picture is that of the
first cell that shows one, in an HTML or a widget of it.
"""

from __future__ import annotations

import argparse
import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import report
from rounds import in_turn, median_of, ratio_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from build_notebooks import chosen
from lesson_run import run
from lesson_source import Lesson, course

IMPORTS = ("import torch", "import vitcourse", "from vitcourse import *")
LIMIT = 1.15  # times `import torch`
ALL_LIMIT = 360  # seconds, all lessons together


def seconds_of(statement: str) -> float:
    """The time of one statement in a fresh Python."""
    code = f"import time; began = time.perf_counter(); exec({statement!r}); print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def imports(runs: int) -> tuple[list[list[Any]], dict[str, list[float]]]:
    """Rows of the table, and all times."""
    times = in_turn({statement: lambda s=statement: seconds_of(s) for statement in IMPORTS}, runs, warm_up=1)
    torch = times["import torch"]
    rows = [
        [f"`{s}`", f"{median_of(t).text()} s", "" if t is torch else f"{ratio_of(t, torch).text()}, at most {LIMIT}"]
        for s, t in times.items()
    ]
    return rows, times


def until_picture(notebook: Any) -> Any:
    """The notebook up to the first cell that shows a picture, as its committed outputs tell."""
    shown = ("image/png", "text/html", "application/vnd.jupyter.widget-view+json")
    cells = enumerate(notebook.cells)
    last = next(i for i, c in cells if any(kind in o.get("data", {}) for o in c.get("outputs", []) for kind in shown))
    short = copy.deepcopy(notebook)
    short.cells = short.cells[: last + 1]
    return short


def lesson_times(lesson: Lesson, whole: bool) -> tuple[float, float | None]:
    """Seconds to the first picture and to the end."""
    notebook = nbformat.read(lesson.notebook, as_version=4)
    first = run(until_picture(notebook), name=lesson.name).seconds
    return first, run(copy.deepcopy(notebook), name=lesson.name).seconds if whole else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="of each import")
    parser.add_argument("--lessons", nargs="*", default=[], metavar="NN", help="all where none is given")
    parser.add_argument("--no-run-all", action="store_true", help="the first pictures alone")
    parser.add_argument("--quick", action="store_true", help="one import of each and lesson 00's first picture")
    options = parser.parse_args()
    rows, times = imports(2 if options.quick else options.runs)
    whole = not (options.no_run_all or options.quick)
    data: dict[str, Any] = dict(imports=times, lessons={})
    for lesson in chosen(["00"] if options.quick else options.lessons, course()):
        first, last = lesson_times(lesson, whole)
        data["lessons"][lesson.number] = dict(first_picture=first, run_all=last)
        rows.append([f"lesson {lesson.number}, first picture", f"{first:.1f} s", ""])
        if last is not None:
            rows.append([f"lesson {lesson.number}, run all", f"{last:.0f} s", ""])
        print(*rows[-1], flush=True)
    if whole and not options.lessons:
        total = sum(times["run_all"] for times in data["lessons"].values())
        rows.append(["all lessons, run all", f"{total:.0f} s", f"at most {ALL_LIMIT} s"])
    note = f"Imports: medians of {options.runs} fresh processes; ratios to `import torch`; 95 % intervals."
    report.write("start", ["what", "time", "against"], rows, data, note=note, quick=options.quick)


if __name__ == "__main__":
    main()
