"""What a button starts: training, timing. It runs in a thread of its own, shows how far it is, and can be stopped."""

from __future__ import annotations

import functools
import html
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from matplotlib.figure import Figure as MatplotlibFigure

from vitcourse.widgets.control import Control, require_controls
from vitcourse.widgets.fallback import Bundle, FirstFrame
from vitcourse.widgets.panel import Panel
from vitcourse.widgets.picture import require_alt
from vitcourse.widgets.screen import Screen
from vitcourse.widgets.worker import Worker

Steps = Callable[..., Iterable[Any]]
Draw = Callable[[MatplotlibFigure], Callable[[list[Any]], str | None]]

_latest: dict[str, weakref.ref[Job]] = {}  # the job that each cell made last


class Job(FirstFrame, widgets.VBox):
    """What `job` returns.

    Attributes:
        state: "ready", "running", "stopped", "done" or "failed".
        records: what the steps gave so far in this run, in order.
        error: the exception that ended the run, if one did.
        figure: the picture's widget, None without `draw`.
        values: the controls' present values, by name.
    """

    def __init__(
        self,
        steps: Steps,
        draw: Draw | None,
        *,
        alt: str,
        size: tuple[int, int],
        start: str,
        total: int | None,
        controls: dict[str, Control],
    ) -> None:
        self._steps, self._total, self._name = steps, total, alt
        self._panel = Panel(controls, lambda: None)
        self._worker = Worker(self._progress)
        self._drawing = threading.Lock()
        self._screen = Screen(alt=alt, size=size) if draw else None
        self.figure = self._screen.widget if self._screen else None
        if draw and self._screen:
            self._update = draw(self._screen.canvas)
            caption = self._update([])
            self._screen.renderer.settle()
            self._screen.show(caption)
            self._screen.widget.observe(self._sharpen, "pixel_ratio")
        self._start = widgets.Button(description=start, button_style="primary", layout={"width": "auto"})
        self._stop = widgets.Button(description="Stop", disabled=True, layout={"width": "auto"})
        self._resume = widgets.Button(description="Resume", disabled=True, layout={"width": "auto"})
        self._start.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self._resume.on_click(lambda _: self.resume())
        self._bar = widgets.FloatProgress(min=0, max=1, layout={"width": "200px", "visibility": "hidden"})
        self._text = widgets.HTML(layout={"margin": "0 0 0 8px"})
        bar = [self._start, self._stop, self._resume, self._bar, self._text]
        layout = {"align_items": "center", "flex_flow": "row wrap", "margin": "0 0 8px"}
        children: list[widgets.Widget] = [*self._panel.row(), widgets.HBox(bar, layout=layout)]
        if self.figure is not None:
            children.append(self._panel.beside(self.figure))
        super().__init__(children)
        self.add_class("vitcourse-job")
        _take_the_place_of_the_last(self, alt)

    def __repr__(self) -> str:
        return f"job: {self._name}"

    @property
    def state(self) -> str:
        return self._worker.state

    @property
    def records(self) -> list[Any]:
        return self._worker.records

    @property
    def error(self) -> BaseException | None:
        return self._worker.error

    @property
    def values(self) -> dict[str, Any]:
        return self._panel.values

    def start(self) -> None:
        """Begins a new run with the controls' present values; nothing while one is running."""
        self._worker.start(functools.partial(self._steps, **self.values))

    def stop(self) -> None:
        """Ends the run after the present step. It can be resumed."""
        self._stop.disabled = True
        self._worker.stop()

    def resume(self) -> None:
        """Goes on with a run that was stopped."""
        self._worker.resume()

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until nothing runs; False if that took longer than `seconds`."""
        return self._worker.wait(seconds)

    def close(self) -> None:
        self._worker.stop()
        super().close()

    def _progress(self, seconds: float) -> None:
        """Shows how far it is: called by the worker, a few times a second and at each change of state."""
        try:
            if self._screen is not None and self.error is not None:
                self._screen.fail(self.error)
            elif self._screen is not None and self.records:
                with self._drawing:
                    self._screen.show(self._update(list(self.records)))
        finally:
            self._buttons(seconds)

    def _buttons(self, seconds: float) -> None:
        records, state, running = self.records, self.state, self.state == "running"
        total = self._total or getattr(records[-1] if records else None, "total_steps", None)
        share = min(len(records) / total, 1.0) if total else float(state == "done")
        self._bar.layout.visibility = "visible" if total else "hidden"
        self._bar.value = share
        self._text.value = html.escape(self._line(seconds, total, share))
        self._start.disabled, self._stop.disabled, self._resume.disabled = running, not running, state != "stopped"
        self._panel.disable(running)

    def _line(self, seconds: float, total: int | None, share: float) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__}: {self.error}"
        last = self.records[-1] if self.records else None
        if self._screen is None and isinstance(last, str):
            return last if self.state in ("running", "done") else f"{self.state}: {last}"
        count = f"step {len(self.records)}" + (f" of {total}" if total else "")
        parts = [self.state, count, f"{seconds:.0f} s"]
        if self.state == "running" and 0 < share < 1:
            parts.append(f"about {seconds / share * (1 - share):.0f} s left")
        return ", ".join(parts)

    def _sharpen(self, _: Any) -> None:
        if self._screen is not None:
            with self._drawing:
                self._screen.sharpen()
                self._screen.show(self._screen.widget.caption)

    def _first_frame(self) -> Bundle:
        if self._screen is not None:
            return self._screen.first_frame()
        return {"text/html": f"<p>{html.escape(self._name)}</p>"}, {}


def _take_the_place_of_the_last(job: Job, alt: str) -> None:
    """Stops the job that the same cell, or one of the same name, made before: it could not be reached any more."""
    names = [f"alt {alt}"]
    shell = get_ipython()
    if shell is not None and hasattr(shell, "get_parent"):
        cell = (shell.get_parent() or {}).get("metadata", {}).get("cellId")
        names += [f"cell {cell}"] if cell else []
    for name in names:
        old = _latest.get(name)
        if old is not None and (before := old()) is not None:
            before.stop()
        _latest[name] = weakref.ref(job)


def job(
    steps: Steps,
    draw: Draw | None = None,
    *,
    alt: str,
    size: tuple[int, int] = (640, 320),
    start: str = "Start",
    total: int | None = None,
    **controls: Control,
) -> Job:
    """A button that starts something long, with Stop and Resume, progress, and a picture that follows it.

        def train(lr, epochs):
            model = VisionTransformer(...)
            yield from fit(model, batches, epochs=epochs, lr=lr)      # records with .step, .total_steps, .loss

        def curve(figure):
            axes = figure.subplots()
            axes.set(xlim=(0, 500), ylim=(0, 2.5), xlabel="step", ylabel="loss (nats)")
            line, = axes.plot([], [])

            def update(records):
                line.set_data([r.step for r in records], [float(r.loss) for r in records])
                return f"loss {float(records[-1].loss):.2f}" if records else "not trained yet"

            return update

        job(train, curve, alt="The training loss against the step.", start="Train",
            lr=choices([1e-3, 2e-3, 4e-3], value=2e-3, label="learning rate"), epochs=slider(1, 3))

    Without `draw`, for a timing: let the steps yield strings, which are shown as they come.

    The steps run in one worker thread; between two of them it looks whether Stop was pressed. So yield often: a
    few times a second at least. Resume goes on where it stopped, Start begins anew. Nothing starts by itself,
    and "Run all" does not wait for it: nothing below may need its result. Running the cell again stops a run
    that the cell started before.

    Args:
        steps: called with the controls' values when Start is pressed; gives one record after another.
        draw: as `make` of `live`, but its `update` gets the list of all records so far, empty at first. It is
            called about 5 times a second while the job runs, from the worker thread, and may return a caption.
        alt: what the picture shows, in a sentence; without `draw`, what is done.
        size: of the picture, in CSS pixels.
        start: what stands on the button.
        total: how many records there will be, for the progress bar; else `record.total_steps` if there is one.
        controls: `slider`, `choices`, `toggle`: their values are read when Start is pressed.

    Returns:
        Job: shows itself; `.start()`, `.stop()`, `.resume()`, `.wait()`, `.state`, `.records`, `.error`.

    Raises:
        ValueError: no alt text, `steps` cannot be called, `total` below 1, no control where one is expected.
    """
    for name, value in (("steps", steps), ("draw", draw)):
        if not callable(value) and (name == "steps" or value is not None):
            raise ValueError(f"{name}={value!r} is no function")
    if total is not None and (not isinstance(total, int) or total < 1):
        raise ValueError(f"total={total!r} is not a whole number above 0")
    require_controls(controls)
    return Job(steps, draw, alt=require_alt(alt), size=size, start=start, total=total, controls=controls)
