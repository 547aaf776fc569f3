"""A stale table whose figures still come out the same: one point is measured again, and the table is stamped anew.

The fingerprint of the code changes with every edit of a source, a refactoring included. Figures are the same number for
number where nothing that matters was changed (same machine, one thread): then hours need not be spent again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .runner import measured
from .spec import Config, Experiment, Figures
from .tables import TABLES, Table, key

TIMES = ("milliseconds", "low", "high", "images_a_second", "trained")  # figures that vary from run to run
TOLERANCE = 1e-4


def cheapest(table: Table, configs: list[Config]) -> Config | None:
    """The configuration of the table that took least time; None where it has none."""
    known = {key(config): config for config in configs}
    names = list(configs[0]) if configs else []
    timed = [(float(row["seconds"]), key({n: row.get(n, "") for n in names})) for row in table.rows]
    found = [(seconds, one) for seconds, one in timed if one in known]
    return known[min(found)[1]] if found else None


def differences(rows: Sequence[Mapping[str, str]], figures: list[Figures]) -> list[str]:
    """Where new figures are not those of the table, in words; times are left out."""
    if len(rows) != len(figures):
        return [f"{len(figures)} rows, the table has {len(rows)}"]
    return [
        f"{name}: {value}, the table has {row.get(name)}"
        for row, one in zip(rows, figures, strict=True)
        for name, value in one.items()
        if name not in TIMES and not _same(row.get(name, ""), value)
    ]


def confirm(one: Experiment, directory: Path = TABLES) -> list[str]:
    """Measure the cheapest configuration again; where it gives the table's figures, stamp all rows with today's code.

    Returns:
        What differs; nothing was stamped then.
    """
    table = Table(one, directory)
    configs = list(one.configs(False))
    config = cheapest(table, configs)
    if config is None:
        return [f"{one.name}: the table has none of the present configurations"]
    rows = table.rows_for(config)
    one.use_threads()
    figures, _ = measured(one.name, config)
    wrong = differences(rows, figures)
    if not wrong:
        table.stamp()
    return wrong


def _same(written: str, value: Any) -> bool:
    try:
        old = float(written)
    except ValueError:
        return written == str(value)
    return (math.isnan(old) and math.isnan(value)) or math.isclose(old, value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
