"""No ordinary mutant of a reference passes its check, unless it is shown here to be the same function."""

from __future__ import annotations

import contextlib
import importlib

import pytest
from mutants import mutants

from vitcourse.exercises.catalog import LESSONS, NAMES, find
from vitcourse.exercises.guarded import Stopped, guarded
from vitcourse.exercises.judge import is_right
from vitcourse.exercises.observe import RAISED
from vitcourse.exercises.variants import compiled, whole_source

# By exercise and changed piece, as `mutants` prints it without its number: why it is the same function.
EQUIVALENT = {
    key: reason
    for number in LESSONS
    for key, reason in importlib.import_module(f"equivalent_{number}").EQUIVALENT.items()
}


def passes(exercise, source):
    with contextlib.suppress(*RAISED, Stopped), guarded(seconds=2):
        return is_right(exercise, compiled(exercise, source))
    return False


@pytest.mark.parametrize("name", NAMES)
def test_no_mutant_passes(name, record_property, capsys):
    exercise = find(name)
    made, survivors = 0, []
    for change, source in mutants(whole_source(exercise)):
        piece = change.rsplit(" #", 1)[0]
        if (name, piece) in EQUIVALENT or (name, change) in EQUIVALENT:
            continue
        made += 1
        if passes(exercise, source):
            survivors.append(change)
    with capsys.disabled():
        print(f"\n{name}: {made - len(survivors)} of {made} mutants killed", end="")
    assert survivors == []
