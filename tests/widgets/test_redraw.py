"""Drawing only what changed must give the very pixels of a full drawing."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch, Rectangle

from vitcourse.widgets.redraw import Renderer

RANDOM = np.random.default_rng(0)
GRAY = RANDOM.random((14, 14))


def image_under_grid(figure):
    axes = figure.subplots()
    image = axes.imshow(GRAY, cmap="gray")
    axes.vlines([3, 7], -0.5, 13.5, color="tab:orange")
    yield lambda i: image.set_data(np.roll(GRAY, i, axis=0))


def curve_with_legend_and_grid(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 9), ylim=(-1, 1), xlabel="x")
    axes.grid(True)
    axes.plot(np.cos(np.arange(10)), label="fixed", zorder=5)
    (line,) = axes.plot(np.zeros(10), lw=4, label="moved")
    axes.legend(loc="lower left")
    yield lambda i: line.set_ydata(np.sin(np.arange(10) + i))


def axes_through_the_middle(figure):
    axes = figure.subplots()
    axes.set(xlim=(-2, 2), ylim=(-2, 2))
    for side in ("left", "bottom"):
        axes.spines[side].set_position("zero")
    (dot,) = axes.plot([0], [0], "o", ms=40, zorder=0)
    yield lambda i: dot.set_data([i / 10], [0.1])


def two_axes_bars_and_title(figure):
    left, right = figure.subplots(1, 2)
    left.imshow(GRAY)
    box = left.add_patch(Rectangle((0, 0), 3, 3, fill=False, ec="w"))
    bars = right.bar(range(5), np.ones(5))
    right.set_ylim(0, 1)

    def update(i):
        box.set_xy((i, i))
        right.set_title(f"step {i}")
        for bar, height in zip(bars, np.random.default_rng(i).random(5), strict=True):
            bar.set_height(height)

    yield update


def colorbar_and_changing_range(figure):
    axes = figure.subplots()
    image = axes.imshow(GRAY)
    figure.colorbar(image)

    def update(i):
        image.set_data(GRAY * (i + 1))
        image.set_clim(0, i + 1)

    yield update


def limits_move(figure):
    axes = figure.subplots()
    (line,) = axes.plot([0, 1], [0, 1])

    def update(i):
        line.set_data([0, i + 1], [0, i + 1])
        axes.relim()
        axes.autoscale_view()

    yield update


def artists_come_and_go(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(0, 10))
    axes.text(5, 5, "still", zorder=9)
    kept = []

    def update(i):
        while kept:
            kept.pop().remove()
        for j in range(i % 3):
            kept.append(axes.text(j, i, f"{i} {j}"))
            kept.append(axes.add_patch(Rectangle((j + 3, 2), 3, 5)))

    yield update


def twin_axes(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 5), ylim=(0, 5))
    (line,) = axes.plot(range(5), lw=5)
    twin = axes.twinx()
    twin.plot([4, 3, 2, 1, 0], color="r", lw=5)
    yield lambda i: line.set_ydata(np.arange(5) * (i % 3))


def arrow_between_axes(figure):
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.set(xlim=(0, 1), ylim=(0, 1))
    figure.add_artist(ConnectionPatch((0.5, 0.5), (0.5, 0.5), "data", "data", axesA=left, axesB=right, lw=6))
    block = left.add_patch(Rectangle((0.2, 0.2), 0.5, 0.5, color="tab:green"))
    yield lambda i: block.set_x(i / 20)


def annotation_follows(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(0, 10))
    note = axes.annotate("here", (1, 1), xytext=(5, 8), arrowprops={"arrowstyle": "->"})

    def update(i):
        note.set_text(f"at {i}")
        note.xy = (i, 2)

    yield update


def image_without_axes(figure):
    axes = figure.subplots()
    axes.set_axis_off()
    photo = axes.imshow(GRAY)
    over = axes.imshow(GRAY[:7, :7], extent=(-0.5, 13.5, 13.5, -0.5), alpha=0.4)
    photo.set_visible(True)

    def update(i):
        over.set_alpha(0.1 + i / 20)
        photo.set_visible(i % 2 == 0)

    yield update


def suptitle_and_scatter(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    title = figure.suptitle("start")
    dots = axes.scatter(RANDOM.random(20), RANDOM.random(20), s=300)

    def update(i):
        title.set_text(f"step {i}")
        dots.set_offsets(np.random.default_rng(i).random((20, 2)))

    yield update


def three_dimensions(figure):
    axes = figure.add_subplot(projection="3d")
    (line,) = axes.plot([0, 1], [0, 1], [0, 1])
    yield lambda i: line.set_data_3d([0, i], [0, 1], [0, 1])


def tick_labels_change(figure):
    axes = figure.subplots()
    axes.imshow(GRAY)
    axes.set_xticks([0, 5, 10])
    yield lambda i: axes.set_xticklabels([str(i), str(i + 1), str(i + 2)])


def order_changes(figure):
    axes = figure.subplots()
    first, second = (axes.barh(0, width, color=color)[0] for width, color in ((3, "red"), (2, "blue")))

    def update(i):
        first.set_width(3 + i / 10)
        first.set_zorder(1 + i % 2)
        second.set_zorder(1.5)

    yield update


def axes_hide(figure):
    left, right, below = figure.subplots(1, 3)
    lines = [axes.plot([0, 1], [0, 1])[0] for axes in (left, right, below)]
    right.set_position(below.get_position())

    def update(i):
        right.set_visible(i < 3)
        for line in lines:
            line.set_ydata([i / 10, 1 - i / 10])

    yield update


CASES = [
    image_under_grid,
    curve_with_legend_and_grid,
    axes_through_the_middle,
    two_axes_bars_and_title,
    colorbar_and_changing_range,
    limits_move,
    artists_come_and_go,
    twin_axes,
    arrow_between_axes,
    annotation_follows,
    image_without_axes,
    suptitle_and_scatter,
    three_dimensions,
    tick_labels_change,
    order_changes,
    axes_hide,
]


def prepared(case, dpi=100):
    figure = Figure(figsize=(4, 3), dpi=dpi, layout="constrained")
    update = next(case(figure))
    renderer = Renderer(figure)
    update(0)
    renderer.settle()
    return figure, renderer, update


@pytest.mark.parametrize("case", CASES)
def test_equals_a_full_drawing(case):
    _, renderer, update = prepared(case)
    _, whole, same = prepared(case)
    whole.partial = False
    for i in (0, 1, 2, 5, 4, 3, 3, 7):
        update(i)
        same(i)
        np.testing.assert_array_equal(renderer.rgb(), whole.rgb(), err_msg=f"step {i}")


def count_full_drawings(renderer, monkeypatch):
    drawn = []
    draw = renderer.canvas.draw
    monkeypatch.setattr(renderer.canvas, "draw", lambda: (drawn.append(1), draw())[1])
    return drawn


@pytest.mark.parametrize("case", [image_under_grid, two_axes_bars_and_title, artists_come_and_go, suptitle_and_scatter])
def test_what_stands_still_is_drawn_once(case, monkeypatch):
    _, renderer, update = prepared(case)
    renderer.rgb()
    drawn = count_full_drawings(renderer, monkeypatch)
    for i in (1, 2, 4, 5, 7):
        update(i)
        renderer.rgb()
    assert len(drawn) == 1


def test_a_change_that_leaves_no_mark_is_drawn_all_the_same():
    figure, renderer, _ = prepared(image_under_grid)
    before = renderer.rgb()
    figure.axes[0].images[0].get_array()[:] = 0  # in place: matplotlib does not notice
    assert not np.array_equal(renderer.rgb(), before)


def test_a_new_resolution_draws_everything():
    figure, renderer, update = prepared(image_under_grid)
    update(1)
    assert renderer.rgb().shape == (300, 400, 3)
    figure.set_dpi(200)
    update(2)
    assert renderer.rgb().shape == (600, 800, 3)
