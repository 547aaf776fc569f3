"""Keeps saved notebooks readable without a kernel: the live views are taken out, their first frames stay.

A saved view names a model that lives in the kernel only. Opened again with a fresh kernel, JupyterLab would
show "model not found" in its place, though a picture lies beside it.

This module imports nothing but the standard library: the server that saves needs neither PyTorch nor
ipywidgets.
"""

from __future__ import annotations

import logging
import pathlib
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
STANDS_ALONE = ("image/png", "text/html", "image/svg+xml", "image/jpeg")
RUN_THIS_CELL = "run this cell"

log = logging.getLogger(__name__)


def strip_widget_views(model: Any, path: str = "", contents_manager: Any = None, **kwargs: Any) -> None:
    """A pre-save hook of the Jupyter server: changes `model` in place, and never keeps it from being saved.

    Outputs with a picture or HTML lose their live view. Those with nothing else become the line "run this
    cell". The stored widget state goes. Files that are no notebooks of format 4 are left alone.
    """
    try:
        if model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
            return
        if model["content"].get("nbformat") != 4:
            return
        _strip(model["content"])
    except Exception:
        log.warning("widget views were left in %s", path, exc_info=True)


def _strip(notebook: dict[str, Any]) -> None:
    for cell in notebook.get("cells", []):
        for output in cell.get("outputs") or []:
            data = output.get("data")
            if not isinstance(data, dict) or WIDGET_VIEW not in data:
                continue
            if any(kind in data for kind in STANDS_ALONE):
                del data[WIDGET_VIEW]
            else:
                output["data"] = {"text/plain": RUN_THIS_CELL}
            if isinstance(output.get("metadata"), dict):
                output["metadata"].pop(WIDGET_VIEW, None)
    stored = notebook.get("metadata", {}).get("widgets")
    if isinstance(stored, dict):
        stored.pop(WIDGET_STATE, None)
        if not stored:
            del notebook["metadata"]["widgets"]


CONFIG = """\
# Written by vitcourse: saved notebooks show pictures instead of "model not found" when they are opened again.
import importlib.util

_spec = importlib.util.spec_from_file_location("vitcourse_saving", {file!r})
_saving = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_saving)
c.FileContentsManager.pre_save_hook = _saving.strip_widget_views
"""


def server_config() -> str:
    """The text of a `jupyter_server_config.py` that installs the hook.

    It loads this file by its path, so that the server starts without importing PyTorch.
    """
    return CONFIG.format(file=str(pathlib.Path(__file__).resolve()))
