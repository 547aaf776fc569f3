"""Pictures of many ViTs and CNNs: means, least and most, errors for accuracies, marks for what was measured now."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vitcourse.plots.families import by_cost, by_damage, by_hidden, by_model, by_number

BASE = {"vit": 0.5, "cnn": 0.8}


def runs(**columns) -> pd.DataFrame:
    """Three seeds of each family, at each value of each column."""
    rows = [dict(family=f, seed=s, accuracy=base + s / 100) for f, base in BASE.items() for s in range(3)]
    for name, values in columns.items():
        rows = [row | {name: value} for row in rows for value in values]
    return pd.DataFrame(rows)


def line(axes, name: str):
    return next(one for one in axes.lines if one.get_label() == name)


def dots(axes) -> list[list[float]]:
    return np.concatenate([c.get_offsets() for c in axes.collections]).tolist()


def test_damage_has_a_panel_for_each_kind():
    table = runs(kind=["moved", "noise"], amount=[0, 8])
    table.loc[table["kind"] == "noise", "accuracy"] /= 2
    now = pd.DataFrame([dict(family="vit", kind="noise", amount=8, accuracy=0.1)])
    figure = by_damage(table, {"moved": "pixels", "noise": "eighths"}, now)
    moved, noise = figure.axes
    assert (moved.get_title(loc="left"), noise.get_xlabel()) == ("right, moved", "eighths")
    np.testing.assert_allclose(moved.lines[0].get_xydata(), [[0, 0.51], [8, 0.51]])
    np.testing.assert_allclose(noise.lines[1].get_ydata(), 0.405)
    assert [8, 0.1] in dots(noise)
    assert [8, 0.1] not in dots(moved)
    assert (moved.get_legend() is not None, noise.get_legend()) == (True, None)


def test_numbers_of_images_show_errors_with_and_without_augmentation():
    table = runs(number=[100, 1000], augment=[0, 1])
    table.loc[table["augment"] == 1, "accuracy"] += 0.1
    plain, shifted = by_number(table).axes
    np.testing.assert_allclose(plain.lines[0].get_xydata(), [[100, 0.49], [1000, 0.49]])
    np.testing.assert_allclose(shifted.lines[1].get_ydata(), 0.09)
    assert plain.get_xscale() == plain.get_yscale() == "log"


def test_costs_have_a_mark_for_each_size_and_length():
    table = runs(size=["4"], updates=[10, 20])
    table["flops"] = 100 * table["updates"]
    figure = by_cost(
        table, {"flops": "operations"}, line={"flops": (-1, 100, 1000, 2000)}, now=table[table["family"] == "cnn"][:1]
    )
    (axes,) = figure.axes
    np.testing.assert_allclose(line(axes, "ViT").get_xydata(), [[1000, 0.49], [2000, 0.49]])
    np.testing.assert_allclose(line(axes, "fitted power").get_ydata(), [0.1, 0.05])
    bars = [path.vertices for c in axes.collections[:1] for path in c.get_paths()]
    np.testing.assert_allclose(bars[0], [[1000, 0.48], [1000, 0.5]])  # from least to most
    assert any(np.allclose(dot, [1000, 0.2]) for dot in dots(axes))


@pytest.mark.parametrize("column", ["kind", "accuracy"])
def test_a_missing_column_is_named(column):
    table = runs(kind=["moved", "noise"], amount=[0, 8]).drop(columns=column)
    with pytest.raises((ValueError, KeyError), match=column):
        by_damage(table, {"moved": "pixels", "noise": "eighths"})


def test_models_have_a_row_each_and_a_mark_for_each_batch_size():
    rows = [("A", 1, 10.0), ("B", 1, 1.0), ("A", 8, 20.0), ("B", 8, 2.0)]
    table = pd.DataFrame([dict(model=m, batch=b, images_a_second=n, low=0.9 * n, high=1.1 * n) for m, b, n in rows])
    (axes,) = by_model(table, {"B": "second", "A": "first"}, now=table[:1]).axes
    np.testing.assert_allclose(line(axes, "1 at a time").get_xydata(), [[1, 0], [10, 1]])
    np.testing.assert_allclose(line(axes, "8 at a time").get_xydata(), [[2, 0], [20, 1]])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["second", "first"]
    assert [10, 1] in dots(axes)


def test_hidden_patches_show_each_familys_own_map_beside_chance():
    table = runs(order=["class activation", "last layer", "random", "gradient"], hidden=[0, 8])
    table = table.rename(columns={"accuracy": "kept"})
    table.loc[table["order"].isin(["class activation", "last layer"]), "kept"] /= 2
    cnn, vit = by_hidden(table).axes
    for axes, kept, order in ((cnn, 0.81, "CNN, class activation"), (vit, 0.51, "ViT, last layer")):
        assert axes.get_title(loc="left").endswith(order)
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["its map", "chance"]
        np.testing.assert_allclose(axes.lines[0].get_ydata(), kept / 2)
        np.testing.assert_allclose(axes.lines[1].get_ydata(), kept)
