"""Moving every control of a cell in the browser, by keyboard where it has one, and watching what its picture does."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

# What a learner sees of a live view: which picture is drawn, and the line below it. What a control says of itself, such
# as a slider's number, does not count.
SEEN = """(view) => [...view.querySelectorAll(".vitcourse-figure")].map((figure) =>
    [figure.querySelector(".vitcourse-card canvas").dataset.frame, figure.innerText])"""
NEXT = "(list) => (list.selectedIndex + 1) % list.options.length"
SECONDS = 6.0

Move = tuple[str, Callable[[], None]]


def views(notebook: Any, number: int, kind: str) -> list[Any]:
    """The views of a class (`vitcourse-live`, `vitcourse-job`) in the output of one cell."""
    node = notebook.page.evaluate_handle(
        "(number) => window.notebookPanel.content.widgets[number].outputArea.node", number
    )
    return node.as_element().query_selector_all(f".{kind}")


def moves(page: Any, view: Any) -> Iterator[Move]:
    """Every control of a view: what it is, and a function that moves it to another value."""

    def press(element: Any, keys: list[str]) -> Callable[[], None]:
        turns = iter(keys * 2)

        def once() -> None:
            element.focus()
            page.keyboard.press(next(turns))

        return once

    for group in view.query_selector_all(".widget-toggle-buttons"):
        others = iter(group.query_selector_all("button:not(.mod-active)"))
        yield "buttons", lambda others=others: _click(next(others, None))
    for handle in view.query_selector_all(".noUi-handle"):
        yield "slider", press(handle, ["ArrowRight", "ArrowLeft"])
    for chosen in view.query_selector_all("select"):
        # A list that is open is drawn by the system, out of reach of the page's keyboard.
        yield "list", lambda chosen=chosen: chosen.select_option(index=chosen.evaluate(NEXT))
    for box in view.query_selector_all("input[type=checkbox], .widget-button:not(.widget-play *)"):
        yield "toggle or button", lambda box=box: _click(box)
    for card in view.query_selector_all(".vitcourse-card[tabindex]"):
        yield "picture", press(card, ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"])
    for pad in view.query_selector_all(".vitcourse-pad"):
        yield "clear", lambda pad=pad: pad.query_selector("button:text-is('Clear')").click()
        yield "sheet", lambda pad=pad: _draw(page, pad)
        for start in pad.query_selector_all(".vitcourse-pad-start, button:text-is('Back to the start')"):
            yield "start", lambda start=start: start.click()


def _draw(page: Any, pad: Any) -> None:
    """A line down the middle by keyboard, on a sheet that was blank or is not."""
    pad.query_selector(".vitcourse-pad-board").focus()
    for key in ("Space", *["ArrowDown"] * 6, "Space"):
        page.keyboard.press(key)


def _click(element: Any) -> None:
    if element is not None:
        element.click()


def without_effect(page: Any, view: Any) -> list[str]:
    """Controls that changed nothing, neither at first nor after the others had been moved."""
    waiting = list(moves(page, view))
    for _ in range(4):
        waiting = [(name, move) for name, move in waiting if not changes(view, move)]
        if not waiting:
            break
    return [name for name, _ in waiting]


def changes(view: Any, move: Callable[[], None]) -> bool:
    before = view.evaluate(SEEN)
    move()
    return until(lambda: view.evaluate(SEEN) != before)


def until(done: Callable[[], Any]) -> bool:
    """Whether it becomes true within a moment."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return False


def run_job(view: Any, seconds: float = 60) -> str:
    """Starts a job by its button, stops it after its first step, and gives what it then shows."""
    start, stop = view.query_selector_all("button.jupyter-button:not(.widget-toggle-button)")[:2]
    before = view.inner_text()
    start.click()
    _until(lambda: stop.is_enabled() or view.inner_text() != before, seconds)
    _until(lambda: start.is_enabled() or re.search(r"step [1-9]", view.inner_text()), seconds)
    if stop.is_enabled():
        stop.click()
    _until(start.is_enabled, seconds)
    return " ".join(view.inner_text().split())


def _until(done: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s")
        time.sleep(0.1)
