"""The one place where the display of interactive objects is overridden.

Each one carries, beside its live view, a first frame that needs no kernel: GitHub, an untrusted notebook and
a page show that. ipywidgets 8 displays through `_repr_mimebundle_`, ipywidgets 7.7 (Colab) through
`_ipython_display_`: both give the same bundle here.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable
from typing import Any

from IPython.display import display

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

Bundle = tuple[dict[str, Any], dict[str, Any]]

# What else bundles carry, by a function of the widget. Empty but where pages are written: see standalone.py.
additions: list[Callable[[Any], dict[str, Any]]] = []


def png_frame(png: bytes, *, width: int, height: int) -> Bundle:
    """The bundle of a picture shown at `width` by `height` px."""
    size = {"width": width, "height": height}
    return {"image/png": base64.b64encode(png).decode("ascii")}, {"image/png": size}


class FirstFrame:
    """Mixin for widgets, to stand before the widget class: `class Live(FirstFrame, VBox)`.

    A subclass gives `_first_frame()`, the data and metadata shown without a kernel, and a `__repr__` that
    does not change from run to run (nbval compares it).
    """

    def _first_frame(self) -> Bundle:
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> Bundle:
        data, metadata = self._first_frame()
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}  # type: ignore[attr-defined]
        bundle = {"text/plain": repr(self), **data, WIDGET_VIEW: view}
        for more in additions:
            bundle |= more(self)
        return bundle, {**metadata, **colab_metadata()}

    def _ipython_display_(self, **kwargs: Any) -> None:
        data, metadata = self._repr_mimebundle_()
        display(data, metadata=metadata, raw=True)


def colab_metadata() -> dict[str, Any]:
    """Tells Colab where the manager for widgets such as the live figure lies; empty everywhere else."""
    if "google.colab.output" not in sys.modules:
        return {}
    from anywidget import AnyWidget

    probe = AnyWidget()
    bundle = probe._repr_mimebundle_()
    probe.close()
    return dict(bundle[1]) if bundle else {}
