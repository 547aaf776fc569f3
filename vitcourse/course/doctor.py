"""`vitcourse doctor`: one line a finding, each warning and problem with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What one check saw. state: "ok", "warning" (the course runs, with limits) or "problem" (something will fail)."""

    state: str
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.state:8} {self.subject}: {self.text}"
        return f"{line}. {self.remedy}" if self.remedy else line


Check = Callable[[], Iterable[Finding]]


def examine(checks: Sequence[Check]) -> Iterator[Finding]:
    """Run all checks; one that fails itself becomes a finding, for a broken machine is when this command is needed."""
    for check in checks:
        subject = check.__name__.replace("_", " ")
        try:
            yield from check()
        except ImportError as error:
            text = f"cannot be checked, the package {error.name or 'of this check'} does not load ({error})"
            yield Finding("problem", subject, text, "Install the course again: make lab, or pip install -e .")
        except Exception as error:
            text = f"cannot be checked ({type(error).__name__}: {error})"
            yield Finding("warning", subject, text, "The rest of this report still holds.")


def run_doctor(checks: Sequence[Check] | None = None) -> int:
    """Print all findings; return 1 if one is a problem, else 0."""
    if checks is None:
        from .checks import CHECKS
        from .front_end import widget_front_end

        checks = (*CHECKS, widget_front_end)
    found = []
    for finding in examine(checks):
        print(finding, flush=True)
        found.append(finding.state)
    problems, warnings = found.count("problem"), found.count("warning")
    print(f"problems: {problems}, warnings: {warnings}")
    return 1 if problems else 0
