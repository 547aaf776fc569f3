"""What a cell printed and showed, brought to the form that a committed notebook keeps.

A notebook is read where no kernel runs, and is rebuilt often. So a widget becomes its first frame, a progress bar
disappears, and whatever changes from run to run or from machine to machine is refused.
"""

from __future__ import annotations

import base64
import html
import re
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

from lesson_source import ROOT, Notebook, tags

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CHECKED = "nbval-check-output"
RUN_THIS_CELL = "run this cell"

PROGRESS = re.compile(r"^.*?\d+(%\||it \[).*\[?.*[\d?]+:[\d?]+.*\]?.*$")
CURSOR = re.compile(r"\x1b\[[0-9;?]*[A-HJKfhl]")
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def clean(cell: Notebook, private: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Rewrites the outputs of an executed code cell in place.

    Args:
        cell: a code cell with outputs.
        private: texts that no output may contain, such as this machine's directories.

    Returns:
        (problems, notes): what the author must change before the notebook can be written, and what was removed.
    """
    problems, notes = [], []
    outputs = _joined(cell.outputs)
    if CHECKED in tags(cell):
        problems += [f"is tagged {CHECKED}, but shows more than text: {why}" for why in map(_not_text, outputs) if why]
    kept = []
    for output in outputs:
        if output.output_type == "stream":
            lines = _without_progress(output.text)
            if output.name == "stderr":
                if lines.strip():
                    notes.append(f"wrote to stderr, removed: {lines.strip()}")
                continue
            output.text = lines
            if not lines:
                continue
        elif "data" in output:
            output.data, output.metadata = _without_kernel(output.data, output.metadata)
            if not output.data:
                continue
        kept.append(output)
    cell.outputs = kept
    for text in map(visible_text, kept):
        if found := ADDRESS.search(text):
            problems.append(f"shows a memory address, {found[0]}")
        problems += [f"shows a path of this machine, {path}" for path in private if path in text]
    return problems, notes


def private_paths(*more: str | Path) -> tuple[str, ...]:
    """Directories of this machine that must not appear in a notebook."""
    paths = {str(ROOT), str(Path.home()), tempfile.gettempdir(), sys.prefix, *map(str, more)}
    return tuple(sorted(path for path in paths if len(path) > 1))


def visible_text(output: Any) -> str:
    """All that an output says, without the bytes of its images."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback)
    texts = (v if isinstance(v, str) else str(v) for k, v in output.data.items() if not k.startswith("image/"))
    return re.sub(r"data:[\w/+.-]+;base64,[\w+/=]+", "", "\n".join(texts))


def _joined(outputs: list[Any]) -> list[Any]:
    """Adjacent pieces of one stream as one output; a kernel cuts them wherever it likes."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined


def _without_progress(text: str) -> str:
    """`text` as a terminal shows it in the end (carriage returns obeyed), less its progress bars."""
    lines = []
    for line in CURSOR.sub("", text).split("\n"):
        states = [state for state in line.split("\r") if state.strip()]
        last = states[-1] if states else line.replace("\r", "")
        if not (last.strip() and PROGRESS.match(last)):
            lines.append(last)
    shown = "\n".join(lines)
    return shown if shown.strip() else ""


def _without_kernel(data: Any, metadata: Any) -> tuple[Any, Any]:
    """A bundle that needs no kernel: its first frame instead of the widget, its picture instead of a repr."""
    data, plain = dict(data), data.get("text/plain", "")
    if WIDGET_VIEW in data:
        del data[WIDGET_VIEW]
        if PROGRESS.match(plain.strip()):
            return {}, {}
        if "image/png" in data and "text/html" not in data:
            size = metadata.get("image/png", {})
            data["text/html"] = _image(data.pop("image/png"), size.get("alt") or plain, size.get("width"))
        if "text/html" not in data and "image/png" not in data:
            data = {"text/plain": RUN_THIS_CELL}
    if len(data) > 1 and ADDRESS.search(plain):
        del data["text/plain"]  # <...Picture at 0x...>: the picture itself is there
    return data, {kind: metadata[kind] for kind in data if kind in metadata}


def _image(png: str, alt: str, width: int | None) -> str:
    """`<img>` with alt text: Jupyter's own renderer of image/png has none."""
    width = width or struct.unpack(">I", base64.b64decode(png[:32])[16:20])[0]
    png = png.replace("\n", "")
    return f'<img alt="{html.escape(alt)}" width="{width}" src="data:image/png;base64,{png}">'


def _not_text(output: Any) -> str | None:
    """What in an output nbval could not compare from one machine to the next, or None."""
    if output.output_type == "stream":
        if output.name == "stderr":
            return "stderr"
        return "a progress bar" if "\r" in output.text else None
    others = sorted(set(output.get("data", {})) - {"text/plain"})
    return ", ".join(others) or None
