"""The course's part in the Jupyter server: a notebook is saved without the state of its widgets.

`connect.py` names this extension in the environment's own Jupyter configuration, so that it is loaded wherever a
server starts: `make lab`, `vitcourse lab`, Binder, an editor that starts its own.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any


def strip_on_save(model: dict[str, Any], path: str, contents_manager: Any = None, **kwargs: Any) -> None:
    """A pre-save hook: see ``vitcourse.widgets.saving``."""
    _saving().strip_widget_views(model=model, path=path, contents_manager=contents_manager, **kwargs)


@functools.cache
def _saving() -> ModuleType:
    """That module alone: importing it through its package would load ipywidgets and matplotlib into the server."""
    file = Path(__file__).resolve().parents[1] / "widgets/saving.py"
    spec = importlib.util.spec_from_file_location("vitcourse_saving", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "vitcourse.course.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    # Registered, not configured: a hook that the learner's own configuration names goes on working.
    server.contents_manager.register_pre_save_hook(strip_on_save)
