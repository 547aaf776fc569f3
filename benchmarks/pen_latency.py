"""How long from a move of the pen to the prediction and the map on the screen, in lesson 00, in a real JupyterLab.

    python benchmarks/pen_latency.py [--moves 40] [--out pen_latency.json]

Runs the cells of lesson 00 up to the sheet to draw on, with the model that the course ships. First one move of the pen
after another, each when the picture of the last one stands: the time of the browser's pointer event, until the frame
in which the new picture stands. Then a stroke without a pause, a move at each frame of the screen: the time from one
picture to the next. Prints a table (milliseconds; median and 95th percentile) and writes JSON. Wants a machine that is
otherwise quiet: the load before the run is printed and written too.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import nbformat
from key_to_frame import SETTLE, WARM_UP, WATCH, summed_up, write
from lab import REPO, Notebook, find_chromium, running_browser, running_lab

LIMIT = 150  # ms, 95th percentile
LESSON = REPO / "notebooks/00_start.ipynb"
BOARD = ".vitcourse-pad-board"
STROKE_MOVES, STROKE_PAUSE = 160, 16  # ms: a screen's frames

# When each picture of a stroke stood there.
FOLLOW = """(view) => {
    window.pictures = [];
    const painted = new MessageChannel();
    painted.port1.onmessage = () => window.pictures.push(performance.now());
    new MutationObserver(() => requestAnimationFrame(() => painted.port2.postMessage(null))).observe(
        view.querySelector(".vitcourse-card"), { attributes: true, attributeFilter: ["data-frame"], subtree: true });
}"""


def cells_with_the_sheet() -> Any:
    """Lesson 00 up to the first cell that has a sheet to draw on."""
    notebook = nbformat.read(LESSON, as_version=4)
    last = next((i for i, cell in enumerate(notebook.cells) if "drawing(" in cell.source), None)
    if last is None:
        raise SystemExit(f"{LESSON.name} has no sheet to draw on: run `make notebooks LESSONS=00`")
    notebook.cells = notebook.cells[: last + 1]
    return notebook


def places(moves: int) -> Iterator[tuple[float, float]]:
    """Where the pen goes, as fractions of the sheet: to and fro, further down each time. No place comes twice."""
    rows = 7
    columns = moves // rows + 2
    for row in range(rows):
        along = range(columns) if row % 2 == 0 else reversed(range(columns))
        yield from ((0.1 + 0.8 * column / (columns - 1), 0.1 + 0.13 * row) for column in along)


class Pen:
    """The mouse on the sheet of one page."""

    def __init__(self, page: Any, moves: int) -> None:
        self.page, self.places = page, places(moves)
        self.box = page.locator(BOARD).bounding_box()

    def move(self) -> None:
        x, y = next(self.places)
        self.page.mouse.move(self.box["x"] + x * self.box["width"], self.box["y"] + y * self.box["height"])

    def down(self) -> None:
        self.page.get_by_role("button", name="Clear", exact=True).click()
        self.move()
        self.page.mouse.down()
        self.page.wait_for_timeout(500)


def one_at_a_time(page: Any, moves: int) -> list[float]:
    view, pen = page.query_selector(".vitcourse-live"), Pen(page, moves + WARM_UP)
    pen.down()
    view.evaluate(WATCH.replace('"keydown"', '"pointermove"'))
    for move in range(moves + WARM_UP):
        pen.move()
        page.wait_for_function("(count) => window.moves.length > count", arg=move, timeout=10_000)
        page.wait_for_timeout(SETTLE)
    page.mouse.up()
    return page.evaluate("() => window.moves")[WARM_UP:]


def without_a_pause(page: Any) -> list[float]:
    """Milliseconds from picture to picture."""
    pen = Pen(page, STROKE_MOVES)
    pen.down()
    page.query_selector(".vitcourse-live").evaluate(FOLLOW)
    for _ in range(STROKE_MOVES):
        pen.move()
        page.wait_for_timeout(STROKE_PAUSE)
    page.wait_for_timeout(1000)
    page.mouse.up()
    return [after - before for before, after in pairwise(page.evaluate("() => window.pictures"))]


def measure(browser: Any, moves: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as directory, running_lab(pathlib.Path(directory)) as lab:
        lab.put("pen.ipynb", cells_with_the_sheet())
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        notebook = Notebook(page, lab, "pen.ipynb")
        notebook.open()
        notebook.run_all()
        page.wait_for_selector(".vitcourse-card canvas[data-frame]")
        notebook.look_at(page.evaluate("() => window.notebookPanel.content.widgets.length - 1"))
        single, gaps = one_at_a_time(page, moves), without_a_pause(page)
        problems = notebook.errors()
        notebook.close()
        page.close()
    if problems:
        raise SystemExit("\n".join(problems))
    return [
        {"case": "a move of the pen, to its prediction and map", **summed_up(single), "longest_ms": max(single)},
        {"case": "a stroke without a pause, from picture to picture", **summed_up(gaps), "longest_ms": max(gaps)},
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moves", type=int, default=40)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("pen_latency.json"))
    options = parser.parse_args()
    if find_chromium() is None:
        print("no Chromium or Chrome found: install one to measure in it")
        return 1
    load = os.getloadavg()[0]
    with running_browser() as browser:
        rows = measure(browser, max(options.moves, 30))
    print(f"load before the run: {load:.2f} on {os.cpu_count()} cores; limit {LIMIT} ms at the 95th percentile\n")
    print("| lesson 00 | number | median ms | p95 ms | longest ms |")
    print("|---|---|---|---|---|")
    for row in rows:
        numbers = " | ".join(f"{row[key]:.0f}" for key in ("moves", "median_ms", "p95_ms", "longest_ms"))
        print(f"| {row['case']} | {numbers} |")
    write(options.out, load, rows)
    return 0 if all(row["p95_ms"] <= LIMIT for row in rows) else 2


if __name__ == "__main__":
    raise SystemExit(main())
