"""Times taken in turn, so that a slow minute hits all alike, and what can be said of them: medians with intervals."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

clock = time.perf_counter  # tests put the processor's own time in its place


class Median(NamedTuple):
    """A median, and the interval that holds the true one in at least 95 % of cases (see ``median_of``)."""

    median: float
    low: float
    high: float

    def text(self, form: str = ".2f", factor: float = 1.0) -> str:
        """Such as "1.02 (1.00 to 1.05)"."""
        middle, low, high = (format(factor * value, form) for value in self)
        return f"{middle} ({low} to {high})"


def median_of(values: Sequence[float]) -> Median:
    """The median with the interval between two of the sorted values.

    The true median lies below the k-th smallest of n values with the chance that a fair coin shows fewer than k heads
    in n throws, whatever the distribution. k is the largest with which at most 2.5 % are lost on either side. Of fewer
    than six values even least and most hold less than 95 %: they are given all the same.
    """
    ordered = sorted(values)
    count, chance, k = len(ordered), 0.0, 0
    while (chance := chance + math.comb(count, k) / 2**count) <= 0.025:
        k += 1
    return Median(median(ordered), ordered[max(k - 1, 0)], ordered[min(count - k, count - 1)])


def ratio_of(values: Sequence[float], others: Sequence[float]) -> Median:
    """The median of the ratios of two series, round by round."""
    return median_of([value / other for value, other in zip(values, others, strict=True)])


def timed(fn: Callable[[], object]) -> Callable[[], float]:
    """A function that runs ``fn`` and returns its seconds."""

    def run() -> float:
        started = clock()
        fn()
        return clock() - started

    return run


def in_turn(
    tasks: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 2, seed: int = 0
) -> dict[str, list[float]]:
    """What each task returns in each round; within a round all run once, in an order that changes from round to round.

    Args:
        tasks: each runs once and returns its seconds; see ``timed``.
        rounds: how many count.
        warm_up: rounds before those.
    """
    order, times = random.Random(seed), {name: [] for name in tasks}
    for number in range(warm_up + rounds):
        for name in order.sample(list(tasks), len(tasks)):
            taken = tasks[name]()
            if number >= warm_up:
                times[name].append(taken)
    return times
