"""The middle of the ink, and images moved there."""

import numpy as np
import pytest

from vitcourse.data.centering import center_of_mass, centered


def spot(row, column, shape=(28, 28)):
    image = np.zeros(shape, np.float32)
    image[row, column] = 1
    return image


def test_the_middle_weighs_pixels_by_their_ink():
    image = np.zeros((4, 6), np.float32)
    image[0, 0], image[3, 4] = 0.25, 0.75
    assert center_of_mass(image) == pytest.approx((2.25, 3.0))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (27, 27), (3, 20), (14, 14)])
def test_ink_comes_to_the_middle_wherever_it_was(row, column):
    assert np.array_equal(centered(spot(row, column)), spot(14, 14))


def test_the_shape_of_the_ink_stays():
    image = np.random.default_rng(0).random((28, 28)).astype(np.float32)
    image[:, 12:] = image[10:] = 0
    moved = centered(image)
    down, right = (round(14 - at) for at in center_of_mass(image))
    assert (down, right) != (0, 0)
    assert np.array_equal(moved[down : 10 + down, right : 12 + right], image[:10, :12])
    assert moved.sum() == pytest.approx(image.sum())
    assert moved.dtype == np.float32


def test_what_lies_within_half_a_pixel_stays_and_so_does_a_blank_image():
    image = spot(14, 14) + spot(14, 15) / 2
    for still in (image, np.zeros((28, 28), np.float32)):
        assert np.array_equal(centered(still), still)
        assert centered(still) is not still


def test_other_shapes():
    assert np.array_equal(centered(spot(0, 0, (8, 12))), spot(4, 6, (8, 12)))


def test_an_image_without_ink_has_no_middle():
    with pytest.raises(ValueError, match="its ink sums to 0"):
        center_of_mass(np.zeros((28, 28)))
