"""How long a ViT trains on MNIST until 98 % and 99 % of the test images are right, recipe by recipe.

python benchmarks/time_to_accuracy.py [--seeds 5] [--recipes "fast" "99 %"] [--plain]

The recipes are those of vitcourse/training/recipes.py. Only training counts; the test images are looked at four times a
pass, beside the clock. A mark counts as reached when the whole run, at its own length, stands above it in the end: the
time is that of the first look above the mark. With --plain the loop of benchmarks/textbook_loop.py runs after them,
once, all ten epochs.
"""

from __future__ import annotations

import argparse
import math
from statistics import median

import report
import textbook_loop

from vitcourse.data import Dataset, load
from vitcourse.training import evaluate, fit
from vitcourse.training.recipes import RECIPES, Recipe

MARKS = (0.98, 0.99)
LOOKS = 4  # a pass


def timed_run(recipe: Recipe, data: Dataset, seed: int) -> dict[str, float]:
    """Seconds of training to each mark (infinity where it is not reached), seconds of all, final accuracy."""
    model = recipe.model(seed)
    batches = recipe.batches(data.train, seed)
    every = max(1, len(batches) // LOOKS)
    looks: list[tuple[float, float]] = []
    for now in fit(model, batches, **recipe.settings(seed)):
        if now.step % every == 0 or now.step == now.total_steps:
            looks.append((now.seconds, evaluate(model, data.test).accuracy))
    seconds, accuracy = looks[-1]
    row: dict[str, float] = dict(seed=seed, seconds=seconds, accuracy=accuracy)
    for mark in MARKS:
        first = next((at for at, right in looks if right >= mark), math.inf)
        row[f"{mark:.0%}"] = first if accuracy >= mark else math.inf
    return row


def summary(rows: list[dict[str, float]]) -> list[str]:
    """Accuracy, seconds of the whole run, and to each mark: medians, with the least and the most."""
    values = [f"{median(r['accuracy'] for r in rows):.2%} ({_range([100 * r['accuracy'] for r in rows], '.2f')})"]
    values += [f"{median(r['seconds'] for r in rows):.1f} s"]
    for mark in MARKS:
        times = [row[f"{mark:.0%}"] for row in rows]
        reached = sum(math.isfinite(time) for time in times)
        middle = median(times)
        text = f"{middle:.1f} s ({_range(times, '.1f')})" if math.isfinite(middle) else "not reached"
        values.append(f"{text}, {reached} of {len(rows)} runs")
    return values


def _range(values: list[float], form: str) -> str:
    known = [value for value in values if math.isfinite(value)]
    return f"{min(known):{form}} to {max(known):{form}}" if known else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--recipes", nargs="*", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--plain", action="store_true", help="the textbook's loop too: over half an hour")
    parser.add_argument("--quick", action="store_true", help="a few hundred images, to see that it runs")
    options = parser.parse_args()
    data = load("mnist")
    if data.name != "mnist" and not options.quick:
        raise SystemExit(f"this benchmark needs MNIST: {data.note}")
    if options.quick:
        data = Dataset(data.name, data.train[:256], data.test[:100], data.class_names, data.note)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in options.recipes}
    for seed in range(1 if options.quick else options.seeds):  # recipes take turns, so that a slow minute hits all
        for name in options.recipes:
            runs[name].append(timed_run(RECIPES[name], data, seed))
            print(name, runs[name][-1], flush=True)
    rows = [[name, *summary(of)] for name, of in runs.items()]
    plain = []
    if options.plain:
        plain = textbook_loop.train(1 if options.quick else 10, images=256 if options.quick else None)
        marks = [next((f"{r['seconds']:.0f} s" for r in plain if r["accuracy"] >= m), "not reached") for m in MARKS]
        rows.append(["plain loop, 1.8 M", f"{plain[-1]['accuracy']:.2%}", f"{plain[-1]['seconds']:.0f} s", *marks])
    report.write(
        "time_to_accuracy",
        ["recipe", "test accuracy", "training", *(f"to {mark:.0%}" for mark in MARKS)],
        rows,
        dict(runs=runs, plain=plain),
        quick=options.quick,
    )


if __name__ == "__main__":
    main()
