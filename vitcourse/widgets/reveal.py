"""The guess laid over the measurement, drawn in HTML with the notebook's own theme colors."""

from __future__ import annotations

import html
import math

TEXT = "color:var(--jp-content-font-color1,inherit);font-family:var(--jp-content-font-family,sans-serif)"
GUESS = "var(--jp-brand-color1,#1976d2)"
MEASURED = "var(--jp-warn-color1,#e65100)"
NO_GUESS = "To compare, lock a guess above and run this cell again."


class Reveal:
    """What `Prediction.reveal` returns: HTML where it can be shown, one line of text elsewhere."""

    def __init__(self, line: str, body: str, *, note: str) -> None:
        self.line = f"{line} {note}".strip()
        extra = f'<div style="margin-top:8px">{html.escape(note)}</div>' if note else ""
        self._html = f'<div style="{TEXT};max-width:620px;margin:8px 0;line-height:1.5">{body}{extra}</div>'

    def __repr__(self) -> str:
        return self.line

    def _repr_html_(self) -> str:
        return self._html


def with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if unit and unit != "%" else f"{text}{unit}"


def reveal_choice(question: str, choices: list[str], guess: str | None, measured: str, note: str) -> Reveal:
    rows = []
    for choice in choices:
        marks = []
        if choice == measured:
            marks.append(f'<b style="color:{MEASURED}">measured</b>')
        if choice == guess:
            marks.append(f'<b style="color:{GUESS}">your guess</b>')
        weight = "600" if marks else "400"
        sign = "&#9679;" if choice == measured else "&#9675;"
        rows.append(
            f'<li style="list-style:none;font-weight:{weight}">{sign} {html.escape(choice)}'
            f"{' &larr; ' if marks else ''}{', '.join(marks)}</li>"
        )
    body = (
        f'<div style="font-weight:600">{html.escape(question)}</div>'
        f'<ul style="margin:4px 0;padding-left:4px">{"".join(rows)}</ul>'
    )
    if guess is None:
        line = f"no guess; measured: {measured}."
        body += f"<div>No guess was locked. {NO_GUESS}</div>"
    else:
        line = f"guess: {guess}; measured: {measured}."
    return Reveal(line, body, note=note)


def reveal_number(
    question: str,
    ends: tuple[float, float],
    guess: tuple[float, str] | None,
    measured: tuple[float, str],
    note: str,
) -> Reveal:
    """Both on one scale, which is widened to hold the measured value."""
    low, high = min(ends[0], measured[0]), max(ends[1], measured[0])
    if not math.isfinite(measured[0]):
        low, high = ends
    at = lambda value: 100 * min(max((value - low) / (high - low), 0), 1)  # noqa: E731
    pins = [_pin(at(measured[0]), f"measured: {measured[1]}", MEASURED, below=False)]
    if guess is None:
        line = f"no guess; measured: {measured[1]}."
    else:
        line = f"guess: {guess[1]}; measured: {measured[1]}."
        pins.append(_pin(at(guess[0]), f"your guess: {guess[1]}", GUESS, below=True))
    scale = (
        '<div style="position:relative;height:84px;margin:4px 0" '
        f'role="img" aria-label="{html.escape(line)}">'
        '<div style="position:absolute;left:0;right:0;top:41px;height:2px;'
        'background:var(--jp-border-color1,#bbb)"></div>'
        f"{''.join(pins)}</div>"
        '<div style="display:flex;justify-content:space-between;color:var(--jp-content-font-color2,gray)">'
        f"<span>{low:g}</span><span>{high:g}</span></div>"
    )
    body = f'<div style="font-weight:600">{html.escape(question)}</div>{scale}'
    if guess is None:
        body += f"<div>No guess was locked. {NO_GUESS}</div>"
    return Reveal(line, body, note=note)


def _pin(percent: float, text: str, color: str, *, below: bool) -> str:
    """A mark on the scale with its text above or below, kept inside the scale at both ends."""
    stick = "top:42px;height:14px" if below else "top:28px;height:14px"
    label = "top:56px" if below else "top:4px"
    return (
        f'<div style="position:absolute;left:{percent:.1f}%;{stick};width:3px;margin-left:-1px;'
        f'background:{color}"></div>'
        f'<div style="position:absolute;left:{percent:.1f}%;{label};transform:translateX(-{percent:.1f}%);'
        f'white-space:nowrap;font-weight:600;color:{color}">{html.escape(text)}</div>'
    )
