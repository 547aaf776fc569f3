"""A question with a guess that is locked: what all kinds of predictions have in common."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.fallback import Bundle, FirstFrame
from vitcourse.widgets.reveal import Reveal


class Prediction(FirstFrame, widgets.VBox):
    """What `predict` returns. `.guess` is None until the learner locks it; then `.reveal(measured)`.

    `reveal` gives the guess beside what was measured; make it the last expression of a later cell. It takes
    `note`, a sentence that explains it.
    """

    reveal: Callable[..., Reveal]

    def __init__(self, question: str, below: list[widgets.Widget], *, listing: str) -> None:
        self.question = question
        self.guess: Any = None
        self._listing = f"<p><b>Predict:</b> {html.escape(question)}</p>{listing}"
        text = f'<div style="font-weight:600;line-height:1.5">{html.escape(question)}</div>'
        # A line at its side sets a question apart in either theme.
        layout = {"border_left": "3px solid var(--jp-brand-color1, #1976d2)", "padding": "2px 0 2px 12px"}
        layout |= {"max_width": "680px", "margin": "4px 0"}
        super().__init__([widgets.HTML(text), *below], layout=layout)
        self.add_class("vitcourse-predict")

    def __repr__(self) -> str:
        return f"prediction: {self.question}"

    def lock(self) -> None:
        """Keeps the guess as it stands, as the button does. Without an answer given, nothing is locked."""
        raise NotImplementedError

    def _first_frame(self) -> Bundle:
        return {"text/html": self._listing}, {}


class ControlPrediction(Prediction):
    """The guess is what an ipywidgets control says."""

    def __init__(self, question: str, control: widgets.Widget, *, listing: str) -> None:
        self._control = control
        self._button = widgets.Button(description="Lock my guess", button_style="primary", layout={"width": "auto"})
        self._button.on_click(lambda _: self.lock())
        self._status = widgets.HTML(layout={"margin": "0 0 0 8px"})
        bar = widgets.HBox([self._button, self._status], layout={"margin": "4px 0 0", "align_items": "center"})
        super().__init__(question, [control, bar], listing=listing)

    def lock(self) -> None:
        if self.guess is not None:
            return
        if self._control.value is None:
            self._status.value = "Choose an answer first."
            return
        self.guess = self._control.value
        self._control.disabled = self._button.disabled = True
        self._button.description = "Locked"
        self._button.icon = "lock"
        self._button.button_style = ""
        self._status.value = f"Your guess: <b>{html.escape(self._shown(self.guess))}</b>"

    def _shown(self, value: Any) -> str:
        return str(value)
