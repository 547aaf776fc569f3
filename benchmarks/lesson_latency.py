"""How long every control of every lesson takes from a key press to the new picture, in a real JupyterLab.

    python benchmarks/lesson_latency.py [--lessons 03,06] [--moves 30] [--out lesson_latency.json]

Runs each lesson in its browser, then moves each slider, choice, switch, button and picture of every `live` view by
keyboard. Prints a table by lesson and control (milliseconds; median and 95th percentile) and writes JSON. A key that
leaves the picture as it is counts as no move; "-" stands for a control whose keys brought too few pictures to tell.
Views in which something trains or is timed (`job`) are left out. Wants a machine that is otherwise quiet: the
load before the run is printed and written too.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from key_to_frame import LIMIT, SETTLE, WARM_UP, heading, press, summed_up, watch, write
from lab import REPO, Lab, Notebook, find_chromium, running_browser, running_lab

VIEW = "application/vnd.jupyter.widget-view+json"
SECONDS = 600  # for a lesson to run to its end
PATIENCE = 1500  # ms, after which a key has brought no picture
ENOUGH = 10  # moves, to tell anything

Turn = Callable[[], str]  # puts the focus where the next key belongs, and names the key

NAME = """(element) => (element.closest("label") ?? element.closest(".widget-inline-hbox")?.querySelector("label")
    ?? element).innerText.trim().split("\\n")[0]"""
ENDS = '(handle) => ["valuemin", "valuenow", "valuemax"].map((name) => +handle.getAttribute(`aria-${name}`))'


def slider(handle: Any) -> Turn:
    """To and fro between its ends."""
    step = {"key": "ArrowRight"}

    def turn() -> str:
        low, now, high = handle.evaluate(ENDS)
        if now >= high or now <= low:
            step["key"] = "ArrowLeft" if now >= high else "ArrowRight"
        handle.focus()
        return step["key"]

    return turn


def choice(group: Any) -> Turn:
    """From button to button."""
    buttons = cycle(group.query_selector_all("button"))

    def turn() -> str:
        button = next(buttons)
        if "mod-active" in button.get_attribute("class"):
            button = next(buttons)
        button.focus()
        return "Enter"

    return turn


def listed(chosen: Any) -> Turn:
    """Down to the last entry, up to the first."""
    count = chosen.evaluate("(list) => list.options.length")
    keys = cycle(["ArrowDown"] * (count - 1) + ["ArrowUp"] * (count - 1))
    return focused(chosen, keys)


def focused(element: Any, keys: Iterator[str]) -> Turn:
    def turn() -> str:
        element.focus()
        return next(keys)

    return turn


def controls(view: Any) -> Iterator[tuple[str, Turn]]:
    """Every control of a view: what it is called, and how it is moved by keyboard."""
    for group in view.query_selector_all(".widget-toggle-buttons"):
        if len(group.query_selector_all("button")) > 1:
            yield group.evaluate(NAME), choice(group)
    for handle in view.query_selector_all(".noUi-handle"):
        low, _, high = handle.evaluate(ENDS)
        if low < high:
            yield handle.evaluate(NAME), slider(handle)
    for chosen in view.query_selector_all("select"):
        yield chosen.evaluate(NAME), listed(chosen)
    for box in view.query_selector_all("input[type=checkbox]"):
        yield box.evaluate(NAME), focused(box, cycle([" "]))
    for button in view.query_selector_all(".widget-button:not(.widget-play *):not(.widget-toggle-buttons *)"):
        yield button.evaluate(NAME), focused(button, cycle(["Enter"]))
    for card in view.query_selector_all(".vitcourse-card[tabindex]"):
        # A closed walk: from any cell that has two to its right and two below it each step leads to another one.
        walk = ("Right", "Down", "Right", "Down", "Left", "Up", "Left", "Up")
        yield "picture", focused(card, cycle([f"Arrow{way}" for way in walk]))


def times_of(page: Any, turn: Turn, moves: int) -> list[float]:
    """Milliseconds of so many moves that brought a new picture; fewer where most keys bring none."""
    times: list[float] = []
    for _ in range(2 * (moves + WARM_UP)):
        taken = press(page, turn(), timeout=PATIENCE)
        if taken is not None:
            times.append(taken)
        if len(times) == moves + WARM_UP:
            break
    return times[WARM_UP:]


def measure(browser: Any, lab: Lab, name: str, moves: int) -> Iterator[dict[str, Any]]:
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    notebook = Notebook(page, lab, name)
    notebook.open()
    notebook.run_all(SECONDS)
    if failed := notebook.errors():
        raise RuntimeError(f"{name} failed: {failed[0]}")
    notebook.unfold()
    for number in notebook.cells_with(VIEW):
        notebook.look_at(number)
        page.wait_for_timeout(SETTLE)
        node = page.evaluate_handle("(number) => window.notebookPanel.content.widgets[number].outputArea.node", number)
        for view in node.as_element().query_selector_all(".vitcourse-live"):
            watch(view)
            picture = view.query_selector(".vitcourse-card canvas").get_attribute("aria-label")
            for control, turn in controls(view):
                times = times_of(page, turn, moves)
                row = {"lesson": name[:2], "cell": number, "picture": picture, "control": control}
                yield row | (summed_up(times) if len(times) >= min(moves, ENOUGH) else {"moves": len(times)})
    notebook.close()
    page.close()


def shown(row: dict[str, Any]) -> str:
    picture = row["picture"] if len(row["picture"]) <= 48 else row["picture"][:47] + "…"
    numbers = [f"{row[key]:.0f}" if key in row else "-" for key in ("median_ms", "p95_ms")]
    return f"| {row['lesson']} | {picture} | {row['control']} | {row['moves']} | " + " | ".join(numbers) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lessons", default="", help="numbers with commas between them; all unless given")
    parser.add_argument("--moves", type=int, default=30, help="of each control")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("lesson_latency.json"))
    options = parser.parse_args()
    if find_chromium() is None:
        print("no Chromium or Chrome found: install one to measure in it")
        return 1
    wanted = [number.strip() for number in options.lessons.split(",") if number.strip()]
    notebooks = {path.name[:2]: path for path in sorted((REPO / "notebooks").glob("*.ipynb"))}
    for number in wanted:
        if number not in notebooks:
            print(f"--lessons: there is no lesson {number!r}; there are {', '.join(notebooks)}")
            return 1
    load = os.getloadavg()[0]
    print(heading(load))
    print("| lesson | picture | control | moves | median ms | p95 ms |\n|---|---|---|---|---|---|")
    rows = []
    with tempfile.TemporaryDirectory() as directory, running_lab(pathlib.Path(directory)) as lab:
        for number in wanted or notebooks:
            shutil.copy(notebooks[number], lab.root)
            with running_browser() as browser:
                for row in measure(browser, lab, notebooks[number].name, max(options.moves, 1)):
                    print(shown(row), flush=True)
                    rows.append(row)
                    write(options.out, load, rows)
    return 0 if all(row.get("p95_ms", 0) <= LIMIT for row in rows) else 2


if __name__ == "__main__":
    raise SystemExit(main())
