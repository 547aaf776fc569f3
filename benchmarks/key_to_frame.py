"""The time from a key press in a real JupyterLab to the frame in which the new picture stands.

What the benchmarks of latency share: how one move is timed inside the page, and how many of them are summed up.
"""

from __future__ import annotations

import json
import os
import pathlib
import statistics
import sys
from collections.abc import Iterable, Sequence
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "browser"))

LIMIT = 80  # ms, 95th percentile
WARM_UP = 3  # moves that do not count
SETTLE = 150  # ms between a picture and the next key

# From the keydown event until the frame with the new picture is painted. `window.moves` grows by one a picture.
WATCH = """(view) => {
    window.moves = [];
    window.watching?.abort();
    window.watching = new AbortController();
    let pressed = null;
    window.addEventListener("keydown", (event) => { pressed = event.timeStamp; },
        { capture: true, signal: window.watching.signal });
    const observer = new MutationObserver(() => {
        if (pressed === null) return;
        const start = pressed;
        pressed = null;
        // A message posted before a frame is painted is delivered right after it.
        const painted = new MessageChannel();
        painted.port1.onmessage = () => window.moves.push(performance.now() - start);
        requestAnimationFrame(() => painted.port2.postMessage(null));
    });
    for (const card of view.querySelectorAll(".vitcourse-card"))
        observer.observe(card, { attributes: true, attributeFilter: ["data-frame"], subtree: true });
    window.watching.signal.addEventListener("abort", () => observer.disconnect());
}"""


def watch(view: Any) -> None:
    """From now on times the pictures within this element, and no others."""
    view.evaluate(WATCH)


def press(page: Any, key: str, *, timeout: float = 10_000) -> float | None:
    """Presses a key where the focus is: milliseconds to the new picture, or None if none came in time."""
    from playwright.sync_api import TimeoutError as NothingCame

    before = page.evaluate("() => window.moves.length")
    page.keyboard.press(key)
    try:
        page.wait_for_function("(before) => window.moves.length > before", arg=before, timeout=timeout)
    except NothingCame:
        return None
    page.wait_for_timeout(SETTLE)
    return float(page.evaluate("(before) => window.moves[before]", before))


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def summed_up(times: Sequence[float]) -> dict[str, float]:
    """Number of moves, their median and their 95th percentile, in milliseconds."""
    return {"moves": len(times), "median_ms": statistics.median(times), "p95_ms": percentile(times, 0.95)}


def write(path: pathlib.Path, load: float, rows: Sequence[dict[str, Any]]) -> None:
    """The rows as JSON, with the machine's load before the run."""
    path.write_text(json.dumps({"load_before": load, "cores": os.cpu_count(), "rows": rows}, indent=1) + "\n")


def heading(load: float) -> str:
    return f"load before the run: {load:.2f} on {os.cpu_count()} cores; limit {LIMIT} ms at the 95th percentile\n"
