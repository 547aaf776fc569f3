"""Lesson 04's chart shows the times it is given."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from vitcourse.plots.timed import timing_board


def shown(figure: Figure) -> dict[str, tuple[list[float], list[float]]]:
    lines = figure.axes[0].lines
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in lines}


def test_the_newest_model_stands_out_and_the_others_stay():
    figure = Figure()
    draw = timing_board(figure)
    draw([])
    assert shown(figure)["this one"] == ([], [])
    draw([(1e9, [0.002, 0.004, 0.003]), (5e9, [0.05])])
    draw([(1e9, [0.002, 0.004, 0.003]), (5e9, [0.05, 0.01, 0.02]), (9e9, [])])  # the last has not passed once
    lines = shown(figure)
    assert lines["before"] == ([1.0], [3.0])
    assert lines["this one"] == ([5.0], [20.0])
    xs, ys = lines["as many GFLOPs a second"]
    assert [y / x for x, y in zip(xs, ys, strict=True)] == pytest.approx([4.0, 4.0])  # 20 ms for 5 GFLOPs
    assert figure.axes[0].lines[2].get_ydata() == [10.0, 50.0]
