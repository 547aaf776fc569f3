"""How long from a key press on a slider to the new picture on the screen, in a real JupyterLab.

    python benchmarks/slider_latency.py [--moves 40] [--out slider_latency.json]

Each case is a picture of the kinds that lessons use. For every move: the time of the browser's keydown event,
until the frame in which the new picture stands; and the time that the kernel took to change and to draw it.
Prints a table (milliseconds; median and 95th percentile) and writes JSON. Wants a machine that is otherwise
quiet: the load before the run is printed and written too.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import tempfile
from typing import Any

from key_to_frame import LIMIT, WARM_UP, heading, press, summed_up, watch, write
from lab import Notebook, find_chromium, running_browser, running_lab  # key_to_frame knows where it lies

SETUP = """
import numpy as np
from sklearn.datasets import load_sample_image
from vitcourse.widgets import live, slider, choices
photo = load_sample_image("china.jpg")[:224, 200:424]
random = np.random.default_rng(0)
"""

CASES = {
    "photograph and grid, 400 x 400": """
@live(alt="A photograph under a grid.", size=(400, 400), lines=slider(2, 60))
def case(figure):
    axes = figure.subplots()
    axes.imshow(photo)
    axes.set_axis_off()
    grid = axes.vlines([], 0, 223, color="white", lw=0.8)
    def update(lines):
        grid.set_segments([[(x, 0), (x, 223)] for x in np.linspace(0, 223, lines)])
    return update
case""",
    "map over a photograph, 400 x 400": """
maps = random.random((61, 14, 14))
@live(alt="A map over a photograph.", size=(400, 400), layer=slider(0, 60))
def case(figure):
    axes = figure.subplots()
    axes.imshow(photo)
    axes.set_axis_off()
    over = axes.imshow(maps[0], extent=(0, 224, 224, 0), alpha=0.5, vmin=0, vmax=1)
    def update(layer):
        over.set_data(maps[layer])
    return update
case""",
    "curve with axes and legend, 640 x 400": """
x = np.linspace(0, 10, 300)
@live(alt="A curve.", frequency=slider(1, 60))
def case(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(-1.1, 1.1), xlabel="position", ylabel="value")
    axes.plot(x, np.cos(x), label="fixed")
    line, = axes.plot(x, np.sin(x), label="moved")
    axes.legend(loc="upper right")
    def update(frequency):
        line.set_ydata(np.sin(x * frequency / 8))
    return update
case""",
    "photograph, bars and text, 760 x 380": """
@live(alt="A photograph beside bars.", size=(760, 380), patch=slider(0, 60))
def case(figure):
    left, right = figure.subplots(1, 2)
    left.imshow(photo)
    left.set_axis_off()
    box, = left.plot([0, 28, 28, 0, 0], [0, 0, 28, 28, 0], color="tab:orange")
    bars = right.bar(range(10), np.ones(10))
    right.set(ylim=(0, 1), xticks=range(10), xlabel="class", ylabel="probability", title="prediction")
    def update(patch):
        row, column = divmod(patch, 8)
        box.set_data(28 * column + np.array([0, 28, 28, 0, 0]), 28 * row + np.array([0, 0, 28, 28, 0]))
        for bar, height in zip(bars, np.random.default_rng(patch).random(10)):
            bar.set_height(height)
        return f"patch {patch}"
    return update
case""",
    "4 x 3 small maps, 640 x 480": """
grids = random.random((61, 12, 7, 7))
@live(alt="Twelve small maps.", size=(640, 480), step=slider(0, 60))
def case(figure):
    images = []
    for head, axes in enumerate(figure.subplots(3, 4).flat):
        images.append(axes.imshow(grids[0, head], vmin=0, vmax=1))
        axes.set(xticks=[], yticks=[], title=f"head {head}")
    def update(step):
        for image, grid in zip(images, grids[step]):
            image.set_data(grid)
    return update
case""",
}

KERNEL_TIME = """
import time, statistics
spent = []
for value in range(5, 35):
    start = time.perf_counter()
    case.update(**{next(iter(case.values)): value})
    spent.append((time.perf_counter() - start) * 1e3)
print(statistics.median(spent), sorted(spent)[-2], len(case.png))
"""


def measure(browser: Any, moves: int) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as directory, running_lab(pathlib.Path(directory)) as lab:
        for number, (name, source) in enumerate(CASES.items()):
            file = f"case{number}.ipynb"
            lab.write(file, [SETUP, source])
            page = browser.new_page(viewport={"width": 1300, "height": 1000})
            notebook = Notebook(page, lab, file)
            notebook.open()
            notebook.run_all()
            page.wait_for_selector(".vitcourse-card canvas[data-frame]")
            page.focus(".vitcourse-controls .noUi-handle")
            watch(page.query_selector(".vitcourse-live"))
            keys = ["ArrowRight" if move % 50 < 40 else "ArrowLeft" for move in range(moves + WARM_UP)]
            times = [press(page, key) for key in keys][WARM_UP:]
            if None in times:
                raise RuntimeError(f"{name}: a key press brought no new picture within 10 s")
            kernel = [float(part) for part in notebook.python(KERNEL_TIME).split()]
            inside = {"kernel_median_ms": kernel[0], "kernel_p95_ms": kernel[1], "png_kb": kernel[2] / 1000}
            rows.append({"case": name, **summed_up(times), **inside})
            notebook.close()
            page.close()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("slider_latency.json"))
    options = parser.parse_args()
    if find_chromium() is None:
        print("no Chromium or Chrome found: install one to measure in it")
        return 1
    load = os.getloadavg()[0]
    with running_browser() as browser:
        rows = measure(browser, max(options.moves, 30))
    print(heading(load))
    print("| picture | median ms | p95 ms | in the kernel: median ms | p95 ms | PNG kB |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        numbers = ("median_ms", "p95_ms", "kernel_median_ms", "kernel_p95_ms", "png_kb")
        print(f"| {row['case']} | " + " | ".join(f"{row[key]:.0f}" for key in numbers) + " |")
    write(options.out, load, rows)
    return 0 if all(row["p95_ms"] <= LIMIT for row in rows) else 2


if __name__ == "__main__":
    raise SystemExit(main())
