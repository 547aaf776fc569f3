"""`progress`: lessons and exercises, and which of them are done."""

from __future__ import annotations

import html

from . import store
from .catalog import LESSONS, NAMES, find
from .result import framed


class Progress:
    """A table that shows itself in JupyterLab, in a terminal and to a screen reader."""

    def __init__(self, records: dict[str, store.Record]) -> None:
        self.rows = [
            (number, name, _state(records.get(name, {})), _more(name, records.get(name, {})))
            for number, names in LESSONS.items()
            for name in names
        ]
        self.done = sum(bool(records.get(name, {}).get("passed")) for name in NAMES)

    @property
    def heading(self) -> str:
        return f"{self.done} of {len(NAMES)} exercises done"

    def __repr__(self) -> str:
        lines = [f"{number}  {state:8}  {name:24} {more}".rstrip() for number, name, state, more in self.rows]
        return "\n".join([self.heading, *lines])

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{number}</td><td style='text-align:left'><code>{name}</code></td>"
            f"<td style='text-align:left;white-space:nowrap'>{_SIGNS[state]} {state}</td>"
            f"<td style='text-align:left'>{html.escape(more)}</td></tr>"
            for number, name, state, more in self.rows
        )
        head = "".join(
            f"<th scope='col' style='text-align:left'>{title}</th>" for title in ("lesson", "exercise", "state", "")
        )
        table = f"<table style='margin:.5em 0 0'><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table>"
        return framed(self.heading, table)


def progress() -> Progress:
    """What is done of all exercises of the course."""
    return Progress(store.records())


_SIGNS = {"done": "✓", "tried": "✗", "open": "○"}


def _state(record: store.Record) -> str:
    return "done" if record.get("passed") else "tried" if record.get("tries") else "open"


def _more(name: str, record: store.Record) -> str:
    exercise = find(name)
    parts = [f"{exercise.minutes} min", "●" * exercise.difficulty + "○" * (3 - exercise.difficulty)]
    parts += ["90-minute path"] if exercise.core else []
    tries = record.get("tries", 0)
    parts += [f"{tries} {'try' if tries == 1 else 'tries'}"] if tries else []
    parts += ["solution shown"] if record.get("revealed") else []
    return ", ".join(parts)
