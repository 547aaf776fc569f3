"""Controls as data: each offers only valid values, has a label, and works by keyboard.

    live(make, alt=..., patch_size=choices([4, 7, 14], unit="pixels"), heads=slider(1, 12))

The keyword is the name under which `update` gets the value. The label is the keyword with spaces for
underscores unless `label=` says otherwise; `unit=` is put behind it in brackets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import ipywidgets as widgets

from vitcourse.widgets.control import Control, label_of

LONG_LIST = 5  # more options than this, or more letters than ROOM in all, are a drop-down list
ROOM = 44
SLIDER_WIDTH = "230px"


class Choices(Control):
    """One of a few given values. The widget holds the index, so that the values may be arrays."""

    def __init__(self, options: Any, *, value: Any, label: str, unit: str, kind: str) -> None:
        super().__init__(label=label, unit=unit)
        self.depends = options if callable(options) else None
        self.options: dict[str, Any] = {}
        self._start, self._kind = value, kind
        if self.depends is None:
            self._set_options(options)

    @property
    def depends_on(self) -> list[str]:
        """The names of the controls whose values decide what is offered."""
        return [] if self.depends is None else list(inspect.signature(self.depends).parameters)

    def _set_options(self, options: Any) -> None:
        if isinstance(options, Mapping):
            pairs = {str(name): value for name, value in options.items()}
        else:
            pairs = {_words(value): value for value in options}
        if not pairs:
            raise ValueError(f"options={options!r}: give at least one value to choose")
        self.options = pairs

    def build(self, name: str) -> widgets.Widget:
        numbers = all(isinstance(value, Real) for value in self.options.values())
        letters = sum(len(option) + 2 for option in self.options)
        kind = self._kind
        if kind == "auto":
            kind = "slider" if numbers and len(self.options) > 1 else "buttons"
            if kind == "buttons" and (len(self.options) > LONG_LIST or letters > ROOM):
                kind = "list"
        index = 0 if self._start is None else self._index(self._start, name)
        options = [(option, i) for i, option in enumerate(self.options)]
        made = {"slider": widgets.SelectionSlider, "buttons": widgets.ToggleButtons, "list": widgets.Dropdown}[kind]
        style = {"description_width": "initial"} | ({"button_width": "auto"} if kind == "buttons" else {})
        width = SLIDER_WIDTH if kind == "slider" else "auto"
        text = label_of(self, name)
        return made(options=options, index=index, description=text, style=style, layout={"width": width})

    def read(self) -> Any:
        return list(self.options.values())[self.widget.index]

    def write(self, value: Any, name: str) -> None:
        self.widget.index = self._index(value, name)

    def refresh(self, values: Mapping[str, Any], name: str) -> None:
        """Offers what is valid beside the other controls' values, and keeps the choice where it can."""
        assert self.depends is not None
        chosen = self.read() if self.options else self._start
        before = list(self.options)
        self._set_options(self.depends(**values))
        names = list(self.options)
        if self.widget is None or names == before:
            return
        try:
            index = self._index(chosen, name)
        except ValueError:
            index = self._nearest(chosen)
        with self.widget.hold_trait_notifications():
            self.widget.options = [(option, i) for i, option in enumerate(names)]
            self.widget.index = index

    def _nearest(self, value: Any) -> int:
        options = list(self.options.values())
        if isinstance(value, Real) and all(isinstance(option, Real) for option in options):
            return min(range(len(options)), key=lambda i: abs(options[i] - value))
        return 0

    def _index(self, value: Any, name: str) -> int:
        for i, (text, option) in enumerate(self.options.items()):
            if option is value or (isinstance(value, str) and value == text):
                return i
            if isinstance(value, Real | str | tuple) and type(option) is not bool and _equal(option, value):
                return i
        raise ValueError(f"{name}={value!r} is not one of {', '.join(self.options)}")


