"""One axis of a plot: its ends, its ticks, and how a number on it is written."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Axis:
    """From ``low`` to ``high``, linear or logarithmic. Places on it are fractions: 0 at ``low``, 1 at ``high``."""

    low: float
    high: float
    name: str = ""
    unit: str = ""
    log: bool = False

    @property
    def title(self) -> str:
        return f"{self.name} ({self.unit})" if self.name and self.unit else self.name or self.unit

    def values(self, fractions: np.ndarray) -> np.ndarray:
        """Fractions of the axis, of any shape -> values."""
        if self.log:
            return self.low * (self.high / self.low) ** fractions
        return self.low + (self.high - self.low) * fractions

    def fractions(self, values: np.ndarray) -> np.ndarray:
        """Values, of any shape -> fractions of the axis; below 0 or above 1 outside it."""
        if self.log:
            return np.log(values / self.low) / math.log(self.high / self.low)
        return (values - self.low) / (self.high - self.low)

    def widened(self, values: np.ndarray) -> Axis:
        """The same axis, with its ends moved as far as the values need."""
        return replace(self, low=min(self.low, float(values.min())), high=max(self.high, float(values.max())))

    def ticks(self) -> list[float]:
        """Round values on the axis, in order."""
        if self.log:
            return _log_ticks(self.low, self.high)
        from matplotlib.ticker import MaxNLocator

        marks = MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]).tick_values(self.low, self.high)
        room = 1e-9 * (self.high - self.low)
        return [float(mark) for mark in marks if self.low - room <= mark <= self.high + room]

    def text(self, value: float) -> str:
        """A value, as exactly as a hand can point at it: about a hundredth of the axis."""
        digits = 1 - math.floor(math.log10(value)) if self.log else 2 - round(math.log10(self.high - self.low))
        if float(self.low).is_integer() and float(self.high).is_integer() and self.high - self.low > 50:
            digits = 0
        return f"{value:,.{max(0, digits)}f}"


def tick_text(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.6g}"


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of 2 where both ends are such, else powers of 10; 1, 2 and 5 times them where there are few."""
    doublings = math.log2(low), math.log2(high)
    if all(power.is_integer() for power in doublings):
        stride = math.ceil((doublings[1] - doublings[0]) / 6)
        return [2.0**power for power in range(int(doublings[0]), int(doublings[1]) + 1, stride)]
    factors = (1, 2, 5) if high / low < 300 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [factor * 10.0**power for power in powers for factor in factors]
    return [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]
