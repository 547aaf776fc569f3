"""Cells and points chosen in the picture itself."""

import numpy as np
import pytest
import torch

from vitcourse.widgets import cell, choices, live, point, slider


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


def presses_seen(**controls):
    """A grid, and the list to which its update adds what it gets of `patch`: the cell, and how often it was set."""
    seen = []

    def make(figure):
        figure.add_axes((0, 0, 1, 1)).set(xlim=(0, 4), ylim=(4, 0))
        return lambda patch, **others: seen.append((patch, patch.touches))

    return live(make, alt="A grid.", size=(200, 200), patch=cell(4, 4), **controls), seen


def test_a_press_on_the_same_cell_counts_again():
    shown, seen = presses_seen(digit=slider(0, 9))
    press(shown, 0.1, 0.1)  # the cell that is set at first
    press(shown, 0.1, 0.1, count=2)
    assert seen == [((0, 0), 0), ((0, 0), 1), ((0, 0), 2)]
    shown.update(digit=3)  # another control moves: nobody touched the picture
    assert seen[3:] == [((0, 0), 2)]
    press(shown, 0.1, 0.1, count=3)
    assert seen[4:] == [((0, 0), 3)]


def test_a_drag_within_a_cell_counts_once():
    shown, seen = presses_seen()
    for x in (0.1, 0.15, 0.2, 0.3, 0.3, 0.1):
        press(shown, 0.1, 0.1, to=(x, 0.1))
    assert seen == [((0, 0), 0), ((0, 0), 1), ((0, 1), 2), ((0, 0), 3)]


def test_space_sets_the_same_cell_again():
    shown, seen = presses_seen()
    for key in ("again", "again", "right", "again"):
        shown.figure.arrows = {**shown.figure.arrows, key: shown.figure.arrows.get(key, 0) + 1}
    shown.figure.arrows = {**shown.figure.arrows, "down": -1}  # up, at the upper edge
    assert seen[1:] == [((0, 0), 1), ((0, 0), 2), ((0, 1), 3), ((0, 1), 4)]


def test_code_counts_as_a_hand_does_unless_it_is_refused():
    shown, seen = presses_seen(digit=slider(0, 9))
    shown.update(patch=(0, 0))
    assert seen[-1] == ((0, 0), 1)
    with pytest.raises(ValueError, match="digit=10"):
        shown.update(patch=(1, 1), digit=10)
    shown.update(digit=2)
    assert seen[-1] == ((0, 0), 1)


def move(shown, x, y, *, count=0, at=(0, 0)):
    """Moves the pointer to (x, y), fractions of the picture from its top left, without a press since the last one."""
    shown.figure.pointer = {
        "x": at[0], "y": at[1], "start_x": at[0], "start_y": at[1], "press": count, "down": False,
        "over": None if x is None else [x, y],
    }  # fmt: skip


def hovering(**controls):
    seen = []

    def make(figure):
        figure.add_axes((0, 0, 0.5, 1)).set(xlim=(0, 4), ylim=(4, 0))
        return lambda patch, **others: seen.append((tuple(patch), patch.touches))

    return live(make, alt="A grid.", size=(200, 200), patch=cell(4, 4, hover=True), **controls), seen


def test_the_cell_below_the_pointer_is_shown_until_it_leaves():
    shown, seen = hovering()
    move(shown, 0.3, 0.3)
    assert shown.values["patch"] == (1, 2)
    move(shown, 0.31, 0.31)  # within the cell
    move(shown, 0.9, 0.3)  # within the picture, but beside the grid
    assert seen == [((0, 0), 0), ((1, 2), 0), ((0, 0), 0)]
    move(shown, 0.3, 0.3)
    move(shown, None, None)
    assert seen[3:] == [((1, 2), 0), ((0, 0), 0)]


def test_a_click_keeps_the_cell_below_the_pointer():
    shown, seen = hovering()
    move(shown, 0.3, 0.3)
    press(shown, 0.3, 0.3)
    assert seen == [((0, 0), 0), ((1, 2), 0), ((1, 2), 1)]
    move(shown, 0.3, 0.3, count=1, at=(0.3, 0.3))
    assert len(seen) == 3  # the same cell is not drawn again
    move(shown, 0.1, 0.9, count=1, at=(0.3, 0.3))
    move(shown, None, None, count=1, at=(0.3, 0.3))
    assert seen[3:] == [((3, 0), 1), ((1, 2), 1)]


