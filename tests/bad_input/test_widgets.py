"""What the widgets refuse: a ValueError that names the argument, its value and what is valid."""

import math

import pytest
from matplotlib.figure import Figure

from vitcourse.widgets import button, cell, choices, job, live, picture, play, point, predict, slider
from vitcourse.widgets.screen import Screen


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call(*args, **kwargs)
    return str(error.value)


def blank(figure):
    return lambda **values: None


@pytest.mark.parametrize("alt", ["", "   ", None, 3])
def test_alt_text_says_something(alt):
    assert refusal(picture, Figure(), alt=alt).startswith(f"alt={alt!r}")
    assert refusal(live, blank, alt=alt).startswith(f"alt={alt!r}")
    assert refusal(job, list, alt=alt).startswith(f"alt={alt!r}")


def test_a_picture_needs_a_figure():
    assert "Axes" in refusal(picture, Figure().subplots(), alt="A line.")


@pytest.mark.parametrize("size", [(0, 100), (640.0, 400), (640,), (640, 40000)])
def test_sizes(size):
    assert refusal(Screen, alt="A.", size=size).startswith(f"size={size!r}")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: slider(3, 3), "low=3, high=3"),
        (lambda: slider(5, 1), "low=5, high=1"),
        (lambda: slider(0, 4, step=0), "step=0"),
        (lambda: slider(0, 4, step=9), "step=9"),
        (lambda: slider(0, 4, value=5), "value=5 is not a number from 0 to 4"),
        (lambda: play(4, 0), "low=4, high=0"),
        (lambda: choices([]), "options=[]"),
        (lambda: choices([1, 2], value=3), "value=3 is not one of 1, 2"),
        (lambda: choices([1, 2], kind="wheel"), "kind='wheel'"),
        (lambda: cell(0, 4), "rows=0"),
        (lambda: cell(4, 2.5), "columns=2.5"),
        (lambda: cell(4, 4, value=(4, 0)), "value=(4, 0) is not a (row, column) from (0, 0) to (3, 3)"),
        (lambda: point(5, 0, bounds=(0, 1, 0, 1)), "lies outside x 0 to 1"),
        (lambda: point(0, 0, bounds=(1, 0, 0, 1)), "bounds=(1, 0, 0, 1)"),
    ],
)
def test_controls_offer_something_valid(call, says):
    assert says in refusal(call)


def test_only_controls_can_be_controls():
    assert "n=3 is no control" in refusal(live, blank, alt="A.", n=3)
    assert "n=3 is no control" in refusal(job, list, alt="A.", n=3)


def test_make_returns_the_function_that_updates():
    assert "make returned None" in refusal(live, lambda figure: None, alt="A.")


def test_choices_depend_on_a_control_that_exists():
    says = refusal(live, blank, alt="A.", heads=choices(lambda embed_dim: [1]))
    assert "embed_dim" in says


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"heads": 13}, "heads=13 is not a number from 1 to 12"),
        ({"heads": "three"}, "heads='three'"),
        ({"patch_size": 5}, "patch_size=5 is not one of 4, 7"),
        ({"patch": (9, 9)}, "patch=(9, 9)"),
        ({"patch": 3}, "patch=3"),
        ({"query": "here"}, "query='here'"),
        ({"go": -1}, "go=-1"),
        ({"layer": 1}, "the controls are heads, patch_size, patch, query, go"),
    ],
)
def test_update_takes_only_what_a_hand_could_set(values, says):
    shown = live(
        blank,
        alt="A.",
        heads=slider(1, 12),
        patch_size=choices([4, 7]),
        patch=cell(2, 2),
        query=point(0, 0),
        go=button(),
    )
    before = shown.values
    assert says in refusal(shown.update, **values)
    assert shown.values == before


def test_jobs():
    assert refusal(job, 3, alt="A.").startswith("steps=3")
    assert refusal(job, list, 3, alt="A.").startswith("draw=3")
    assert refusal(job, list, alt="A.", total=0).startswith("total=0")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"question": ""}, "question=''"),
        ({"question": "How?"}, "give choices, or low and high"),
        ({"question": "How?", "low": 1}, "give choices, or low and high"),
        ({"question": "How?", "choices": ["a", "b"], "low": 1, "high": 2}, "give choices, or low and high"),
        ({"question": "How?", "choices": ["a"]}, "at least two different answers"),
        ({"question": "How?", "choices": ["a", "a"]}, "at least two different answers"),
        ({"question": "How?", "low": 2, "high": 1}, "low=2, high=1"),
        ({"question": "How?", "low": 1, "high": 2, "step": 0}, "step=0"),
    ],
)
def test_questions(arguments, says):
    assert says in refusal(lambda: predict(arguments.pop("question"), **arguments))


def test_reveal_takes_an_answer_that_was_offered():
    assert "measured='c' is not one of a, b" in refusal(predict("How?", choices=["a", "b"]).reveal, "c")
    number = predict("How?", low=1, high=2)
    assert "measured='c' is not a number" in refusal(number.reveal, "c")
    assert "not a number" in refusal(number.reveal, math.nan)
