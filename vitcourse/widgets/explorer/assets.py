"""The browser's side of the explorer, joined from its files: one module without imports, as anywidget takes it."""

from __future__ import annotations

import hashlib
import pathlib

from vitcourse.widgets.scripts import ELEMENTS, joined

HERE = pathlib.Path(__file__).parent

# In this order: each uses only what stands above it. The last one alone has an export.
SCRIPTS = (
    "coding.js",
    "weights.js",
    "paint.js",
    "words.js",
    "stage.js",
    "glance.js",
    "prediction.js",
    "pane.js",
    "gallery.js",
    "upload.js",
    "toolbar.js",
    "keys.js",
    "store.js",
    "explorer.js",
)
STYLES = ("explorer.css", "panes.css", "stage.css", "maps.css")  # a later rule wins


def with_digest(text: str) -> str:
    """The text with its own digest in the place of `__DIGEST__`."""
    return text.replace("__DIGEST__", hashlib.sha256(text.encode()).hexdigest()[:12])


ESM = with_digest(joined(ELEMENTS, *(HERE / name for name in SCRIPTS)))
STYLE = "\n".join((HERE / name).read_text(encoding="utf-8") for name in STYLES)
