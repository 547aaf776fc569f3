"""The attention explorer in a real JupyterLab: script per hover, messages, bytes, and what 200 openings leave behind.

    python benchmarks/explorer.py [--hovers 60] [--openings 200] [--out explorer.json]

A hover is a move of the mouse from patch to patch. Its script is the time from the moment at which the page hears of
the move (first listener of the window) until all listeners have run, the small maps of every layer and head included;
"to the frame" is the time until the next picture of the screen is due. Messages are what the page sends over its
WebSockets meanwhile. Prints tables (median and 95th percentile) and writes JSON. Wants a machine that is otherwise
quiet: the load before the run is printed and written too.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "browser"))
from lab import Notebook, find_chromium, running_browser, running_lab

SETUP = """
import gc, ipywidgets
import torch, vitcourse as vc
from ipywidgets import Widget
from vitcourse.widgets import explorer
torch.manual_seed(0)
small = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=48, depth=6, num_heads=3)
large = dict(img_size=224, patch_size=16, in_channels=3, num_classes=10, embed_dim=192, depth=12, num_heads=12)
def case(config, count, **more):
    channels, size = config["in_channels"], config["img_size"]
    model = vc.VisionTransformer(**config)
    return explorer(model, torch.rand(count, channels, size, size), **more)
"""
CASES = {  # name: (cell, milliseconds of script that a hover may take, bytes that may be sent)
    "50 tokens, 6 layers, 3 heads, 8 images": ("shown = case(small, 8); shown", 4, 400_000),
    "the same, rollout": ("shown = case(small, 8, mode='rollout'); shown", 4, 400_000),
    "197 tokens, 12 layers, 12 heads, 1 image": ("shown = case(large, 1); shown", 8, None),
    "197 tokens, 12 layers, 12 heads, rollout": ("shown = case(large, 1, mode='rollout'); shown", 8, None),
    "197 tokens, 12 layers, 12 heads, two models": (
        "a, b = (vc.VisionTransformer(**large) for _ in range(2))\n"
        "shown = explorer({'a': a, 'b': b}, torch.rand(1, 3, 224, 224)); shown",
        None,
        None,
    ),
}
# What stands on the way of a move: the window hears of it before and after everybody else.
WATCH = """() => {
    window.moves = [];
    window.addEventListener("pointermove", (event) => { window.began = performance.now(); }, true);
    window.addEventListener("pointermove", () => {
        const [began, script] = [window.began, performance.now() - window.began];
        requestAnimationFrame(() => setTimeout(() => window.moves.push([script, performance.now() - began])));
    });
}"""
BYTES = """
from vitcourse.widgets.explorer.source import bytes_of
from ipywidgets.widgets.widget import _remove_buffers
import json
state, _, buffers = _remove_buffers({k: v for k, v in shown.get_state().items() if k not in ("_esm", "_css")})
print(sum(memoryview(b).nbytes for b in buffers) + len(json.dumps(state, default=str)),
      len(shown._esm) + len(shown._css))
