"""The command `vitcourse`: lab, workspace, reset, doctor."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .lab import prepare, start_lab
from .workspace import WorkspaceError, course_lessons, course_root, reset


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vitcourse", description="The course on Vision Transformers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "lab", help="copy the lessons into work/ and open JupyterLab there; further options go to JupyterLab"
    )
    commands.add_parser("workspace", help="copy the lessons into work/, open nothing")
    fresh = commands.add_parser("reset", help="bring a fresh copy of one lesson, keep the old one under another name")
    fresh.add_argument("lesson", nargs="?", help="its number, such as 03")
    commands.add_parser("doctor", help="check this machine and say how to mend what is wrong")
    return parser


def _reset(lesson: str | None) -> int:
    root = course_root()
    if lesson is None:
        valid = ", ".join(row.number for row in course_lessons(root))
        raise WorkspaceError(f"which lesson? valid: {valid}")
    fresh, kept = reset(root, lesson)
    print(f"{fresh} is fresh" + (f"; your copy is now {kept.name}" if kept else ""))
    if kept:
        print("If the lesson is open in JupyterLab, close its tab and open it again before you save.")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 a problem was found, 2 wrong arguments."""
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and chosen.command != "lab":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        if chosen.command == "doctor":
            from .doctor import run_doctor

            return run_doctor()
        if chosen.command == "reset":
            return _reset(chosen.lesson)
        if chosen.command == "workspace":
            prepare(course_root())
            return 0
        return start_lab(course_root(), rest)
    except WorkspaceError as error:
        print(f"vitcourse {chosen.command}: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a read-only folder
        print(f"vitcourse {chosen.command}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
