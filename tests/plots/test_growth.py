"""The costs over tokens are drawn as they are given, on log-log axes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vitcourse.plots.growth import growth

TABLE = pd.DataFrame(
    [
        dict(part=part, tokens=n, milliseconds=factor * n, peak_bytes=8 * n if part == "a" else None)
        for part, factor in (("a", 1), ("b", 3))
        for n in (256, 64)
    ]
)
NAMES = {"b": "second", "a": "first"}
TITLES = {"milliseconds": "time", "peak_bytes": "memory"}


def test_a_line_for_each_part_and_a_panel_for_each_column():
    figure = growth(TABLE, TITLES, NAMES, marks={"N = 2 D": 100})
    time, memory = figure.axes
    lines = {line.get_label(): line for line in time.lines}
    np.testing.assert_allclose(lines["second"].get_xydata(), [[64, 192], [256, 768]])
    np.testing.assert_allclose(lines["first"].get_xydata(), [[64, 64], [256, 256]])
    assert [line.get_label() for line in memory.lines] == ["first"]  # no figures of the other
    assert memory.lines[0].get_color() == lines["first"].get_color()
    assert [axes.get_xscale() + axes.get_yscale() for axes in figure.axes] == ["loglog"] * 2
    assert time.texts[0].get_text().strip() == "N = 2 D"


def test_what_was_measured_now_lies_on_top():
    now = pd.DataFrame([dict(part="b", tokens=100, milliseconds=250.0, peak_bytes=None)])
    figure = growth(TABLE, TITLES, NAMES, now=now)
    dots = np.concatenate([c.get_offsets() for c in figure.axes[0].collections])
    assert [100, 250] in dots.tolist()
    assert "now, here" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="table has no column seconds; it has part"):
        growth(TABLE, {"seconds": "time"}, NAMES)
