"""The tables that lessons read: none is stale, each row's machine is on record, and cheap points come out again."""

from __future__ import annotations

import pytest

from vitcourse.experiments import EXPERIMENTS, experiment
from vitcourse.experiments.confirm import cheapest, confirm
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
    assert all(float(row["seconds"]) > 0 for row in table.rows)


def test_every_row_is_of_a_configuration_that_is_still_asked_for(table):
    configs = list(table.of.configs(False))
    known = [row for config in configs for row in table.rows_for(config)]
    assert len(known) == len(table.rows)


def test_tables_are_small():
    assert sum(path.stat().st_size for path in TABLES.glob("*")) < MAX_BYTES


def test_there_are_tables():
    assert WRITTEN


@pytest.mark.slow
def test_a_cheap_point_comes_out_again(table, tmp_path):
    """Number for number: one thread, the same seed."""
    if table.of.timed:
        pytest.skip("times differ from machine to machine: benchmarks compare them")
    assert cheapest(table, list(table.of.configs(False))) is not None
    for file in TABLES.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert confirm(table.of, tmp_path) == []