def test_press_drag_and_what_came_after_may_arrive_at_once():
    shown, seen = hovering()
    shown.figure.pointer = {
        "x": 0.3, "y": 0.3, "start_x": 0.1, "start_y": 0.1, "press": 1, "down": False, "over": [0.1, 0.9],
    }  # fmt: skip
    assert seen[-1] == ((3, 0), 1)
    move(shown, None, None, count=1, at=(0.3, 0.3))
    assert seen[-1] == ((1, 2), 1)


def test_a_key_goes_on_from_the_cell_that_is_seen_and_keeps_its_own():
    shown, seen = hovering()
    press(shown, 0.1, 0.1)
    move(shown, 0.3, 0.3, count=1, at=(0.1, 0.1))
    shown.figure.arrows = {"right": 1}
    assert seen[-1] == ((1, 3), 2)
    move(shown, None, None, count=1, at=(0.1, 0.1))
    assert shown.values["patch"] == (1, 3)
    move(shown, 0.1, 0.1, count=1, at=(0.1, 0.1))
    shown.figure.arrows = {"right": 1, "again": 1}
    move(shown, None, None, count=1, at=(0.1, 0.1))
    assert seen[-1] == ((0, 0), 3)


def test_only_what_may_hover_does():
    shown = grid(patch=cell(2, 4), query=point(2, 2))
    assert not shown.figure.hover
    move(shown, 0.7, 0.7)
    assert shown.values == {"patch": (0, 0), "query": (2, 2)}
    shown, seen = hovering(query=point(2, 2))
    assert shown.figure.hover
    assert "patch: point at a cell, click to keep it, or use the arrow keys." in shown.figure.hint
    move(shown, 0.3, 0.1)
    move(shown, 0.25, 0.5)  # the point lies there
    assert seen[1:] == [((0, 2), 0), ((0, 0), 0)]
    assert shown.values["query"] == (2, 2)


def test_a_value_that_is_refused_leaves_no_hovered_cell_behind():
    shown, _ = hovering(digit=slider(0, 9))
    move(shown, 0.3, 0.3)
    with pytest.raises(ValueError, match="digit=10"):
        shown.update(patch=(2, 2), digit=10)
    move(shown, None, None)
    assert shown.values["patch"] == (0, 0)


def test_a_place_is_a_pair_for_whoever_wants_no_more():
    place = grid(patch=cell(2, 4, value=(1, 3))).values["patch"]
    row, column = place
    assert (row, column) == place == (1, 3)
    assert repr(place) == f"{place}" == "(1, 3)"
    assert {place: "x"}[1, 3] == "x"
    assert torch.arange(8).reshape(2, 4)[place] == np.arange(8).reshape(2, 4)[place] == 7


def test_the_grid_may_depend_on_other_controls():
    seen = []

    def make(figure):
        figure.add_axes((0, 0, 1, 1))
        return lambda side, patch: seen.append((side, patch, patch.touches))

    sides = choices([4, 7, 14], value=7)
    shown = live(make, alt="A grid.", side=sides, patch=cell(lambda side: (28 // side, 28 // side), value=(3, 1)))
    press(shown, 0.99, 0.6)
    shown._panel.controls["side"].widget.index = 0  # as a hand does
    press(shown, 0.99, 0.99, count=2)
    shown.update(side=14)
    assert seen == [(7, (3, 1), 0), (7, (2, 3), 1), (4, (4, 6), 1), (4, (6, 6), 2), (14, (1, 1), 2)]
    with pytest.raises(ValueError, match=r"patch=\(2, 0\) is not a \(row, column\) from \(0, 0\) to \(1, 1\)"):
        shown.update(patch=(2, 0))
    shown.update(patch=(3, 3), side=7)  # what it depends on is set first
    assert shown.values == {"side": 7, "patch": (3, 3)}


def test_a_grid_that_is_none_is_refused():
    with pytest.raises(ValueError, match="columns=4: leave it out"):
        cell(lambda side: (side, side), 4)
    with pytest.raises(ValueError, match="patch: its function gave 7, not"):
        grid(side=choices([4, 7], value=7), patch=cell(lambda side: side))
    with pytest.raises(ValueError, match="rows=0 is not a whole number above 0"):
        grid(side=choices([0, 7]), patch=cell(lambda side: (side, 1)))
    with pytest.raises(ValueError, match="columns=None is not a whole number"):
        cell(4)
