"""A widget's module from several small files: anywidget takes one text, and an import could not be resolved in it."""

from __future__ import annotations

import pathlib

HERE = pathlib.Path(__file__).parent
ELEMENTS = HERE / "elements.js"  # `make`, `say` and the like, for every widget that asks for them


def joined(*files: pathlib.Path) -> str:
    """The files as one text, each below its name. Each uses only what stands above it; the last alone has an export."""
    return "".join(f"// {file.name}\n{file.read_text(encoding='utf-8')}\n" for file in files)
