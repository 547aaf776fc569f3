"""What a learner has done, in one JSON file of the platform's state directory; never a reason to fail.

`VITCOURSE_STATE` names another directory: tests and the building of notebooks leave the learner's own alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import platformdirs

from ..files import write_whole

Record = dict[str, Any]  # {"passed": bool, "tries": int, "revealed": bool}, each key only once it was needed

_said: set[str] = set()


def path() -> Path:
    directory = os.environ.get("VITCOURSE_STATE") or platformdirs.user_state_dir("vitcourse")
    return Path(directory) / "progress.json"


def records() -> dict[str, Record]:
    """What is on record, by the exercise's name; nothing, and a line about it, where the file cannot be read."""
    try:
        text = path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        _say(f"progress: {path()} cannot be read ({error}); it is ignored")
        return {}
    try:
        found = json.loads(text)["exercises"]
        return {name: dict(record) for name, record in found.items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        _say(f"progress: {path()} is not what the course wrote; it is ignored, and replaced at the next check")
        return {}


def note(name: str, **changes: Any) -> None:
    """Put what is new of an exercise on record; a number is added to the one there."""
    everything = records()
    record = everything.setdefault(name, {})
    for key, value in changes.items():
        counted = isinstance(value, int) and not isinstance(value, bool)
        before = record.get(key, 0)
        record[key] = value + (before if isinstance(before, int) else 0) if counted else value
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        write_whole(path(), json.dumps({"exercises": everything}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        _say(f"progress: {path()} cannot be written ({error.strerror}); it is not kept")


def _say(line: str) -> None:
    """Once in a session, not at every check."""
    if line not in _said:
        _said.add(line)
        print(line)
