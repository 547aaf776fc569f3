"""The bank of wrong answers is itself the test of the checks."""

from __future__ import annotations

import inspect
import time

import pytest
import torch
from answers import answer, stub
from machine_speed import slowness

from vitcourse.exercises.catalog import LESSONS, NAMES, find
from vitcourse.exercises.check import _judged, check
from vitcourse.exercises.judge import answer_of, is_right, judge, right, seen_of
from vitcourse.exercises.same import same
from vitcourse.exercises.variants import variant

CASES = [(name, m.name) for name in NAMES for m in find(name).misconceptions]


def misconception(name, title):
    return next(m for m in find(name).misconceptions if m.name == title)


@pytest.mark.parametrize(("name", "title"), CASES, ids=[f"{name}: {title}" for name, title in CASES])
def test_each_misconception_is_diagnosed_as_itself(name, title):
    exercise, wrong = find(name), misconception(name, title)
    verdict = judge(exercise, variant(exercise, wrong))
    assert not verdict.passed
    assert verdict.diagnosis == title, verdict.message
    assert verdict.message == wrong.message


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_passes(name):
    exercise = find(name)
    assert is_right(exercise, exercise.reference)
    assert is_right(exercise, variant(exercise))  # and compiled from its source, as wrong answers are


@pytest.mark.parametrize("name", NAMES)
def test_the_imported_reference_is_not_counted(name):
    if find(name).reference.__module__.startswith("vitcourse.exercises"):
        pytest.skip("the package has no such function: its reference stands in the bank")
    result = check(find(name).reference)
    assert result.passed is None
    assert "own" in result.message


@pytest.mark.parametrize("name", NAMES)
def test_the_stub_reads_not_attempted(name):
    result = check(stub(name, find(name).stub))
    assert result.passed is None
    assert "not attempted" in result.heading


@pytest.mark.parametrize("name", NAMES)
def test_no_two_misconceptions_are_one(name):
    exercise = find(name)
    places = range(len(exercise.probes))
    seen = {m.name: [seen_of(exercise, (m,), i) for i in places] for m in exercise.misconceptions}
    names = list(seen)
    assert len(set(names)) == len(names)
    for i, first in enumerate(names):
        for second in names[:i]:
            assert not all(map(same, seen[first], seen[second])), f"{first!r} and {second!r} cannot be told apart"


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_is_whole(name):
    exercise = find(name)
    assert name == exercise.name == exercise.reference.__name__
    assert name in LESSONS[exercise.lesson]
    assert len(exercise.probes) >= 2
    assert 2 <= len(exercise.hints) <= 4
    assert len(exercise.misconceptions) >= 5
    assert exercise.minutes in range(1, 21)
    assert exercise.difficulty in (1, 2, 3)
    assert list(inspect.signature(stub(name, exercise.stub)).parameters) == list(exercise.probes[0].arguments())
    assert all(observation.error is None for observation in right(exercise))
    for m in exercise.misconceptions:
        assert m.message.endswith((".", "?")), m.name
        assert 40 <= len(m.message) <= 500, f"{m.name}: {len(m.message)} characters"
        assert "should be written" not in m.message


def test_there_are_enough_misconceptions():
    assert len(CASES) >= 150
    assert len(NAMES) == 25


def test_a_check_answers_at_once():
    """The slowest way, with all that is kept thrown away: an answer that nothing explains, and one of the bank."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # the first optimizer of a process makes torch import much
    seconds = []
    for name in NAMES:
        exercise = find(name)
        strange = answer(f"def {name}{exercise.stub}:\n    return torch.rand(3) * 7", name)
        for function in (strange, variant(exercise, exercise.misconceptions[-1])):
            for kept in (seen_of, answer_of, right):
                kept.cache_clear()
            started = time.perf_counter()
            _judged(exercise, function)
            seconds.append(time.perf_counter() - started)
    slower = slowness()  # the limits are for the machine that tests/support/machine_speed.py names
    print(f"check: median {sorted(seconds)[len(seconds) // 2]:.3f} s, longest {max(seconds):.3f} s")
    assert sorted(seconds)[len(seconds) // 2] < 0.2 * slower
    assert max(seconds) < 1.0 * slower
