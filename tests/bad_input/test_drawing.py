"""What a sheet to draw on refuses, before anything is sent: a ValueError that names the argument and what is valid."""

import math

import numpy as np
import pytest

from vitcourse.widgets import drawing, live

ZERO = np.zeros((28, 28))
WRONG = [
    (np.zeros((27, 28)), "its shape is (27, 28); give (28, 28)"),
    (np.zeros((1, 28, 28)), "its shape is (1, 28, 28)"),
    (ZERO + math.nan, "784 of its numbers are not finite"),
    (np.where(np.eye(28), math.inf, 0), "28 of its numbers are not finite"),
    (ZERO + 1.5, "go from 1.5 to 1.5; give 0 (blank) to 1 (ink)"),
    (ZERO - 0.1, "go from -0.1 to -0.1"),
    ("a seven", "=str is no image"),
    (object(), "=object is no image"),
]


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call(*args, **kwargs)
    return str(error.value)


@pytest.mark.parametrize("size", [0, 7, 129, 28.0, True, "28"])
def test_sizes(size):
    assert f"size={size!r} is not a whole number of pixels from 8 to 128" in refusal(drawing, size)


@pytest.mark.parametrize(("image", "says"), WRONG)
def test_images_to_start_from(image, says):
    message = refusal(drawing, 28, start=image)
    assert message.startswith("start")
    assert says in message
    message = refusal(drawing, 28, start={"fine": ZERO, "bad": image})
    assert message.startswith("start['bad']")
    assert says in message


@pytest.mark.parametrize(("image", "says"), WRONG)
def test_images_from_code(image, says):
    calls = []
    shown = live(
        lambda figure: lambda **values: calls.append(values),
        alt="A digit.",
        size=(200, 150),
        digit=drawing(28, start=ZERO + 0.5),
    )
    message = refusal(shown.update, digit=image)
    assert message.startswith("digit")
    assert says in message
    assert len(calls) == 1
    assert shown.values["digit"].mean() == pytest.approx(0.5, abs=0.01)


def test_names_to_start_from():
    assert "start={}" in refusal(drawing, 28, start={})
    starts = {"a one": ZERO, "a two": ZERO}
    assert "value='a three' is not the name of an image in start: a one, a two" in refusal(
        drawing, 28, start=starts, value="a three"
    )
    assert "value='a one'" in refusal(drawing, 28, value="a one")


@pytest.mark.parametrize("grid", [7, (7,), (0, 7), (7, 29), (7.0, 7), [7, 7]])
def test_grids(grid):
    assert f"grid={grid!r} is not (rows, columns), each from 1 to 28" in refusal(drawing, 28, grid=grid)


def test_other_things_are_no_control():
    assert "drawing" in refusal(live, lambda figure: None, alt="A.", digit=ZERO)
