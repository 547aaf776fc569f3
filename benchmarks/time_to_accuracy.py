"""How long a ViT trains on MNIST until 98 % and 99 % of the test images are right, recipe by recipe.

python benchmarks/time_to_accuracy.py            anew, on this machine: about an hour and a half
python benchmarks/time_to_accuracy.py --table    from the table that comes with the course (`make claims`)

The recipes are those of vitcourse/training/recipes.py, five seeds each; the plain loop of tutorials
(vitcourse/experiments/textbook_loop.py) runs once, all ten epochs. Only training counts; the test images are looked at
four times a pass, beside the clock. A mark counts as reached when the whole run, at its own length, stands above it in
the end: the time is that of the first look above the mark.
"""

from __future__ import annotations

import argparse
import math
from statistics import median
from typing import Any

import report

from vitcourse.data import load
from vitcourse.experiments import experiment
from vitcourse.experiments.recipes import PLAIN
from vitcourse.experiments.runner import run
from vitcourse.experiments.tables import TABLES, Table

MARKS = (0.98, 0.99)

Run = list[tuple[float, float]]  # for each look: seconds of training so far, share of the test images that is right


def time_to(mark: float, looks: Run) -> float:
    """Seconds to the first look at or above the mark; infinity where the run does not end there."""
    return next(at for at, right in looks if right >= mark) if looks[-1][1] >= mark else math.inf


def summary(runs: list[Run]) -> list[str]:
    """Accuracy, seconds of the whole run, and to each mark: medians, with the least and the most."""
    ends = [100 * looks[-1][1] for looks in runs]
    values = [f"{median(ends):.2f} %{_range(ends, '.2f')}", f"{median(looks[-1][0] for looks in runs):.1f} s"]
    for mark in MARKS:
        times = [time_to(mark, looks) for looks in runs]
        if math.isfinite(median(times)):
            values.append(f"{median(times):.1f} s{_range(times, '.1f')}")
        else:
            values.append(f"more than {median(looks[-1][0] for looks in runs):.1f} s")
        if 0 < (reached := sum(map(math.isfinite, times))) < len(runs):
            values[-1] += f"; {reached} of {len(runs)} runs"
    return values


def _range(values: list[float], form: str) -> str:
    """Such as " (1.0 to 2.0)"; nothing for one value alone."""
    known = [value for value in values if math.isfinite(value)]
    return f" ({min(known):{form}} to {max(known):{form}})" if len(known) > 1 else ""


def runs_of(table: Table) -> dict[str, list[Run]]:
    """The looks of each run, by recipe."""
    found: dict[tuple[str, str], Run] = {}
    for row in table.rows:
        found.setdefault((row["recipe"], row["seed"]), []).append((float(row["trained"]), float(row["accuracy"])))
    runs: dict[str, list[Run]] = {}
    for (name, _), looks in found.items():
        runs.setdefault(name, []).append(looks)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="measure nothing: what the course's own table says")
    parser.add_argument("--quick", action="store_true", help="a few hundred images, to see that it runs")
    options = parser.parse_args()
    recipes, data = experiment("recipes"), load("mnist")
    if data.name != "mnist" and not options.table:
        raise SystemExit(f"this benchmark needs MNIST: {data.note}")
    folder = TABLES if options.table else report.directory() / ("quick/runs" if options.quick else "runs")
    if not options.table:
        for name, config, figures, _ in run([recipes], quick=options.quick, directory=folder):
            print(name, config, figures[-1], flush=True)
    runs = runs_of(Table(recipes, folder))
    header: list[Any] = ["recipe", "test accuracy", "training", *(f"to {mark:.0%}" for mark in MARKS)]
    rows = [[name, *summary(of)] for name, of in runs.items()]
    note = f"Medians of the seeds, with the least and the most; the {PLAIN} of 1.8 million parameters ran once."
    report.write("time_to_accuracy", header, rows, dict(runs=runs), note=note, quick=options.quick)


if __name__ == "__main__":
    main()
