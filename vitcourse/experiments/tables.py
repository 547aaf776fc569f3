"""The tables: a CSV for each experiment, and one that says on which machine each row was measured."""

from __future__ import annotations

import csv
import io
import os
import platform
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import write_whole
from .spec import Config, Experiment, Figures, experiment

if TYPE_CHECKING:
    import pandas as pd

TABLES = Path(__file__).parent / "tables"
RUNS = "runs.csv"
KEPT = ("seconds", "run", "code")  # columns that every table has beside configuration and figures


def read_table(name: str) -> pd.DataFrame:
    """The table of an experiment: a row for each configuration and figure, with `seconds`, `run` and `code`.

    Raises:
        ValueError: there is no such experiment, or it was not run yet.
    """
    import pandas as pd

    experiment(name)
    path = TABLES / f"{name}.csv"
    if not path.exists():
        raise ValueError(f"name={name!r}: this experiment was not run yet; `make claims` runs it")
    return pd.read_csv(path)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table as they are written; none where there is no table."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def key(config: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What tells one configuration from another, the same before writing and after reading."""
    return tuple(sorted((name, _text(value)) for name, value in config.items()))


class Table:
    """One experiment's table in a directory; each change is written at once, whole or not at all."""

    def __init__(self, of: Experiment, directory: Path = TABLES) -> None:
        self.of, self.directory = of, directory
        self.path = directory / f"{of.name}.csv"
        self.code = of.code
        self.rows = rows_of(self.path)

    @property
    def stale(self) -> bool:
        """Whether a row was measured by other code than the present one."""
        return any(row["code"] != self.code for row in self.rows)

    def missing(self, configs: Iterable[Config]) -> list[Config]:
        """The configurations without a row by the present code, in their order."""
        return [config for config in configs if not self._has(config)]

    def put(self, config: Config, figures: list[Figures], *, seconds: float, run: str) -> None:
        """Replace what the table has of a configuration, and write it."""
        old = self.rows_for(config)
        self.rows = [row for row in self.rows if row not in old]
        kept = {"seconds": f"{seconds:.3g}", "run": run, "code": self.code}
        self.rows += [{n: _text(v) for n, v in {**config, **one, **kept}.items()} for one in figures]
        write_whole(self.path, _csv(self.rows))

    def rows_for(self, config: Config) -> list[dict[str, str]]:
        """The rows of one configuration, by whatever code."""
        wanted, names = key(config), list(config)
        return [row for row in self.rows if self._key(row, names) == wanted]

    def stamp(self) -> None:
        """Note for all rows that the present code gives them; see `confirm`."""
        self.rows = [row | {"code": self.code} for row in self.rows]
        write_whole(self.path, _csv(self.rows))

    def _has(self, config: Config) -> bool:
        return any(row["code"] == self.code for row in self.rows_for(config))

    @staticmethod
    def _key(row: Mapping[str, str], names: list[str]) -> tuple[tuple[str, str], ...]:
        return key({name: row.get(name, "") for name in names})


def note_run(directory: Path = TABLES, **settings: Any) -> str:
    """Put this machine on record, once a day and setting, and give the run's number."""
    import torch

    about = {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__.split("+")[0],
        **settings,
    }
    rows = rows_of(directory / RUNS)
    for row in rows:
        if all(row.get(name) == _text(value) for name, value in about.items()):
            return row["run"]
    number = str(1 + max((int(row["run"]) for row in rows), default=0))
    rows.append({"run": number} | {name: _text(value) for name, value in about.items()})
    write_whole(directory / RUNS, _csv(rows))
    return number


def processor() -> str:
    """The model name of this machine's processor, or what else is known of it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _text(value: Any) -> str:
    """A number or a word as it stands in a table."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _csv(rows: list[dict[str, str]]) -> str:
    """Columns in the order in which they first appear, those that every table has last."""
    names = list(dict.fromkeys(name for row in rows for name in row if name not in KEPT))
    names += [name for name in KEPT if any(name in row for row in rows)]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