"""


def spread(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), sorted(values)[int(0.95 * len(values))]


def hover(page: Any, hovers: int, key: str | None = None) -> tuple[list[list[float]], int]:
    """Moves the mouse over the image; gives [script, to the frame] of each hover, and the messages sent meanwhile."""
    box = page.locator(".vitcourse-stage").first.bounding_box()
    page.wait_for_timeout(500)
    page.evaluate(WATCH)
    messages = page.evaluate("() => window.messages")
    if key:
        page.keyboard.down(key)
    for i in range(hovers + 3):  # the first ones warm up
        x = box["x"] + box["width"] * ((0.37 * i) % 0.9 + 0.05)
        y = box["y"] + box["height"] * ((0.23 * i) % 0.9 + 0.05)
        page.mouse.move(x, y)
        page.wait_for_function(f"() => window.moves.length > {i}", timeout=10_000)
        page.wait_for_timeout(30)
    if key:
        page.keyboard.up(key)
    page.wait_for_timeout(500)
    return page.evaluate("() => window.moves")[3:], page.evaluate("() => window.messages") - messages


COUNT_MESSAGES = """() => {
    window.messages = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...data) { window.messages += 1; return send.apply(this, data); };
}"""


def measure(browser: Any, lab: Any, hovers: int) -> list[dict[str, Any]]:
    rows = []
    for number, (name, (source, limit, most)) in enumerate(CASES.items()):
        lab.write(f"case{number}.ipynb", [SETUP, source])
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        page.add_init_script(f"({COUNT_MESSAGES})()")
        notebook = Notebook(page, lab, f"case{number}.ipynb")
        notebook.open()
        notebook.run_all()
        page.locator(".vitcourse-stage").first.scroll_into_view_if_needed()
        page.wait_for_timeout(1000)
        for key in (None, "Shift"):
            times, messages = hover(page, hovers, key)
            script, frame = (spread([time[i] for time in times]) for i in (0, 1))
            data, code = (int(part) for part in notebook.python(BYTES).split())
            rows.append(
                {
                    "case": name + (", who looks at it" if key else ""),
                    "hovers": len(times),
                    "script_median_ms": script[0],
                    "script_p95_ms": script[1],
                    "frame_median_ms": frame[0],
                    "frame_p95_ms": frame[1],
                    "messages": messages,
                    "bytes": data,
                    "code_bytes": code,
                    "limit_ms": limit,
                    "limit_bytes": most,
                    "errors": notebook.errors(),
                }
            )
            page.mouse.move(5, 5)
        notebook.close()
        page.close()
    return rows


def saved_size(browser: Any, lab: Any) -> dict[str, int]:
    """Bytes of a notebook, saved with its explorer and without."""
    sizes = {}
    for name, last in {"without": "None", "with": "shown = case(small, 8); shown"}.items():
        path = lab.write(f"{name}.ipynb", [SETUP, last])
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        notebook = Notebook(page, lab, f"{name}.ipynb")
        notebook.open()
        notebook.run_all()
        page.wait_for_timeout(1500)
        notebook.save()
        sizes[name] = path.stat().st_size
        notebook.close()
        page.close()
    return sizes


OFTEN = {  # what is shown and closed: the explorer, and beside it ipywidgets' own picture of as many bytes
    "explorer": ("shown = case(small, 8)\ndisplay(shown)", "shown.close(); del shown; _ = gc.collect()"),
    "ipywidgets.Image": (
        "shown = ipywidgets.Image(value=bytes(390_000))\ndisplay(shown)",
        "shown.layout.close(); shown.close(); del shown; _ = gc.collect()",
    ),
}


def open_and_close(browser: Any, lab: Any, kind: str, openings: int) -> dict[int, dict[str, int]]:
    """Runs a cell that shows a widget, and closes the widget, again and again; what is left after collections.

    JupyterLab itself keeps something of every cell that runs, and the message that opened a widget; the picture of
    ipywidgets shows how much. `display` keeps the widget out of IPython's history, which would hold on to each.
    """
    name = f"often_{kind}.ipynb"
    lab.write(name, [SETUP, *OFTEN[kind]])
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    notebook = Notebook(page, lab, name)
    notebook.open()
    notebook.run_all()
    inspector = page.context.new_cdp_session(page)
    inspector.send("HeapProfiler.enable")

    def left() -> dict[str, int]:
        inspector.send("HeapProfiler.collectGarbage")
        heap, counters = inspector.send("Runtime.getHeapUsage"), inspector.send("Memory.getDOMCounters")
        python = notebook.python(
            "_ = gc.collect()\nprint(len(gc.get_objects()), "
            "sum(issubclass(type(o), Widget) for o in gc.get_objects()), "
            "len(get_ipython().kernel.comm_manager.comms))"
        )
        objects, widgets, comms = (int(part) for part in python.split())
        return {
            "js_heap": heap["usedSize"],
            "js_buffers": heap.get("backingStorageSize", 0),
            "nodes": counters["nodes"],
            "listeners": counters["jsEventListeners"],
            "python_objects": objects,
            "python_widgets": widgets,
            "comms": comms,
        }

    marks = {}
    for turn in range(1, openings + 1):
        notebook.run_cell(1)
        notebook.run_cell(2)
        if turn in {10, openings}:
            page.wait_for_timeout(1000)
            marks[turn] = left()
    notebook.close()
    page.close()
    return marks


def print_openings(kind: str, marks: dict[int, dict[str, int]]) -> None:
    (first, before), (last, after) = sorted(marks.items())
    print(f"\n{kind}, opened and closed {last} times; growth for each opening after the first {first}:")
    for name, value in after.items():
        print(f"  {name}: {(value - before[name]) / (last - first):.1f} (now {value})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hovers", type=int, default=60)
    parser.add_argument("--openings", type=int, default=200, help="10 or fewer leave this part out")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("explorer.json"))
    options = parser.parse_args()
    if find_chromium() is None:
        print("no Chromium or Chrome found: install one to measure in it")
        return 1
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as directory,
        running_lab(pathlib.Path(directory)) as lab,
        running_browser() as browser,
    ):
        rows = measure(browser, lab, max(options.hovers, 30))
        sizes = saved_size(browser, lab)
        marks = {kind: open_and_close(browser, lab, kind, options.openings) for kind in OFTEN if options.openings > 10}
    print(f"load before the run: {load:.2f} on {os.cpu_count()} cores\n")
    print("| case | script: median ms | p95 ms | may | to the frame: median ms | p95 ms | messages | data kB |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        numbers = [f"{row[key]:.1f}" for key in ("script_median_ms", "script_p95_ms")]
        frames = [f"{row[key]:.0f}" for key in ("frame_median_ms", "frame_p95_ms")]
        cells = [row["case"], *numbers, str(row["limit_ms"] or ""), *frames, str(row["messages"])]
        print("| " + " | ".join([*cells, f"{row['bytes'] / 1000:.0f}"]) + " |")
    more = sizes["with"] - sizes["without"]
    print(f"\ncode: {rows[0]['code_bytes'] / 1000:.0f} kB; a saved notebook grows by {more / 1000:.0f} kB (may: 500)")
    for kind, each in marks.items():
        print_openings(kind, each)
    result = {"load_before": load, "cores": os.cpu_count(), "rows": rows, "saved": sizes, "openings": marks}
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    fits = more <= 500_000 and all(
        row["script_p95_ms"] <= (row["limit_ms"] or 99)
        and row["bytes"] <= (row["limit_bytes"] or row["bytes"])
        and row["messages"] == 0
        for row in rows
    )
    return 0 if fits else 2


if __name__ == "__main__":
    raise SystemExit(main())