def _words(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _equal(first: Any, second: Any) -> bool:
    return isinstance(first, Real | str | tuple) and bool(first == second)


class Number(Control):
    """A number between two ends."""

    def __init__(self, low: float, high: float, *, step: float, value: float | None, label: str, unit: str) -> None:
        super().__init__(label=label, unit=unit)
        if not low < high:
            raise ValueError(f"low={low!r}, high={high!r}: low must be less than high")
        if not 0 < step <= high - low:
            raise ValueError(f"step={step!r}: must be above 0 and at most high - low = {high - low:g}")
        self.low, self.high, self.step = low, high, step
        self.start = low if value is None else value
        self._check(self.start, "value")

    def _check(self, value: float, name: str) -> None:
        if not isinstance(value, Real) or not self.low <= value <= self.high:
            raise ValueError(f"{name}={value!r} is not a number from {self.low:g} to {self.high:g}")

    def build(self, name: str) -> widgets.Widget:
        whole = all(isinstance(number, int) for number in (self.low, self.high, self.step, self.start))
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        more = {} if whole else {"readout_format": f".{_decimals(self.step)}f"}
        return kind(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            description=label_of(self, name),
            style={"description_width": "initial"},
            layout={"width": SLIDER_WIDTH},
            **more,
        )

    def write(self, value: Any, name: str) -> None:
        self._check(value, name)
        self.widget.value = value


def _decimals(step: float) -> int:
    """Decimals after the point that a step needs: 0.05 -> 2."""
    return next((digits for digits in range(6) if abs(round(step, digits) - step) < 1e-9), 6)


class Animation(Number):
    """A whole number with a play button."""

    interval = 200

    def build(self, name: str) -> widgets.Widget:
        self.slider = super().build(name)
        self.player = widgets.Play(
            value=self.start,
            min=self.low,
            max=self.high,
            step=self.step,
            interval=self.interval,
            show_repeat=False,
            tooltip=f"play {label_of(self, name)}",
            layout={"width": "auto"},
        )
        self.link = widgets.jslink((self.player, "value"), (self.slider, "value"))
        self.widget = self.slider
        return widgets.HBox([self.player, self.slider]).add_class("vitcourse-play")

    def write(self, value: Any, name: str) -> None:
        super().write(value, name)
        self.player.value = value


class Toggle(Control):
    """On or off."""

    def __init__(self, value: bool, *, label: str) -> None:
        super().__init__(label=label)
        self.start = bool(value)

    def build(self, name: str) -> widgets.Widget:
        return widgets.Checkbox(
            value=self.start, description=label_of(self, name), indent=False, layout={"width": "auto"}
        )

    def write(self, value: Any, name: str) -> None:
        if not isinstance(value, bool | int) or value not in (0, 1):
            raise ValueError(f"{name}={value!r} is neither True nor False")
        self.widget.value = bool(value)


class Button(Control):
    """Counts its presses."""

    def __init__(self, *, label: str) -> None:
        super().__init__(label=label)
        self.count = 0

    def build(self, name: str) -> widgets.Widget:
        view = widgets.Button(description=label_of(self, name), layout={"width": "auto"})
        view.on_click(lambda _: self.write(self.count + 1, name))
        return view

    def read(self) -> int:
        return self.count

    def write(self, value: Any, name: str) -> None:
        if not isinstance(value, int) or value < 0:
            raise ValueError(f"{name}={value!r} is not a count of presses: 0, 1, 2, ...")
        if value != self.count:
            self.count = value
            self.changed()


def choices(
    options: Sequence[Any] | Mapping[str, Any] | Callable[..., Sequence[Any] | Mapping[str, Any]],
    *,
    value: Any = None,
    label: str = "",
    unit: str = "",
    kind: str = "auto",
) -> Choices:
    """One of a few values: numbers as a slider, names as buttons, many names as a list.

        patch_size=choices([4, 7, 14], unit="pixels")
        image=choices({"a digit": digit, "a photograph": photo})
        num_heads=choices(lambda embed_dim: [h for h in (1, 2, 3, 4, 6, 8) if embed_dim % h == 0])

    Args:
        options: the values; or names and their values, which may be arrays; or a function of other
            controls' values (its parameters bear their names) that gives either, so that only what fits
            them can be chosen.
        value: the one chosen at first; else the first.
        kind: "slider", "buttons" or "list"; "auto" decides.

    Raises:
        ValueError: no option, a `value` that is not an option, an unknown `kind`.
    """
    if kind not in ("auto", "slider", "buttons", "list"):
        raise ValueError(f'kind={kind!r} is not one of "auto", "slider", "buttons", "list"')
    made = Choices(options, value=value, label=label, unit=unit, kind=kind)
    if value is not None and made.options:
        made._index(value, "value")
    return made


def slider(
    low: float, high: float, *, step: float = 1, value: float | None = None, label: str = "", unit: str = ""
) -> Number:
    """A number from `low` to `high`, both included: `slider(1, 12)`, `slider(0.0, 1.0, step=0.05)`.

    Whole numbers if `low`, `high`, `step` and `value` all are. Starts at `value`, else at `low`.

    Raises:
        ValueError: low is not below high, the step does not fit between them, value lies outside.
    """
    return Number(low, high, step=step, value=value, label=label, unit=unit)


def play(
    low: int,
    high: int,
    *,
    step: int = 1,
    value: int | None = None,
    interval: int = 200,
    label: str = "",
    unit: str = "",
) -> Animation:
    """A slider over whole numbers with a play button: `step=play(0, 100)`.

    Args:
        interval: milliseconds between two values while it plays.
    """
    made = Animation(low, high, step=step, value=value, label=label, unit=unit)
    made.interval = interval
    return made


def toggle(value: bool = False, *, label: str = "") -> Toggle:
    """On or off: `grid=toggle(True, label="show the grid")`."""
    return Toggle(value, label=label)


def button(label: str = "") -> Button:
    """A button. `update` gets how often it was pressed: 0 at first, so that it serves as a seed too.

    def update(shuffle):
        order = np.arange(16) if shuffle == 0 else np.random.default_rng(shuffle).permutation(16)
    """
    return Button(label=label)
