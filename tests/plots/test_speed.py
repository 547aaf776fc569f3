"""Runs over seconds, and singular values, are drawn as they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vitcourse.plots.speed import over_seconds, spectra

TABLE = pd.DataFrame(
    [
        dict(recipe=recipe, seed=seed, trained=trained * (1 + seed), accuracy=accuracy)
        for recipe, seeds in (("a", (0, 1)), ("b", (0,)), ("c", (0,)))
        for seed in seeds
        for trained, accuracy in ((5.0, 0.9), (70.0, 0.985))
    ]
)


def test_a_line_for_each_run_and_a_dot_where_it_ends():
    axes = over_seconds(TABLE, {"b": "second", "a": "first"}).axes[0]
    of_runs = [line.get_xydata().round(6).tolist() for line in axes.lines]
    assert [[5.0, 0.1], [70.0, 0.015]] in of_runs  # seed 0, of a and of b
    assert [[10.0, 0.1], [140.0, 0.015]] in of_runs  # seed 1 of a
    assert [[70.0, 0.015], [140.0, 0.015]] in of_runs  # where the runs of a end
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["second", "first"]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["10 s", "1 min"]
    heights = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    np.testing.assert_allclose(heights, [0.02, 0.01])


def test_singular_values_are_shares_of_the_largest():
    axes = spectra({"gradient": [4.0, 2.0, 1.0], "Muon": [1.0, 1.0, 0.5]}).axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 1], [2, 0.5], [3, 0.25]])
    np.testing.assert_allclose(axes.lines[1].get_ydata(), [1, 1, 0.5])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["gradient", "Muon"]
