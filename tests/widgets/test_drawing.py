"""A sheet to draw on: what reaches `update`, where it starts, and what code sets."""

import numpy as np
import pytest
import torch
import traitlets

from vitcourse.data import load
from vitcourse.data.centering import centered
from vitcourse.widgets import drawing, live, slider

SEVEN = np.zeros((28, 28), np.float32)
SEVEN[6:8, 8:20] = SEVEN[8:24, 14:16] = 1
ONE = np.zeros((28, 28), np.float32)
ONE[4:24, 13:15] = 0.8


def sheet(**options):
    """A live picture with a sheet, its pad, and the images that `update` got."""
    seen = []

    def make(figure):
        figure.subplots()
        return lambda digit, **others: seen.append(digit)

    others = options.pop("others", {})
    shown = live(make, alt="A digit.", size=(200, 150), digit=drawing(28, **options), **others)
    pad = shown.children[-1].children[0]
    return shown, pad, seen


def as_bytes(image):
    return np.rint(255 * np.asarray(image)).astype(np.uint8).tobytes()


def test_it_is_blank_at_first():
    _, pad, seen = sheet()
    assert (seen[0].shape, seen[0].dtype) == ((28, 28), np.float32)
    assert not seen[0].any()
    assert pad.value == bytes(784)


@pytest.mark.parametrize("start", [SEVEN, torch.from_numpy(SEVEN), SEVEN.astype(int).tolist()])
def test_it_starts_from_an_image(start):
    _, pad, seen = sheet(start=start)
    assert np.array_equal(seen[0], SEVEN)
    assert pad.start_names == ["start"]


def test_it_starts_from_one_of_several():
    _, pad, seen = sheet(start={"a seven": SEVEN, "a one": ONE}, value="a one")
    assert seen[0] == pytest.approx(ONE, abs=0.5 / 255)
    assert pad.start_names == ["a seven", "a one"]
    assert pad.start_values == as_bytes(SEVEN) + as_bytes(ONE)
    assert np.array_equal(sheet(start={"a seven": SEVEN, "a one": ONE})[2][0], SEVEN)


def test_what_is_drawn_reaches_update():
    _, pad, seen = sheet(start=SEVEN)
    pad.set_state({"value": memoryview(as_bytes(ONE))})  # as the browser's message does
    assert len(seen) == 2
    assert seen[1] == pytest.approx(ONE, abs=0.5 / 255)
    assert seen[1].dtype == np.float32


def test_update_may_change_what_it_gets():
    shown, _, seen = sheet(start=SEVEN, others={"n": slider(0, 3)})
    seen[0][:] = 0.5
    shown.update(n=1)
    assert np.array_equal(seen[1], SEVEN)


def test_code_draws_too():
    shown, pad, seen = sheet(start=SEVEN)
    shown.update(digit=torch.from_numpy(ONE))
    assert len(seen) == 2
    assert pad.value == as_bytes(ONE)
    assert shown.values["digit"] == pytest.approx(ONE, abs=0.5 / 255)


def test_what_is_drawn_aside_comes_to_the_middle_if_asked():
    aside = np.roll(SEVEN, (-5, 3), (0, 1))
    _, pad, seen = sheet(center=True)
    pad.value = as_bytes(aside)
    assert np.array_equal(seen[1], np.roll(SEVEN, 2, 0))  # the middle of its ink is at row 11.6, column 14.1
    assert pad.value == as_bytes(aside)  # it is not pulled away below the pen
    assert "moved to the middle" in pad.hint
    _, pad, seen = sheet()
    pad.value = as_bytes(aside)
    assert np.array_equal(seen[1], aside)
    assert "middle" not in pad.hint


def test_a_digit_of_mnist_does_not_move():
    """It lies in the middle already. The embedded digits do not, and may move."""
    data = load("mnist")
    if data.name != "mnist":
        pytest.skip("MNIST is not on this machine")
    for image in data.test.images[:300, 0].numpy():
        assert np.array_equal(centered(image), image)


@pytest.mark.parametrize("order", [("digit", "n"), ("n", "digit")])
def test_a_value_that_is_refused_leaves_the_sheet_as_it_was(order):
    aside = np.roll(SEVEN, (-5, 3), (0, 1))
    shown, pad, seen = sheet(center=True, others={"n": slider(0, 3)})
    pad.value = as_bytes(aside)
    refused = {"digit": ONE, "n": 4}
    with pytest.raises(ValueError, match="n=4"):
        shown.update(**{name: refused[name] for name in order})
    assert pad.value == as_bytes(aside)
    shown.update(n=1)
    assert np.array_equal(seen[-1], seen[1])


def test_it_stands_beside_the_picture_and_the_others_above():
    shown, pad, _ = sheet(others={"n": slider(0, 3)})
    row, beside = shown.children
    assert "vitcourse-controls" in row._dom_classes
    assert len(row.children) == 1
    assert "vitcourse-beside" in beside._dom_classes
    assert beside.children == (pad, shown.figure)
    plain = live(lambda figure: lambda: None, alt="Nothing.", size=(200, 150))
    assert plain.children == (plain.figure,)


def test_it_says_what_it_is_and_which_keys_it_takes():
    _, pad, _ = sheet()
    assert pad.label == "digit"
    assert all(word in pad.hint for word in ("arrows", "Space", "Delete"))
    assert sheet(label="draw here")[1].label == "draw here"
    assert sheet(grid=(7, 4))[1].grid == [7, 4]


def test_without_a_kernel_the_picture_stands_there():
    shown, _, _ = sheet(start=SEVEN)
    data, metadata = shown._repr_mimebundle_()
    assert data["text/plain"] == "live picture: A digit."
    assert metadata["image/png"] == {"width": 200, "height": 150}


def test_bytes_of_another_size_are_not_taken():
    _, pad, seen = sheet(start=SEVEN)
    with pytest.raises(traitlets.TraitError, match="783 bytes"):
        pad.value = bytes(783)
    assert len(seen) == 1
    assert pad.value == as_bytes(SEVEN)
