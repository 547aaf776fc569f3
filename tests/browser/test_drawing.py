"""A sheet to draw on, in a real browser: by mouse, finger and keyboard; what is drawn reaches Python."""

from __future__ import annotations

import time

import pytest

from vitcourse.widgets.drawing import Pad

CELLS = [
    """
import numpy as np
from vitcourse.widgets import drawing, live

bar = np.zeros((28, 28))
bar[4:24, 13:15] = 1
""",
    """
images = []


@live(
    alt="A picture of a drawing.",
    size=(460, 300),
    digit=drawing(28, start={"a bar": bar, "<b>half</b> a bar": bar / 2}, label="<i>draw</i> here", grid=(7, 7)),
)
def shown(figure):
    picture = figure.add_axes((0, 0, 1, 1)).imshow(bar, vmin=0, vmax=1)

    def update(digit):
        images.append(digit)
        picture.set_data(digit)
        return f"{digit.sum():.0f} pixels of ink"

    return update


shown
""",
]
PAD = ".vitcourse-pad-board"


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("drawing.ipynb", CELLS)
    return opened("drawing.ipynb")


@pytest.fixture
def page(notebook):
    """The page with a fresh sheet."""
    notebook.run_all()
    page = notebook.page
    page.wait_for_selector(".vitcourse-card canvas[data-frame]")
    page.get_by_text("40 pixels of ink").wait_for()
    notebook.look_at(1)
    yield page
    assert notebook.errors() == []


def at(page, column: float, row: float) -> tuple[float, float]:
    """Where a place of the sheet, in pixels of 28, lies on the page."""
    box = page.locator(PAD).bounding_box()
    return box["x"] + column / 28 * box["width"], box["y"] + row / 28 * box["height"]


