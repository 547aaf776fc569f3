"""Cells and points chosen in the picture itself."""

import pytest

from vitcourse.widgets import cell, live, point


def grid(**controls):
    def make(figure):
        axes = figure.add_axes((0.25, 0.25, 0.5, 0.5))
        axes.set(xlim=(0, 4), ylim=(4, 0))  # as imshow has it: y grows downwards
        other = figure.add_axes((0.8, 0.8, 0.1, 0.1))
        other.set(xlim=(0, 1), ylim=(0, 1))
        return lambda **values: None

    return live(make, alt="A grid.", size=(200, 200), **controls)


def press(shown, x, y, *, count=1, to=None):
    """Presses at (x, y), fractions of the picture from its top left, and drags on."""
    at = to or (x, y)
    shown.figure.pointer = {
        "x": at[0], "y": at[1], "start_x": x, "start_y": y, "press": count, "down": True,
    }  # fmt: skip


def test_a_click_chooses_the_cell_below_it():
    shown = grid(patch=cell(2, 4))
    press(shown, 0.27, 0.7)
    assert shown.values["patch"] == (1, 0)
    press(shown, 0.74, 0.26, count=2)
    assert shown.values["patch"] == (0, 3)


def test_a_click_outside_the_axes_changes_nothing():
    shown = grid(patch=cell(2, 4, value=(1, 1)))
    press(shown, 0.1, 0.1)
    press(shown, 0.85, 0.15, count=2)
    assert shown.values["patch"] == (1, 1)


def test_a_drag_stays_with_its_axes_and_within_them():
    shown = grid(patch=cell(2, 4))
    press(shown, 0.3, 0.3, to=(0.99, 0.99))
    assert shown.values["patch"] == (1, 3)


def test_a_point_is_given_in_data_coordinates():
    shown = grid(query=point(1, 1))
    press(shown, 0.5, 0.375)
    assert shown.values["query"] == pytest.approx((2.0, 1.0), abs=0.01)
    press(shown, 0.5, 0.375, to=(0.0, 1.0))
    assert shown.values["query"] == pytest.approx((0.0, 4.0), abs=0.01)


def test_a_point_keeps_to_its_bounds():
    shown = grid(query=point(1, 1, bounds=(0, 2, 0.5, 3)))
    press(shown, 0.74, 0.26)
    assert shown.values["query"] == (2.0, 0.5)


def test_the_nearest_point_is_taken():
    shown = grid(left=point(0.5, 2), right=point(3.5, 2), patch=cell(4, 4))
    press(shown, 0.68, 0.52)
    assert shown.values["left"] == (0.5, 2)
    assert shown.values["right"] != (3.5, 2)
    assert shown.values["patch"] == (0, 0)
    press(shown, 0.5, 0.28, count=2)  # far from both: the cell below
    assert shown.values["patch"] == (0, 2)


def test_arrow_keys_move_and_n_goes_on():
    shown = grid(patch=cell(2, 4), query=point(2, 2))
    shown.figure.arrows = {"right": 1, "down": 1, "next": 0}
    assert shown.values["patch"] == (1, 1)
    shown.figure.arrows = {"right": -5, "down": 5, "next": 0}
    assert shown.values["patch"] == (1, 0)
    shown.figure.arrows = {"right": -4, "down": 5, "next": 1}
    assert shown.values["patch"] == (1, 0)
    assert shown.values["query"] == pytest.approx((2.1, 2.0))


def test_down_is_down_on_the_screen():
    shown = grid(query=point(2, 2))  # y grows downwards here
    shown.figure.arrows = {"right": 0, "down": 1, "next": 0}
    assert shown.values["query"][1] > 2
    upright = grid(query=point(0.5, 0.5, axes=1))
    upright.figure.arrows = {"right": 0, "down": 1, "next": 0}
    assert upright.values["query"][1] < 0.5


def test_the_picture_says_how_it_is_operated():
    shown = grid(patch=cell(2, 4, label="query patch"), query=point(2, 2))
    assert shown.figure.interactive
    assert "query patch: click a cell or use the arrow keys." in shown.figure.hint
    assert "N:" in shown.figure.hint
    assert not grid().figure.interactive


def test_code_sets_cells_and_points():
    shown = grid(patch=cell(2, 4), query=point(2, 2, bounds=(0, 4, 0, 4)))
    shown.update(patch=(1, 3), query=(0.5, 3))
    assert shown.values == {"patch": (1, 3), "query": (0.5, 3.0)}
