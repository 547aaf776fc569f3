"""What lessons read of an experiment: where it was measured, and a point measured anew."""

from __future__ import annotations

import re

import pytest

from vitcourse.experiments import measure_again, measured_on
from vitcourse.experiments.reading import read_table


def test_a_table_says_where_it_was_measured():
    said = measured_on("warmup")
    assert re.fullmatch(
        r"5 seeds; .+, 1 of \d+ cores, torch \d[\d.]*; \d{4}-\d\d-\d\d( to \d{4}-\d\d-\d\d)?; [\d.]+ hours", said
    )


def test_the_hours_count_a_configuration_once():
    table = read_table("tokens")  # five rows a configuration, each with its seconds
    hours = table.groupby(["position", "pool", "updates", "seed"])["seconds"].first().sum() / 3600
    assert measured_on("tokens").endswith(f"{hours:.1f} hours")


def test_a_point_is_measured_anew():
    row = measure_again("scaling", part="projections", tokens=64, dim=192, heads=3)
    assert list(row["flops"]) == [8 * 64 * 192 * 192]
    assert row["milliseconds"][0] > 0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"'warmup' was measured with settings \['lr'\]; it takes \['lr', 'seed'"):
        measure_again("warmup", lr=0.1)
    with pytest.raises(ValueError, match="is no experiment"):
        measured_on("nothing")
