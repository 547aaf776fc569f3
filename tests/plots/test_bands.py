"""Bands and strips show the figures that they are given: means, least and most, and what was measured just now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from vitcourse.plots.bands import bands, percent, strips

RUNS = pd.DataFrame(
    [
        dict(family=family, number=number, seed=seed, accuracy=base + number / 1000 + 0.01 * seed)
        for family, base in (("vit", 0.2), ("cnn", 0.5))
        for number in (100, 300)
        for seed in range(3)
    ]
)
NAMES = {"cnn": "CNN", "vit": "ViT"}


@pytest.fixture
def axes():
    return Figure(figsize=(5, 3), layout="constrained").subplots()


def band_edges(axes, which: int) -> np.ndarray:
    path = axes.collections[which].get_paths()[0].vertices
    return np.array([[path[path[:, 0] == x, 1].min(), path[path[:, 0] == x, 1].max()] for x in (100, 300)])


def test_a_line_runs_through_the_means_and_its_band_from_least_to_most(axes):
    bands(axes, RUNS, x="number", y="accuracy", by="family", names=NAMES)
    cnn = axes.lines[0]
    assert list(cnn.get_xdata()) == [100, 300]
    np.testing.assert_allclose(cnn.get_ydata(), [0.61, 0.81])
    np.testing.assert_allclose(band_edges(axes, 0), [[0.6, 0.62], [0.8, 0.82]])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["CNN", "ViT"]
    assert list(axes.get_xticks()) == [100, 300]


def test_what_was_measured_now_lies_on_top(axes):
    now = pd.DataFrame([dict(family="vit", number=100, accuracy=0.33)])
    bands(axes, RUNS, x="number", y="accuracy", by="family", names=NAMES, now=now, xscale="log")
    np.testing.assert_allclose(axes.collections[2].get_offsets(), [[100, 0.33]])
    assert "now, here" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_one_line_needs_no_names(axes):
    bands(axes, RUNS[RUNS.family == "vit"], x="number", y="accuracy", xlabel="images", title="right")
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.31, 0.51])
    assert (axes.get_xlabel(), axes.get_title(loc="left"), axes.get_legend()) == ("images", "right", None)
    assert not axes.spines["top"].get_visible()


def test_strips_have_a_dot_for_each_run_and_a_bar_at_the_mean(axes):
    some = RUNS[RUNS.number == 100]
    now = pd.DataFrame([dict(family="vit", accuracy=0.4)])
    strips(axes, some, kind="family", y="accuracy", names=NAMES, now=now)
    percent(axes.xaxis, 0)
    np.testing.assert_allclose([line.get_xdata()[0] for line in axes.lines], [0.61, 0.31])
    dots = np.concatenate([c.get_offsets() for c in axes.collections])
    assert sorted(round(float(x), 2) for x in dots[:, 0]) == [0.3, 0.31, 0.32, 0.4, 0.6, 0.61, 0.62]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["CNN", "ViT"]
    assert axes.yaxis_inverted()  # the first on top
    again = Figure().subplots()
    strips(again, some, kind="family", y="accuracy", names=NAMES, now=now)
    np.testing.assert_array_equal(dots, np.concatenate([c.get_offsets() for c in again.collections]))


def test_bad_input_is_named(axes):
    with pytest.raises(ValueError, match="table has no column loss; it has family, number"):
        bands(axes, RUNS, x="number", y="loss")
    with pytest.raises(ValueError, match=r"names has no name for family \['vit'\]; it names \['cnn'\]"):
        bands(axes, RUNS, x="number", y="accuracy", by="family", names={"cnn": "CNN"})
    with pytest.raises(ValueError, match="table has no column kind"):
        strips(axes, RUNS, kind="kind", y="accuracy", names={})
