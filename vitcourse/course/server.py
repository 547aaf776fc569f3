"""The course's part in the Jupyter server: a notebook is saved without the state of its widgets.

`connect.py` names this extension in the environment's own Jupyter configuration, so that it is loaded wherever a
server starts: `make lab`, `vitcourse lab`, Binder, an editor that starts its own.
"""

from __future__ import annotations

from typing import Any


def strip_on_save(model: dict[str, Any], path: str, contents_manager: Any = None, **kwargs: Any) -> None:
    """A pre-save hook; its work is imported at the first save, to keep the server's start quick."""
    from ..widgets.saving import strip_widget_views

    strip_widget_views(model=model, path=path, contents_manager=contents_manager, **kwargs)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "vitcourse.course.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    # Registered, not configured: a hook that the learner's own configuration names goes on working.
    server.contents_manager.register_pre_save_hook(strip_on_save)
