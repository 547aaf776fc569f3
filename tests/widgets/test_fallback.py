"""What an interactive object shows where no kernel is: its first frame, whichever way it is displayed."""

import base64

import ipywidgets
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.display import display
from IPython.utils.capture import RichOutput  # noqa: F401  (display publishes through it in tests)

from vitcourse.widgets import job, live, predict, slider
from vitcourse.widgets.fallback import WIDGET_VIEW, FirstFrame


def picture_object():
    return live(lambda figure: lambda n: None, alt="An empty page.", size=(120, 90), n=slider(1, 3))


def question():
    return predict("Which is <first>?", choices=["a & b", "c"])


def number():
    return predict("How many?", low=1, high=10, unit="tokens")


def training():
    return job(lambda: [], lambda figure: lambda records: None, alt="A curve.", size=(120, 90))


def timing():
    return job(lambda: [], alt="Times one step.")


KINDS = [picture_object, question, number, training, timing]


@pytest.fixture
def published(monkeypatch):
    """What reaches the front end through `display`."""
    sent = []
    monkeypatch.setattr(
        "vitcourse.widgets.fallback.display", lambda data, metadata, raw: sent.append((data, metadata, raw))
    )
    return sent


@pytest.mark.parametrize("make", KINDS)
def test_both_ways_of_display_give_the_same_bundle(make, published):
    shown = make()
    data, metadata = shown._repr_mimebundle_()  # ipywidgets 8
    shown._ipython_display_()  # ipywidgets 7.7
    assert published == [(data, metadata, True)]
    assert data[WIDGET_VIEW]["model_id"] == shown.model_id
    assert data["text/plain"] == repr(shown)
    assert "image/png" in data or "text/html" in data


@pytest.mark.parametrize("make", KINDS)
def test_an_older_base_class_does_not_take_over(make, published, monkeypatch):
    """ipywidgets 7.7 defines _ipython_display_ on the widget itself, which IPython asks first."""
    taken = []
    monkeypatch.setattr(
        ipywidgets.DOMWidget, "_ipython_display_", lambda self, **kwargs: taken.append(self), raising=False
    )
    data, _ = DisplayFormatter().format(make())
    assert not data
    assert not taken
    assert len(published) == 1


@pytest.mark.parametrize("make", KINDS)
def test_texts_do_not_change_from_run_to_run(make):
    assert repr(make()) == repr(make())


def test_the_frame_is_the_picture_shown():
    shown = picture_object()
    data, metadata = shown._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"] == {"width": 120, "height": 90}


def test_a_question_lists_its_answers_as_text():
    data, _ = question()._repr_mimebundle_()
    assert "Which is &lt;first&gt;?" in data["text/html"]
    assert "<li>a &amp; b</li>" in data["text/html"]
    assert "1 tokens to 10 tokens" in number()._repr_mimebundle_()[0]["text/html"]


def test_every_interactive_object_goes_through_the_one_place():
    for make in KINDS:
        kind = type(make())
        for method in ("_repr_mimebundle_", "_ipython_display_"):
            assert getattr(kind, method) is getattr(FirstFrame, method)


def test_display_passes_the_bundle_on_unchanged(capsys):
    display({"text/plain": "kept"}, raw=True)  # the contract that the fallback relies on
    assert "kept" in capsys.readouterr().out