def stroke(page, *places: tuple[float, float], steps: int = 8) -> None:
    page.mouse.move(*at(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(page, *place), steps=steps)
    page.mouse.up()


def press(page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def ink(notebook, expression: str) -> float:
    """A number made of the drawing `d` that the kernel has."""
    return float(notebook.python(f"d = images[-1]; print(float({expression}))"))


def wait_for(notebook, condition: str) -> None:
    """Until the kernel has all of what was drawn: parts of a stroke come before its end."""
    deadline = time.monotonic() + 20
    while not ink(notebook, condition):
        assert time.monotonic() < deadline, f"not so within 20 s: {condition}"
        time.sleep(0.1)


def pixels(page) -> str:
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    return page.locator(f"{PAD} canvas").evaluate("(canvas) => canvas.toDataURL()")


def test_a_line_reaches_python_as_wide_and_soft_as_those_of_mnist(notebook, page):
    press(page, "Clear")
    page.get_by_text("0 pixels of ink", exact=True).wait_for()
    stroke(page, (5, 14), (23, 14))
    wait_for(notebook, "d[14, 22] > 0.5")
    assert 2.2 <= ink(notebook, "d[:, 8:20].sum(axis=0).mean()") <= 2.6
    assert ink(notebook, "d[:, 8:20].max()") == 1
    assert ink(notebook, "((d[:, 14] > 0.05) & (d[:, 14] < 0.95)).sum()") == 2  # one soft pixel on either side
    assert ink(notebook, "np.abs(np.argwhere(d > 0.5).mean(axis=0) - 13.5).max()") < 0.1  # and where it was drawn


def test_the_eraser_takes_away_and_the_start_comes_back(notebook, page):
    before = pixels(page)
    press(page, "Eraser")
    stroke(page, (14, 2), (14, 26))
    wait_for(notebook, "d.sum() < 1")
    press(page, "Pen")
    stroke(page, (14, 14), (14, 14))
    wait_for(notebook, "3 < d.sum() < 8")
    press(page, "<b>half</b> a bar")
    page.get_by_text("20 pixels of ink").wait_for()
    assert ink(notebook, "np.abs(d - bar / 2).max()") < 0.01
    press(page, "a bar")
    page.get_by_text("40 pixels of ink").wait_for()
    assert ink(notebook, "np.abs(d - bar).max()") == 0
    page.mouse.move(5, 5)
    page.evaluate("() => document.activeElement.blur()")
    assert pixels(page) == before


def test_it_is_seen_at_once_and_the_newest_drawing_overtakes_those_that_wait(notebook, page):
    page.evaluate(
        "() => { window.busy = window.notebookPanel.sessionContext.session.kernel.requestExecute("
        "{code: 'import time; time.sleep(3)'}).done; }"
    )
    before = pixels(page)
    stroke(page, (3, 3), (25, 3), (25, 25), (3, 25), steps=20)
    assert pixels(page) != before
    page.evaluate("() => window.busy")
    wait_for(notebook, "d[25, 3] > 0.9")
    # The start, what was in flight, and the newest of about sixty.
    assert ink(notebook, "len(images)") <= 4


def test_by_keyboard(notebook, page):
    page.locator(PAD).focus()
    page.keyboard.press("Delete")
    page.get_by_text("0 pixels of ink", exact=True).wait_for()
    for key in ["ArrowLeft"] * 4 + ["Space"] + ["ArrowRight"] * 8 + ["Space"] + ["ArrowDown"] * 6:
        page.keyboard.press(key)
    wait_for(notebook, "d[14, 18] > 0.5")
    assert ink(notebook, "d[:, 12:16].sum(axis=0).mean()") == pytest.approx(2.4, abs=0.2)
    assert ink(notebook, "np.abs(np.argwhere(d > 0.5).mean(axis=0) - 13.5).max()") < 0.1
    assert ink(notebook, "d[18:].sum()") == 0  # lifted
    assert page.locator(".vitcourse-pad [role=status]").inner_text() == "pen lifted, row 21, column 19"
    for key in ["ArrowUp"] * 6 + ["e", "Space"] + ["ArrowLeft"] * 8:
        page.keyboard.press(key)
    wait_for(notebook, "d.sum() < 1")
    assert page.get_by_role("button", name="Eraser").get_attribute("aria-pressed") == "true"
    # Focus stayed on the sheet, and no key reached JupyterLab.
    assert page.evaluate(f"() => document.activeElement.matches('{PAD}')")
    assert page.evaluate("() => window.notebookPanel.content.mode") == "command"
    assert page.evaluate("() => window.notebookPanel.content.widgets.length") == len(CELLS)
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")  # pen, eraser, clear
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("40 pixels of ink").wait_for()


def test_a_finger_draws_and_does_not_scroll(notebook, page):
    press(page, "Clear")
    page.get_by_text("0 pixels of ink", exact=True).wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        for kind, place in (
            ("touchStart", (14, 5)), ("touchMove", (14, 12)), ("touchMove", (14, 23)), ("touchEnd", None),
        ):  # fmt: skip
            where = [dict(zip("xy", at(page, *place), strict=True))] if place else []
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": where})
    finally:
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
        session.detach()
    wait_for(notebook, "d[22, 14] > 0.5")
    assert ink(notebook, "d[8:20].sum(axis=1).mean()") == pytest.approx(2.4, abs=0.2)
    assert page.locator(PAD).evaluate("(node) => getComputedStyle(node).touchAction") == "none"


def test_python_draws_too(notebook, page):
    before = pixels(page)
    notebook.python("shown.update(digit=np.eye(28))")
    page.get_by_text("28 pixels of ink").wait_for()
    assert pixels(page) != before


def test_it_says_what_it_is(page):
    sheet = page.get_by_role("application", name="<i>draw</i> here. Keys: arrows move the nib")
    assert sheet.count() == 1
    assert page.locator(".vitcourse-pad-label").inner_text() == "<i>draw</i> here"
    assert page.get_by_role("group", name="Start from").get_by_role("button").count() == 2


@pytest.mark.parametrize(("width", "beside"), [(1300, True), (800, False)])
def test_it_stands_beside_the_picture_or_above_where_there_is_no_room(page, width, beside):
    page.set_viewport_size({"width": width, "height": 1000})
    try:
        page.wait_for_timeout(300)
        pad, card = (page.locator(kind).bounding_box() for kind in (".vitcourse-pad", ".vitcourse-card"))
        if beside:
            assert pad["x"] + pad["width"] < card["x"]
        else:
            assert pad["y"] + pad["height"] <= card["y"]
        # Nothing is cut off, nothing scrolls.
        output = page.locator(".jp-OutputArea-output:has(.vitcourse-pad)")
        inside = output.bounding_box()
        assert max(box["x"] + box["width"] for box in (pad, card)) <= inside["x"] + inside["width"] <= width
        for kind in (".vitcourse-live", ".vitcourse-beside"):
            assert page.locator(kind).evaluate(
                "(node) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight"
            )
    finally:
        page.set_viewport_size({"width": 1300, "height": 1000})


# Draws the sheet for a model that is no kernel's, closes it again, and says what was left.
OPEN_AND_CLOSE = """async (source) => {
    const given = {
        size: 28, value: new DataView(new ArrayBuffer(784)), grid: [7, 7], guide: true, label: "sheet", hint: "keys",
        start_names: ["a", "b"], start_values: new DataView(new ArrayBuffer(2 * 784)), disabled: false,
    };
    const listening = new Set();
    const model = {
        get: (name) => given[name],
        on: (name, listener) => listening.add(listener),
        off: (name, listener) => listening.delete(listener),
    };
    const signals = [];
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (kind, listener, options) {
        signals.push([kind, options?.signal]);
        add.call(this, kind, listener, options);
    };
    const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const el = document.createElement("div");
    document.body.append(el);
    const close = module.default.render({ model, el });
    const opened = [signals.length, listening.size];
    close();
    EventTarget.prototype.addEventListener = add;
    return { opened, left: [...listening].length, heard: signals.filter(([, s]) => !s?.aborted).map(([kind]) => kind) };
}"""


def test_closed_it_listens_no_more(browser):
    page = browser.new_page()
    try:
        page.goto("about:blank")
        told = page.evaluate(OPEN_AND_CLOSE, Pad._esm)
    finally:
        page.close()
    assert min(told["opened"]) >= 2
    assert (told["left"], told["heard"]) == (0, [])
