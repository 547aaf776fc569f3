"""The tables that lessons read: none is stale, each row's machine is on record, and cheap points come out again."""

from __future__ import annotations

from statistics import mean, stdev

import pytest
import torch

from vitcourse.data import load
from vitcourse.experiments import EXPERIMENTS, experiment
from vitcourse.experiments.confirm import TIMES, cheapest
from vitcourse.experiments.runner import measured
from vitcourse.experiments.tables import RUNS, TABLES, Table, rows_of

WRITTEN = [one.name for one in EXPERIMENTS if (TABLES / f"{one.name}.csv").exists()]
MAX_BYTES = 1_000_000


@pytest.fixture(params=WRITTEN)
def table(request):
    return Table(experiment(request.param))


def test_no_row_is_of_other_code(table):
    """`make claims` measures stale rows again; `tools/measure_claims.py --confirm` stamps what comes out the same."""
    assert {row["code"] for row in table.rows} == {table.code}


def test_every_row_says_where_it_was_measured(table):
    known = {row["run"] for row in rows_of(TABLES / RUNS)}
    assert {row["run"] for row in table.rows} <= known
    taken = [float(row["seconds"]) for row in table.rows]
    assert min(taken) >= 0  # the older rows of `scaling` are rounded to a tenth
    assert sum(taken) > 0.05 * len(taken)


def test_every_row_is_of_a_configuration_that_is_still_asked_for(table):
    configs = list(table.of.configs(False))
    known = [row for config in configs for row in table.rows_for(config)]
    assert len(known) == len(table.rows)


def test_tables_are_small():
    assert sum(path.stat().st_size for path in TABLES.glob("*")) < MAX_BYTES


def test_there_are_tables():
    assert WRITTEN


@pytest.fixture
def one_thread():
    """As the tables were measured; two threads add in another order, and training makes more of that."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_a_cheap_point_lies_in_its_band(table, one_thread):
    """Measured again, on whatever machine: within four standard deviations, and 0.02, of the mean over the seeds."""
    if table.of.timed:
        pytest.skip("times differ from machine to machine: benchmarks compare them")
    if load("mnist").name != "mnist":
        pytest.skip("MNIST is not to be had, and the tables are of it")
    configs = list(table.of.configs(False))
    if "seed" not in configs[0]:
        pytest.skip("one run a point: no spread to compare with")
    config = cheapest(table, configs)
    assert config is not None
    same = [one for one in configs if one | {"seed": config.get("seed")} == config]
    known = [rows for one in same if (rows := table.rows_for(one))]
    figures, _ = measured(table.of.name, config)
    wrong = []
    for i, row in enumerate(figures):
        for name in (name for name, value in row.items() if isinstance(value, float) and name not in TIMES):
            seeds = [float(rows[i][name]) for rows in known]
            margin = 4 * (stdev(seeds) if len(seeds) > 1 else 0) + 0.02
            if abs(row[name] - mean(seeds)) > margin:
                wrong.append(f"{config}, row {i}: {name} is {row[name]:.4f}, the table has {seeds}")
    assert wrong == []
