"""What lessons read of an experiment: where it was measured, and a point measured anew."""

from __future__ import annotations

import os
import re
from dataclasses import replace

import pytest
import torch

from vitcourse.experiments import experiment, measure_again, measured_on, reading
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


def test_what_took_minutes_is_told_in_seconds():
    seconds = read_table("scaling")["seconds"].sum()
    assert measured_on("scaling").endswith(f"; {seconds:.0f} seconds")


def test_what_is_timed_runs_on_the_tables_threads(monkeypatch):
    threads = []

    def measure(**_):
        threads.append(torch.get_num_threads())
        return [{}]

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    for name, settings in (
        ("scaling", dict(part="MLP", tokens=64, dim=192, heads=3)),
        ("warmup", dict(lr=0.1, warmup=0.0, updates=1, seed=0)),
        ("recipes", dict(recipe="fast", images=640, seed=0)),
    ):
        one = replace(experiment(name), measure=measure)
        monkeypatch.setattr(reading, "experiment", lambda _, one=one: one)
        measure_again(name, **settings)
    assert (threads, torch.get_num_threads()) == ([1, 2, os.cpu_count()], 2)
    torch.set_num_threads(before)


def test_a_point_is_measured_anew():
    row = measure_again("scaling", part="projections", tokens=64, dim=192, heads=3)
    assert list(row["flops"]) == [8 * 64 * 192 * 192]
    assert row["milliseconds"][0] > 0


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"'warmup' was measured with settings \['lr'\]; it takes \['lr', 'seed'"):
        measure_again("warmup", lr=0.1)
    with pytest.raises(ValueError, match="is no experiment"):
        measured_on("nothing")


def test_settings_are_known_where_one_experiment_reads_another():
    """The configurations of `data_regime` hold the rates that `learning_rates` chose."""
    with pytest.raises(ValueError, match=r"it takes \['augment', 'family', 'lr', 'number', 'seed', 'updates'\]"):
        measure_again("data_regime", family="cnn")
