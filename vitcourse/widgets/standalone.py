"""A widget in a page without a kernel: its own module, its state and the first frame, within one sandboxed frame.

A widget class that can answer by itself says so with `stands_alone = True`; `make html` shows it live in this way. The
frame is for pages alone: a notebook never holds one (a notebook's bundle has it only after `frames_in_bundles()`, which
is called by whoever writes pages). Nothing is loaded from anywhere: all that the frame needs stands in its `srcdoc`.

A frame with `sandbox="allow-scripts"` and no more has an origin of its own: it reads nothing of the page around it. It
tells that page its height and is told the theme, see docs/site/_static/frames.js; without an answer it keeps the
height it was given, scrolls, and follows the theme of the system.
"""

from __future__ import annotations

import base64
import html
import json
import pathlib
from typing import Any

from vitcourse.widgets import fallback

HERE = pathlib.Path(__file__).parent
FRAME = "application/vnd.vitcourse.frame+html"
# What a widget's state has for the widget manager alone.
MANAGERS_OWN = ("comm", "keys", "layout", "tabbable", "tooltip")
START_HEIGHT = 480  # px, until the page hears of the true height


def stands_alone(widget: Any) -> bool:
    """Whether a widget works without a kernel, as its class says."""
    return bool(getattr(type(widget), "stands_alone", False))


def frame(widget: Any, *, title: str = "") -> str:
    """The widget as HTML: an `<iframe>` that holds all it needs, in the state that the widget has now.

    Args:
        widget: an anywidget whose class has `stands_alone = True`.
        title: what a screen reader calls the frame; the widget's `repr` unless given.

    Raises:
        ValueError: the widget needs a kernel, or its state cannot be written into a page.
    """
    if not stands_alone(widget):
        raise ValueError(
            f"widget={type(widget).__name__}: it needs a kernel; a class that does not has stands_alone = True"
        )
    page = html.escape(document(widget), quote=True)
    name = html.escape(title or repr(widget), quote=True)
    return (
        f'<iframe class="vitcourse-alone" sandbox="allow-scripts" title="{name}" '
        f'style="width:100%;height:{START_HEIGHT}px;border:0" srcdoc="{page}"></iframe>'
    )


def document(widget: Any) -> str:
    """The page inside the frame. What comes from data stands in it as JSON in which no tag can begin."""
    state, buffers = split(_own_state(widget))
    module, style = str(widget._esm), str(getattr(widget, "_css", ""))
    try:
        given = json.dumps({"module": module, "style": style, "state": state, "buffers": buffers}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"widget={type(widget).__name__}: its state cannot be written as JSON ({error})") from None
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<style>{_file('standalone.css')}</style>"
        "<noscript><style>#first{display:block}</style></noscript></head><body>"
        f'<div id="root"></div><div id="first">{first_frame(widget)}</div>'
        f'<script type="application/json" id="given">{given.replace("<", chr(92) + "u003c")}</script>'
        f'<script type="module">{_file("standalone.js")}</script></body></html>'
    )


def split(state: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[list[str | int], str]]]:
    """State without its bytes, and these as (path, base64); in the state `None` stands where they were."""
    buffers: list[tuple[list[str | int], str]] = []

    def plain(value: Any, path: list[str | int]) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)):
            buffers.append((path, base64.b64encode(bytes(value)).decode("ascii")))
            return None
        if isinstance(value, dict):
            return {name: plain(inner, [*path, name]) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(inner, [*path, number]) for number, inner in enumerate(value)]
        return value

    return plain(state, []), buffers


def first_frame(widget: Any) -> str:
    """What a reader without JavaScript sees, as HTML; empty for a widget that has no first frame."""
    if not isinstance(widget, fallback.FirstFrame):
        return ""
    data, metadata = widget._first_frame()
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        size = metadata.get("image/png", {})
        alt = html.escape(repr(widget), quote=True)
        return f'<img alt="{alt}" width="{size.get("width", "")}" src="data:image/png;base64,{data["image/png"]}">'
    return ""


def frames_in_bundles() -> None:
    """From now on, in this process, the bundle of each widget that stands alone carries its frame as well."""
    if _frame_of not in fallback.additions:
        fallback.additions.append(_frame_of)


def _frame_of(widget: Any) -> dict[str, str]:
    return {FRAME: frame(widget)} if stands_alone(widget) else {}


def _own_state(widget: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in widget.get_state().items()
        if not name.startswith("_") and name not in MANAGERS_OWN
    }


def _file(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
