"""A picture with controls: values, captions, one update at a time, errors shown."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from vitcourse.widgets import button, choices, live, play, slider, toggle

GRAY = np.random.default_rng(0).random((8, 8))


def counting(**controls):
    """A live picture whose update keeps what it was called with."""
    calls = []

    def make(figure):
        axes = figure.subplots()
        axes.set(xlim=(0, 20), ylim=(0, 20))
        (dot,) = axes.plot([0], [0], "o", ms=20)

        def update(**values):
            calls.append(values)
            dot.set_data([len(calls)], [len(calls)])
            return f"call {len(calls)}"

        return update

    return live(make, alt="A dot.", size=(200, 150), **controls), calls


def test_update_gets_all_values_once():
    shown, calls = counting(
        heads=slider(1, 12, value=3),
        noise=slider(0.0, 1.0, step=0.25, value=0.5),
        patch_size=choices([4, 7, 14], value=7),
        image=choices({"gray": GRAY, "dark": GRAY * 0}),
        grid=toggle(True),
        step=play(0, 9),
        shuffle=button(),
    )
    assert len(calls) == 1
    assert calls[0]["image"] is GRAY
    assert {**calls[0], "image": 0} == {
        "heads": 3, "noise": 0.5, "patch_size": 7, "image": 0, "grid": True, "step": 0, "shuffle": 0,
    }  # fmt: skip
    shown.update(heads=5, image="dark", shuffle=2)
    assert len(calls) == 2
    assert calls[1]["heads"] == 5
    assert calls[1]["shuffle"] == 2
    assert calls[1]["image"].max() == 0
    assert shown.values["patch_size"] == 7


def test_picture_and_caption_change_together():
    shown, _ = counting(heads=slider(1, 12))
    first = shown.png
    messages = []
    shown.figure.send_state = lambda key=None: messages.append(set(key))
    shown.update(heads=2)
    assert shown.png != first
    assert shown.figure.caption == "call 2"
    assert shown.drawn == 2
    assert messages == [{"png", "caption"}]


def test_a_move_by_hand_draws():
    shown, calls = counting(heads=slider(1, 12), go=button("Go"))
    shown._panel.controls["heads"].widget.value = 7
    shown._panel.controls["go"].view.click()
    assert [call["heads"] for call in calls] == [1, 7, 7]
    assert [call["go"] for call in calls] == [0, 0, 1]


def test_decorator_form():
    @live(alt="Nothing.", n=slider(1, 2))
    def empty(figure):
        return lambda n: None

    assert repr(empty) == "live picture: Nothing."
    assert empty.values == {"n": 1}


def test_choices_follow_another_control():
    shown, calls = counting(
        num_heads=choices(lambda embed_dim: [h for h in (1, 2, 3, 4, 6, 8) if embed_dim % h == 0], value=6),
        embed_dim=choices([96, 64]),
    )
    assert shown.values == {"num_heads": 6, "embed_dim": 96}
    shown.update(embed_dim=64)
    assert shown.values == {"num_heads": 4, "embed_dim": 64}  # 6 does not divide 64; 4 is as near as 8
    shown._panel.controls["embed_dim"].widget.index = 0
    assert list(shown._panel.controls["num_heads"].options) == ["1", "2", "3", "4", "6", "8"]
    shown.update(num_heads=3, embed_dim=96)
    assert all(call["embed_dim"] % call["num_heads"] == 0 for call in calls)
    assert len(calls) == 4  # one for each move, however many controls it changed


def test_more_values_may_be_offered_than_before():
    fit = choices(lambda image: [p for p in (4, 7, 8, 14, 28, 56) if image % p == 0], value=28)
    shown, _ = counting(image=choices({"digit": 28, "photograph": 224}), patch=fit)
    shown._panel.controls["image"].widget.index = 1  # as a hand does
    assert shown.values == {"image": 224, "patch": 28}  # the fourth of four, now the fifth of six
    shown.update(patch=56)
    shown.update(image="digit")
    assert shown.values == {"image": 28, "patch": 28}


def test_all_values_are_set_or_none():
    shown, calls = counting(heads=slider(1, 12), side=choices([4, 7]))
    with pytest.raises(ValueError, match="side=5 is not one of 4, 7"):
        shown.update(heads=9, side=5)
    assert shown.values == {"heads": 1, "side": 4}
    assert len(calls) == 1


def test_an_error_is_shown_and_goes_away():
    def make(figure):
        axes = figure.subplots()

        def update(n):
            axes.set_title(str(n))
            if n == 2:
                raise RuntimeError("no <b>two</b>")

        return update

    shown = live(make, alt="A title.", n=slider(1, 3))
    before = shown.png
    shown._panel.controls["n"].widget.value = 2
    assert shown.figure.error == "RuntimeError: no <b>two</b>"
    assert shown.png == before
    with pytest.raises(RuntimeError, match="two"):
        shown.update(n=2)
    shown.update(n=3)
    assert shown.figure.error == ""
    assert shown.png != before


def test_a_newer_value_overtakes_those_that_wait():
    started, go = threading.Event(), threading.Event()
    seen = []

    def make(figure):
        def update(n):
            seen.append(n)
            if n == 1:
                started.set()
                go.wait(5)

        return update

    shown = live(make, alt="Nothing.", n=slider(0, 9))
    slow = threading.Thread(target=lambda: shown.update(n=1))
    slow.start()
    assert started.wait(5)
    began = time.monotonic()
    for n in (2, 3, 4):
        shown.update(n=n)
    assert time.monotonic() - began < 2  # nobody waits for the slow one
    assert seen == [0, 1]
    go.set()
    slow.join(5)
    assert seen == [0, 1, 4]


def test_an_interrupt_leaves_the_picture_alive():
    def make(figure):
        def update(n):
            if n == 1:
                raise KeyboardInterrupt

        return update

    shown = live(make, alt="Nothing.", n=slider(0, 9))
    with pytest.raises(KeyboardInterrupt):
        shown.update(n=1)
    shown.update(n=2)
    assert shown.drawn == 2


def test_a_sharp_screen_gets_sharp_pixels():
    shown, _ = counting(heads=slider(1, 12))
    shown.figure.pixel_ratio = 2.0
    assert int.from_bytes(shown.png[16:20], "big") == 400
    assert (shown.figure.width, shown.figure.height) == (200, 150)


def test_one_control_can_serve_two_pictures():
    shared = slider(1, 5)
    first, one = counting(n=shared)
    second, two = counting(n=shared)
    first.update(n=3)
    assert second.values == {"n": 3}
    assert one[-1] == two[-1] == {"n": 3}


def test_labels_say_name_and_unit():
    shown, _ = counting(
        patch_size=choices([4, 7], unit="pixels"), lr=slider(0.0, 1.0, step=0.05, label="learning rate")
    )
    controls = shown._panel.controls
    assert controls["patch_size"].widget.description == "patch size (pixels)"
    assert controls["lr"].widget.description == "learning rate"
    assert controls["lr"].widget.readout_format == ".2f"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ([4, 7, 14], "SelectionSlider"),
        (["near", "far"], "ToggleButtons"),
        ({"a digit": GRAY, "a photograph": GRAY}, "ToggleButtons"),
        ([f"name {i}" for i in range(9)], "Dropdown"),
        ([True, False], "SelectionSlider"),
        ([7], "ToggleButtons"),
    ],
)
def test_the_widget_suits_the_choice(options, kind):
    shown, _ = counting(what=choices(options))
    assert type(shown._panel.controls["what"].widget).__name__ == kind


def test_importing_vitcourse_loads_no_widgets():
    code = "import vitcourse, sys; print([m for m in ('ipywidgets', 'anywidget', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
