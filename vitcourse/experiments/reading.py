"""What a lesson needs of an experiment: its table, a line that says where it was measured, one point measured anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .spec import experiment
from .tables import RUNS, TABLES, read_table, rows_of

if TYPE_CHECKING:
    import pandas as pd


def measured_on(name: str) -> str:
    """Seeds, machine, versions and date of a table, in a line.

    Raises:
        ValueError: there is no such experiment, or it was not run yet.
    """
    table = read_table(name)
    used = {str(run) for run in table["run"]}
    runs = [row for row in rows_of(TABLES / RUNS) if row["run"] in used]
    machines = dict.fromkeys(
        f"{row['processor']}, {row['threads']} of {row['cores']} cores, torch {row['torch']}" for row in runs
    )
    seeds = sorted(set(table["seed"])) if "seed" in table else []
    said = f"{len(seeds)} seeds; " if len(seeds) > 1 else ""
    dates = sorted({row["date"] for row in runs})
    seconds = table.drop_duplicates(_settings(name))["seconds"].sum()
    took = f"{seconds / 3600:.1f} hours" if seconds >= 360 else f"{seconds:.0f} seconds"
    return f"{said}{'; '.join(machines)}; {' to '.join(dict.fromkeys((dates[0], dates[-1])))}; {took}"


def measure_again(name: str, **settings: Any) -> pd.DataFrame:
    """One point of an experiment, now and on this machine: a row of figures each, beside its configuration.

    Args:
        name: of the experiment.
        settings: the configuration, all of it; a seed that is not in the table makes it a new trial.

    What is timed runs on the table's threads, mostly one; all else on as many as PyTorch uses here.

    Raises:
        ValueError: there is no such experiment, or a setting is missing or unknown.
    """
    import pandas as pd
    import torch

    one, wanted = experiment(name), _settings(name)
    if set(settings) != set(wanted):
        raise ValueError(
            f"{name!r} was measured with settings {sorted(settings)}; it takes {sorted(wanted)}, all of them"
        )
    before = torch.get_num_threads()
    if one.timed:
        one.use_threads()
    try:
        return pd.DataFrame([{**settings, **figures} for figures in one.measure(**settings)])
    finally:
        torch.set_num_threads(before)


def _settings(name: str) -> list[str]:
    return list(next(iter(experiment(name).configs(False))))
