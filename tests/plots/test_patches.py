"""Lesson 01's pictures show the numbers they are given."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from vitcourse.patches import patchify
from vitcourse.plots.patch_board import MATRIX, patch_board
from vitcourse.plots.patch_cost import cost_of_length, size_board
from vitcourse.plots.patches import TILE, as_rgb, grid_lines, patch_row


@pytest.fixture
def image() -> torch.Tensor:
    return torch.rand(3, 24, 36, generator=torch.Generator().manual_seed(0))


def picture(axes) -> np.ndarray:
    return np.asarray(axes.images[0].get_array())


def levels(image) -> np.ndarray:
    """0..1 as the board draws it."""
    return np.round(as_rgb(image) * 255).astype(np.uint8)


def texts(figure: Figure, axes) -> list[str]:
    """What the figure itself writes in the coordinates of these axes."""
    return [text.get_text() for text in figure.texts if text.get_transform() in (axes.transData, axes.transAxes)]


def shown(image: torch.Tensor, patch_size: tuple[int, int], order: torch.Tensor, place: int) -> Figure:
    figure = Figure(figsize=(7, 6), layout="constrained")
    show = patch_board(figure)
    row = patchify(image[None], patch_size)[0][order]
    index = int((order == place).nonzero())
    # Twice, first with other values: what changes in place must leave nothing behind.
    show(image=image.flip(0), assembled=image, row=row.flip(0), patch_size=patch_size, place=0, index=0)
    show(image=image, assembled=image.flip(1), row=row, patch_size=patch_size, place=place, index=index)
    return figure


def test_gray_and_color_images_become_rgb(image):
    assert torch.equal(torch.as_tensor(as_rgb(image)), image.permute(1, 2, 0))
    assert np.array_equal(as_rgb(image[:1])[..., 2], image[0].numpy())


def test_the_grid_has_a_line_at_each_patch_and_at_the_borders():
    lines = grid_lines(8, 12, (4, 6))
    assert len(lines) == 3 + 3
    assert [(0.0, 8.0), (12, 8.0)] in lines
    assert [(6.0, 0.0), (6.0, 8)] in lines


def test_board_shows_image_patch_row_and_numbers(image):
    order = torch.randperm(24, generator=torch.Generator().manual_seed(1))
    place = 13  # second row of patches of three: rows 6..12, columns 30..36 of 6 x 6
    figure = shown(image, (6, 6), order, place)
    photo, patch, assembled, tiles, strips, matrix = figure.axes
    index = int((order == place).nonzero())

    assert np.array_equal(picture(photo), levels(image))
    assert np.array_equal(picture(assembled), levels(image.flip(1)))
    row, col = divmod(place, 6)
    expected = levels(image[:, row * 6 : row * 6 + 6, col * 6 : col * 6 + 6])
    assert np.array_equal(picture(patch), expected)
    assert texts(figure, patch) == [f"patch {index} of the row"]
    vectors = patchify(image[None], 6)[0][order]
    assert picture(matrix).shape == (MATRIX[0], 24, 3)  # 108 numbers a column are more than are drawn
    assert set(picture(matrix)[:, 5, 0]) <= set(np.round(vectors[5].numpy() * 255))
    assert np.array_equal(picture(matrix)[[0, -1], 5, 0], np.round(vectors[5, [0, -1]].numpy() * 255))

    frames = [axes.patches[-1].get_bbox().bounds for axes in (photo, assembled, tiles, strips)]
    assert frames[0] == (col * 6, row * 6, 6, 6)
    assert frames[1] == (index % 6 * 6, index // 6 * 6, 6, 6)
    numbers = [int(text) for text in texts(figure, strips) if text]
    assert len(numbers) == 12
    assert index in numbers
    left = int(frames[2][0])
    assert left == int(frames[3][0])
    tile = picture(tiles)[:, left : left + TILE]
    assert np.array_equal(tile[:: TILE // 6, :: TILE // 6], expected)
    assert picture(strips)[0, left, 0] == round(255 * float(vectors[index, 0]))
    part = matrix.patches[0].get_bbox()
    assert (part.x0 * 24, part.width * 24) == pytest.approx((numbers[0], 12))


def test_board_with_fewer_patches_than_its_window_and_in_gray(image):
    figure = shown(image[:1], (12, 12), torch.arange(6), 5)
    strips, matrix = figure.axes[4:]
    assert [text for text in texts(figure, strips) if text] == list("012345")
    assert not any(letter.get_visible() for letter in matrix.texts)
    assert all(letter.get_visible() for letter in shown(image, (12, 12), torch.arange(6), 5).axes[5].texts)


def test_row_numbers_every_patch(image):
    figure = patch_row(image, patchify(image[None], 12)[0], (12, 12))
    top, middle, bottom = figure.axes
    assert [text.get_text() for text in top.texts] == [text.get_text() for text in bottom.texts] == list("012345")
    assert top.get_title(loc="center") == "24 x 36 pixels, cut into 6 patches"
    assert "432 numbers" in bottom.get_title(loc="center")
    assert picture(middle).shape[0] == TILE


def test_cost_curves_are_the_numbers_given():
    figure = cost_of_length(
        [196, 784], pairs=[1, 16], block=[1, 4.5], timed=[196, 784], time_scores=[1, 15], time_block=[1, 5]
    )
    axes = figure.axes[0]
    curves = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert curves["score matrix, counted"] == [1, 16]
    assert curves["whole block, counted"] == [1, 4.5]
    assert curves["score matrix, timed here"] == [1, 15]
    assert curves["whole block, timed here"] == [1, 5]
    assert [text.get_text() for text in axes.texts][:2] == ["16 times", "4 times"]
    assert axes.get_ylabel() == "times the cost at 196 tokens"


def test_size_board_marks_the_chosen_size(image):
    figure = Figure()
    show = size_board(figure, image=image, sizes=[4, 6, 12], operations=[9.0, 4.0, 1.0])
    for chosen in (6, 12):
        show(chosen)
        left, right = figure.axes
        assert len(left.collections[0].get_segments()) == 24 // chosen + 36 // chosen + 2
        colors = [bar.get_facecolor() for bar in right.patches]
        odd = [i for i, color in enumerate(colors) if colors.count(color) == 1]
        assert odd == [[4, 6, 12].index(chosen)]
    assert [bar.get_height() for bar in right.patches] == [9.0, 4.0, 1.0]
