"""Lesson 06's figures of tables: lines are means, an order keeps its color, what is missing is in no legend."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from vitcourse.plots import map_tables

LEVELS = {"equal weights": 3.6, "near": 0.8}
HEADS = pd.DataFrame(
    [
        dict(state=state, layer=layer, head=head, seed=seed, distance=base - 0.1 * layer + 0.01 * seed, finds=head / 10)
        for state, base in (("trained", 3.0), ("untrained", 3.6))
        for layer in (1, 2)
        for head in (1, 2)
        for seed in range(3)
    ]
)


def hiding(*orders: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            dict(order=order, hidden=k, seed=seed, probability=1 - 0.1 * k - 0.01 * seed, kept=1 - 0.05 * k)
            for order in orders
            for k in (0, 1, 2)
            for seed in range(3)
        ]
    )


def legend(figure) -> dict:
    """What the legend says, and in which color."""
    shown = figure.axes[0].get_legend()
    return {t.get_text(): h.get_color() for t, h in zip(shown.get_texts(), shown.legend_handles, strict=True)
            if hasattr(h, "get_color")}  # fmt: skip


def test_distances_lie_beside_their_levels():
    figure = map_tables.distance_bands(HEADS, LEVELS)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [2.91, 2.81])
    assert [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"] == list(LEVELS.values())
    assert set(LEVELS) <= {text.get_text() for text in axes.texts}
    assert axes.get_ylim()[0] == 0
    now = pd.DataFrame([dict(state="trained", layer=2, distance=3.3)])
    marked = map_tables.distance_bands(HEADS, LEVELS, now=now).axes[0]
    assert [2, 3.3] in marked.collections[2].get_offsets().tolist()


def test_an_order_keeps_its_color():
    few, many = legend(map_tables.hiding_bands(hiding("ink", "random"), "t")), hiding(*map_tables.ORDER_NAMES)
    assert list(few) == ["ink", "chance"]
    all_of_them = legend(map_tables.hiding_bands(many, "t"))
    assert list(all_of_them) == list(map_tables.ORDER_NAMES.values())
    assert all(to_rgba(all_of_them[name]) == to_rgba(color) for name, color in few.items())


def test_on_boards_the_twin_takes_the_place_of_ink():
    of_boards = map_tables.hiding_bands(hiding("last layer", "the twin"), "kept", y="kept", what="tiles")
    assert list(legend(of_boards)) == ["last layer", "the twin"]
    assert of_boards.axes[0].get_xlabel() == "tiles hidden"
    digits = legend(map_tables.hiding_bands(hiding("ink"), "t"))
    assert to_rgba(legend(of_boards)["the twin"]) == to_rgba(digits["ink"])


def test_what_was_measured_now_is_named():
    now = pd.DataFrame([dict(order="ink", hidden=1, probability=0.4)])
    figure = map_tables.hiding_bands(hiding("ink", "random"), "t", now=now)
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["ink", "chance", "now, here"]


def test_heads_are_dots_on_the_row_of_their_layer():
    axes = map_tables.head_strips(HEADS[HEADS["state"] == "trained"], "t", 0.15, "x").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["layer 1", "layer 2"]
    assert axes.lines[0].get_xdata()[0] == pytest.approx(0.15)
    assert sorted(set(axes.collections[0].get_offsets()[:, 0].round(3))) == [0.1, 0.2]
