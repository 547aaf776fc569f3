"""Is an answer right? If not, which mistake is it, or which property does not hold?"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import properties, raised, relations, words
from .called import MAKERS, calls
from .observe import Observation, observe
from .same import same, same_outcome, same_value
from .spec import Exercise, Misconception, Probe
from .variants import DoesNotFit, variant

Seen = Sequence[Observation]  # one a probe
SEVERAL = "{} mistakes come together here. Each sentence speaks of one, as if the others were mended."
# Properties that say more of the cause than "right for one head only" does.
CAUSES = {"kind", "dtype", "finite", "gradient", "untouched", "repeatable", "batch"}
SECONDS = 0.35  # of computing, for trying several misconceptions at once; a check shall answer within one second


class Verdict(NamedTuple):
    """As in `Result`."""

    passed: bool
    message: str
    diagnosis: str | None = None
    failed: str | None = None


@cache
def right(exercise: Exercise) -> Seen:
    """What is seen of the reference."""
    return [observe(exercise, exercise.reference, probe) for probe in exercise.probes]


@cache
def answer_of(exercise: Exercise, misconceptions: tuple[Misconception, ...]) -> Callable[..., Any] | None:
    """The answer of somebody who has these misconceptions; None where they cannot be had together."""
    try:
        return variant(exercise, *misconceptions)
    except (DoesNotFit, SyntaxError):
        return None


@cache
def seen_of(exercise: Exercise, misconceptions: tuple[Misconception, ...], index: int) -> Observation:
    """What is seen of that answer on one probe."""
    function = answer_of(exercise, misconceptions)
    assert function is not None
    return observe(exercise, function, exercise.probes[index])


def is_right(exercise: Exercise, function: Callable[..., Any]) -> bool:
    """Does the answer hold in all that is looked at? To be called within `guarded()`."""
    agree = all(same(observe(exercise, function, p), r) for p, r in zip(exercise.probes, right(exercise), strict=True))
    return agree and _beyond_values(exercise, function) is None


def judge(exercise: Exercise, function: Callable[..., Any]) -> Verdict:
    """Call the function on all probes, and say what it is. To be called within `guarded()`."""
    mine, theirs = [observe(exercise, function, probe) for probe in exercise.probes], right(exercise)
    if all(map(same, mine, theirs)):
        failure = _beyond_values(exercise, function)
        return Verdict(False, failure[1], failed=failure[0]) if failure else Verdict(True, "")
    if all(raised.is_a_stub_s(seen.error, function) for seen in mine):
        return Verdict(False, "", failed="not attempted")
    known = recognised(exercise, mine)
    if known:
        several = [SEVERAL.format(len(known))] if len(known) > 1 else []
        return Verdict(False, "\n\n".join([*several, *(m.message for m in known)]), " + ".join(m.name for m in known))
    return _unknown(exercise, function, mine)


def recognised(exercise: Exercise, mine: Seen) -> tuple[Misconception, ...]:
    """The misconception that explains all that was seen, or the fewest of them that do; none if nothing does.

    Best is one that agrees in all that was seen, gradients and changed inputs included; then one that agrees in values.
    """
    edits = [m for m in exercise.misconceptions if m.function is None]
    sets: list[Iterable[tuple[Misconception, ...]]] = [[(m,) for m in exercise.misconceptions]]
    sets += [itertools.combinations(edits, size) for size in range(2, exercise.together + 1)]
    until = time.thread_time() + SECONDS
    likely: tuple[Misconception, ...] = ()
    for candidates in sets if _tells_something(mine) else sets[:1]:
        for candidate in candidates:
            if len(candidate) > 1 and time.thread_time() > until:
                return likely
            if not _same_values(exercise, mine, candidate):
                continue
            if all(same(seen, seen_of(exercise, candidate, i)) for i, seen in enumerate(mine)):
                return candidate
            likely = likely or candidate
    return likely if _differs_in_values(exercise, mine) else ()


def _tells_something(mine: Seen) -> bool:
    """Can several mistakes be recognised by it? Not where it is always the same number, or never one."""
    return not _constant(mine) and any(seen.error is None and not _not_finite(seen.value) for seen in mine)


def _constant(mine: Seen) -> str | None:
    """The number that is returned whatever the inputs are; for one number in each, as well as for tensors of one."""
    found = set()
    for seen in mine:
        value = seen.value
        if isinstance(value, Tensor):
            numbers = value.double().unique() if value.numel() and not value.is_complex() else value.new_empty(0)
            found.add(words.number(numbers[0]) if len(numbers) == 1 else None)
        else:
            found.add(words.number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None)
    return found.pop() if len(found) == 1 and len(mine) > 1 else None


def _not_finite(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.is_floating_point() and not bool(value.isfinite().any())
    return isinstance(value, float) and not math.isfinite(value)


def _same_values(exercise: Exercise, mine: Seen, candidate: tuple[Misconception, ...]) -> bool:
    """Probe by probe, so that most candidates are out after the first."""
    if answer_of(exercise, candidate) is None:
        return False
    return all(same_outcome(seen, seen_of(exercise, candidate, i)) for i, seen in enumerate(mine))


def _differs_in_values(exercise: Exercise, mine: Seen) -> bool:
    """Is there a wrong value? Exceptions alone tell little: they may have any cause."""
    pairs = zip(mine, right(exercise), strict=True)
    return any(seen.error is None and not same_outcome(seen, wanted) for seen, wanted in pairs)


def _beyond_values(exercise: Exercise, function: Callable[..., Any]) -> properties.Failure | None:
    """What a second look finds in an answer whose values are right."""
    for probe in exercise.probes:
        found = properties.of_repetition(function, probe) or properties.of_batch(exercise, function, probe)
        if found:
            return found
    _, names = calls(exercise, function)
    return properties.of_device(exercise, function) if MAKERS & names else None


def _unknown(exercise: Exercise, function: Callable[..., Any], mine: Seen) -> Verdict:
    """No misconception is recognised: the first property that fails, then the first number that differs."""
    theirs = right(exercise)
    wrong = [i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if not same_outcome(a, b)]
    index = wrong[0] if wrong else next(i for i, (a, b) in enumerate(zip(mine, theirs, strict=True)) if not same(a, b))
    probe, seen, wanted = exercise.probes[index], mine[index], theirs[index]
    trait = _trait(exercise, wrong)
    if seen.error is not None:
        text = raised.told(seen.error, function, probe.label, probe.arguments())
        return Verdict(
            False, "\n\n".join(filter(None, [trait and trait[1], text])), failed=(trait or ("exception",))[0]
        )
    failures = [failure for failure in _properties(exercise, function, probe, seen, wanted) if failure]
    constant = _constant(mine)
    if constant is not None and not same_value(seen.value, wanted.value):
        said = f"It returns {constant} whatever it is given."
        failures = [("constant", said), *[f for f in failures if f[0] in CAUSES]]
    if trait:
        causes = itertools.takewhile(lambda failure: failure[0] in CAUSES, failures)
        failures.insert(len(list(causes)), trait)
    sentences = list(dict.fromkeys(sentence for _, sentence in failures))
    if _comparable(seen.value, wanted.value) and _numbers_differ(seen.value, wanted.value):
        sentences.append(f"With {probe.label}, {words.first_difference(seen.value, wanted.value)}.")
    elif not same_value(seen.value, wanted.value):
        sentences.append(f"That was with {probe.label}: {words.call(probe.arguments())}.")
    elif not failures:
        failures = [("effect", "")]
        difference = words.first_difference(seen.extra, wanted.extra)
        sentences.append(f"What it returns is right, what it leaves behind is not. With {probe.label}: {difference}.")
    return Verdict(False, "\n\n".join(sentences), failed=failures[0][0] if failures else "value")


def _properties(
    exercise: Exercise, function: Callable[..., Any], probe: Probe, seen: Observation, wanted: Observation
) -> list[properties.Failure | None]:
    """In the order in which they are worth hearing."""
    kind = properties.of_value(seen.value, wanted.value)
    if kind:
        if kind[0] == "shape" and isinstance(seen.value, Tensor):
            return [kind, relations.of_shapes(seen.value, wanted.value)]
        return [kind]
    chance = properties.of_repetition(function, probe)
    found: list[properties.Failure | None] = [chance, properties.of_inputs(seen)]
    found += [(p.name, p.message) for p in exercise.properties if not _holds(p, seen.value, probe)]
    if same_value(seen.value, wanted.value):
        found.append(properties.of_gradients(seen, wanted))
    else:
        found.append(properties.of_reach(seen, wanted))
    if not chance:
        found.append(properties.of_batch(exercise, function, probe))
    if isinstance(seen.value, Tensor) and not same_value(seen.value, wanted.value):
        found += relations.of_values(seen.value, wanted.value, exercise.axes)
    elif isinstance(seen.value, (int, float)) and not same_value(seen.value, wanted.value):
        found.append(relations.of_numbers(seen.value, wanted.value))
    return found


def _holds(asked: Any, value: Any, probe: Probe) -> bool:
    return bool(asked.holds(value, probe.arguments()))


def _comparable(mine: Any, theirs: Any) -> bool:
    """Can single numbers of the two be compared?"""
    return properties.of_value(mine, theirs) is None or (
        isinstance(mine, Tensor) and isinstance(theirs, Tensor) and mine.shape == theirs.shape
    )


def _numbers_differ(mine: Any, theirs: Any) -> bool:
    """Other numbers, and not the right ones in another dtype."""
    if isinstance(mine, Tensor) and isinstance(theirs, Tensor):
        mine = mine.to(theirs.dtype) if mine.dtype != theirs.dtype else mine
        return not (same_value(mine, theirs) or torch.allclose(mine.double(), theirs.double(), rtol=1e-4, atol=1e-5))
    return not same_value(mine, theirs)


def _trait(exercise: Exercise, wrong: Sequence[int]) -> properties.Failure | None:
    """Is it right for all probes of a trait, and wrong for all others?"""
    probes = exercise.probes
    for trait in sorted({trait for probe in probes for trait in probe.traits}):
        without = [i for i, probe in enumerate(probes) if trait not in probe.traits]
        if without and wrong == without:
            return trait, f"It is right for {trait}, and wrong otherwise."
    return None
