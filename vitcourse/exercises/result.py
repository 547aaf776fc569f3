"""What `check` answers: a result that shows itself in JupyterLab, in a terminal and to a screen reader."""

from __future__ import annotations

import html
import textwrap
from dataclasses import dataclass

from ..markup import marked_up, preformatted

TITLES = {True: "Passed", False: "Not yet", None: "Not counted"}
SIGNS = {True: "✓", False: "✗", None: "○"}
COLORS = {
    True: "var(--jp-success-color1, #2e7d32)",
    False: "var(--jp-warn-color1, #b45309)",
    None: "var(--jp-border-color1, #757575)",
}


@dataclass(frozen=True)
class Result:
    """The answer to one `check`.

    Attributes:
        passed: True, False, or None where there is nothing to judge yet.
        message: what to tell the learner, in sentences; `code` within backticks.
        diagnosis: the misconception's name, or two joined by " + "; None where none was recognised.
        failed: where none was recognised, the property that does not hold: "shape", "gradient", ...
        exercise: the exercise's name; None where none could be found.
        printed: what the function printed on the first probe.
    """

    passed: bool | None
    message: str
    diagnosis: str | None = None
    failed: str | None = None
    exercise: str | None = None
    printed: str = ""
    title: str = ""

    @property
    def heading(self) -> str:
        name = f"{self.exercise}: " if self.exercise else ""
        title = self.title or TITLES[self.passed]
        return f"{SIGNS[self.passed]} {name}{title if not name else title.lower()}"

    def __repr__(self) -> str:
        paragraphs = [textwrap.fill(part, 100) if "\n" not in part else part for part in self.message.split("\n\n")]
        printed = [f"It printed:\n{self.printed}"] if self.printed else []
        return "\n".join([self.heading, *paragraphs, *printed])

    def _repr_html_(self) -> str:
        body = "".join(f"<p style='margin:.4em 0 0'>{marked_up(part)}</p>" for part in self.message.split("\n\n"))
        if self.printed:
            body += f"<p style='margin:.4em 0 0'>It printed:</p>{preformatted(self.printed)}"
        sign, rest = self.heading.split(" ", 1)
        color = COLORS[self.passed]
        heading = f"<span aria-hidden='true' style='color:{color}'>{sign}</span> {html.escape(rest)}"
        return framed(heading, body, color, label=rest)


def framed(heading: str, body: str, color: str = COLORS[None], label: str = "") -> str:
    """HTML of what the course answers: a bar at its side, a heading, a body; read aloud when it appears."""
    said = f" aria-label='{html.escape(label, quote=True)}'" if label else ""
    return (
        f"<div role='status'{said} style='border-left:4px solid {color};padding:.5em .9em;max-width:46em;"
        "color:var(--jp-content-font-color1,inherit);font-family:var(--jp-content-font-family,inherit)'>"
        f"<strong>{heading}</strong>{body}</div>"
    )
