"""A widget in a frame of its own: all that it needs is inside, nothing breaks out, and no notebook has such a frame."""

from __future__ import annotations

import base64
import html.parser
import json
import re

import anywidget
import pytest
import traitlets

from vitcourse.exercises import quiz
from vitcourse.widgets import fallback, standalone
from vitcourse.widgets.explorer import Explorer
from vitcourse.widgets.fallback import FirstFrame
from vitcourse.widgets.quiz import Quiz
from vitcourse.widgets.standalone import FRAME, frame, frames_in_bundles, split

MODULE = 'export default { render({ model, el }) { el.textContent = "</script>"; } };'


class Dot(FirstFrame, anywidget.AnyWidget):
    stands_alone = True

    _esm = MODULE
    _css = ".dot::before { content: '</style>'; }"
    name = traitlets.Unicode("").tag(sync=True)
    pixels = traitlets.Bytes(b"").tag(sync=True)
    nested = traitlets.List().tag(sync=True)
    own = traitlets.Unicode("not sent")

    def __repr__(self) -> str:
        return f"dot: {self.name}"

    def _first_frame(self):
        return {"image/png": "iVBORw0KGgo="}, {"image/png": {"width": 9, "height": 9}}


class Tags(html.parser.HTMLParser):
    """All tags of a page with their attributes, and the text of each script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.texts.append(data)


def inside(text: str) -> Tags:
    """The page within a frame, read as a browser reads it."""
    tags = Tags(text).tags
    assert [tag for tag, _ in tags] == ["iframe"], "the frame is one element and nothing else"
    return Tags(tags[0][1]["srcdoc"])


def given(text: str) -> dict:
    return json.loads(inside(text).texts[0])


def test_a_frame_holds_module_style_and_state():
    found = given(frame(Dot(name="one", nested=[1, {"a": [2]}])))
    assert found["module"] == MODULE
    assert found["style"] == Dot._css
    assert found["state"] == {"name": "one", "pixels": None, "nested": [1, {"a": [2]}]}


def test_bytes_come_back_at_their_places():
    data = bytes(range(256))
    found = given(frame(Dot(pixels=data, nested=[1, {"a": [b"\x00\xff", 2]}, memoryview(b"view")])))
    assert found["state"]["nested"] == [1, {"a": [None, 2]}, None]
    back = {tuple(path): base64.b64decode(text) for path, text in found["buffers"]}
    assert back == {("pixels",): data, ("nested", 1, "a", 0): b"\x00\xff", ("nested", 2): b"view"}


def test_split_leaves_the_state_as_it_was():
    state = {"a": [b"1"]}
    split(state)
    assert state == {"a": [b"1"]}


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "<!--", "&lt;"]
)
def test_text_from_data_does_not_break_out(text):
    shown = frame(Dot(name=text, nested=[text]), title=text)
    page = inside(shown)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert [attributes for tag, attributes in page.tags if tag == "img"] != []  # the first frame's own
    assert all("onerror" not in attributes for _, attributes in page.tags)
    assert given(shown)["state"]["name"] == text
    assert Tags(shown).tags[0][1]["title"] == text


@pytest.mark.parametrize("make", [Dot, lambda: quiz("03")])
def test_a_frame_is_shut_off_and_loads_nothing(make):
    shown = frame(make())
    assert Tags(shown).tags[0][1]["sandbox"] == "allow-scripts"
    page = inside(shown)
    for tag, attributes in page.tags:
        assert tag not in ("link", "base", "object", "embed", "iframe")
        assert "href" not in attributes
        assert (attributes.get("src") or "data:").startswith("data:")
    assert "http" not in "".join(page.texts)
    assert "url(" not in standalone._file("standalone.css") + given(shown)["style"]


def test_without_javascript_the_first_frame_is_there():
    images = [attributes for tag, attributes in inside(frame(Dot(name="a <b>"))).tags if tag == "img"]
    assert images == [{"alt": "dot: a <b>", "width": "9", "src": "data:image/png;base64,iVBORw0KGgo="}]
    assert "Equal tokens" in frame(quiz("03"))


def test_who_needs_a_kernel_is_refused():
    class Plain(anywidget.AnyWidget):
        _esm = MODULE

    with pytest.raises(ValueError, match="widget=Plain: it needs a kernel"):
        frame(Plain())


def test_a_state_that_no_page_can_hold_is_refused():
    with pytest.raises(ValueError, match="widget=Dot: its state cannot be written"):
        frame(Dot(nested=[float("nan")]))


def test_only_pages_have_frames(monkeypatch):
    monkeypatch.setattr(fallback, "additions", [])
    assert FRAME not in Dot()._repr_mimebundle_()[0]
    frames_in_bundles()
    frames_in_bundles()
    assert len(fallback.additions) == 1
    dot = Dot(name="now")
    dot.name = "later"
    assert given(dot._repr_mimebundle_()[0][FRAME])["state"]["name"] == "later"


def test_who_does_not_stand_alone_gets_no_frame(monkeypatch):
    monkeypatch.setattr(fallback, "additions", [])
    monkeypatch.setattr(Dot, "stands_alone", False)
    frames_in_bundles()
    assert FRAME not in Dot()._repr_mimebundle_()[0]


@pytest.mark.parametrize("kind", [Quiz, Explorer])
def test_frames_have_every_color_and_font_that_a_widget_asks_for(kind):
    style = kind._css if isinstance(kind._css, str) else str(kind._css)
    asked = set(re.findall(r"var\((--jp-[a-z0-9-]+)", style))
    light, dark = standalone._file("standalone.css").split("body[data-theme", maxsplit=1)
    names = [set(re.findall(r"^\s*(--jp-[a-z0-9-]+):", part, flags=re.MULTILINE)) for part in (light, dark)]
    assert kind.stands_alone
    assert asked
    assert asked <= names[0]
    assert {name for name in names[0] if "color" in name or "background" in name} == names[1]
