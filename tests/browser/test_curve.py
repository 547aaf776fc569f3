"""A prediction drawn by hand, in a real browser: by mouse, by finger and by keyboard alone."""

from __future__ import annotations

import re
import time

import pytest

CELLS = [
    """
from vitcourse.widgets import predict

falls = predict("How will the training loss fall?", x=(0, 2000), low=0.0, high=2.5, x_label="step",
                y_label="training loss", unit="nats")
falls
""",
    """
import numpy as np
steps = np.arange(0, 2001, 100)
falls.reveal(steps, 2.3 * np.exp(-steps / 400), note="It falls fast, then slowly.")
""",
    "falls",
]
PLOT = ".vitcourse-curve-plot"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("curve.ipynb", CELLS)
    return opened("curve.ipynb")


@pytest.fixture
def page(notebook):
    """The page with empty axes; the views of the test before, which stay a moment longer, are gone."""
    page = notebook.page
    page.evaluate(f"() => document.querySelectorAll('{PLOT}').forEach((plot) => plot.classList.add('old'))")
    notebook.run_all()
    notebook.look_at(0)
    page.wait_for_function(f"() => document.querySelector('{PLOT}') && !document.querySelector('{PLOT}.old')")
    yield notebook.page
    assert notebook.errors() == []


def at(page, x: float, y: float) -> tuple[float, float]:
    """Where a place on the axes, as fractions of both, lies on the page."""
    box = page.locator(PLOT).first.bounding_box()
    return box["x"] + 46 + (box["width"] - 70) * x, box["y"] + 32 + 204 * (1 - y)


def stroke(page, places, *, steps: int = 4) -> None:
    page.mouse.move(*at(page, *places[0]))
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*at(page, *place), steps=steps)
    page.mouse.up()


def drawn(page) -> dict[int, float]:
    """The columns that have a height, from the curve's path."""
    path = page.locator(".vitcourse-curve-drawn").first.get_attribute("d")
    places = [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", path)]
    return {round((x - 46) / 5.5): 1 - (y - 32) / 204 for x, y in places}


def kernel_knows(notebook, code: str, expected: str) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if notebook.python(f"print({code})").strip() == expected:
            return True
        time.sleep(0.1)
    return False


def test_a_stroke_by_mouse_is_locked_and_laid_over_the_measured_curve(notebook, page):
    assert page.get_by_text("Draw your curve here").first.is_visible()
    stroke(page, [(0, 0.92), (0.2, 0.5), (1, 0.04)])
    heights = drawn(page)
    assert sorted(heights) == list(range(101))
    assert (heights[0], heights[20], heights[60], heights[100]) == pytest.approx((0.92, 0.5, 0.27, 0.04), abs=0.015)
    assert page.get_by_text("Draw your curve here").first.is_hidden()
    assert notebook.python("print(falls.guess)").strip() == "None"
    page.get_by_role("button", name="Lock my guess").first.click()
    page.get_by_text("Your guess: from 2.30 to 0.10 nats").first.wait_for()
    assert page.get_by_role("button", name="Locked").first.is_disabled()
    assert kernel_knows(notebook, "*(len(a) for a in falls.guess), *(round(float(a[20]), 1) for a in falls.guess)",
                        "101 101 400.0 1.2")  # fmt: skip
    stroke(page, [(0, 0), (1, 0)])  # too late
    assert drawn(page) == heights
    notebook.run_cell(1)
    page.get_by_text(re.compile(r"Your curve lies 0\.\d\d nats from the measured one on average\.")).wait_for()
    picture = page.get_by_role("img", name="Your guess: 2.30 nats at step 0")
    assert picture.bounding_box()["width"] == pytest.approx(620, abs=1)
    assert "training loss (nats) over step" in picture.get_attribute("aria-label")


def test_to_and_fro_draws_a_part_anew(page):
    stroke(page, [(0, 0.5), (1, 0.5)])
    stroke(page, [(0.4, 0.9), (0.6, 0.9), (0.5, 0.1)])
    heights = drawn(page)
    assert sorted(heights) == list(range(101))  # one height in each column
    assert heights[45] == pytest.approx(0.9, abs=0.01)
    assert heights[50] == pytest.approx(0.1, abs=0.01)
    assert heights[55] == pytest.approx(0.5, abs=0.05)
    assert heights[61] == heights[39] == pytest.approx(0.5, abs=0.01)


def test_gaps_are_joined_and_ends_held(notebook, page):
    stroke(page, [(0.2, 0.8), (0.3, 0.8)])
    stroke(page, [(0.7, 0.2), (0.8, 0.2)])
    assert sorted(drawn(page)) == [*range(20, 31), *range(70, 81)]
    page.get_by_role("button", name="Lock my guess").first.click()
    guess = "*(round(float(falls.guess[1][i]), 1) for i in (0, 25, 50, 75, 100))"
    assert kernel_knows(notebook, guess, "2.0 2.0 1.2 0.5 0.5")


def test_a_fast_stroke_leaves_no_gap(page):
    stroke(page, [(0, 0), (1, 1)], steps=1)
    heights = drawn(page)
    assert sorted(heights) == list(range(101))
    assert heights[50] == pytest.approx(0.5, abs=0.01)


def test_by_keyboard_alone(notebook, page):
    page.locator(PLOT).first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    assert page.locator(".vitcourse-curve-dot").first.is_visible()
    assert "solid" in page.evaluate("() => getComputedStyle(document.activeElement).outline")
    cell = page.evaluate("() => window.notebookPanel.content.activeCellIndex")
    for key in ("Home", "PageUp", "PageUp", "ArrowUp", "Shift+ArrowDown"):
        page.keyboard.press(key)
    assert drawn(page) == pytest.approx({0: 0.94}, abs=0.005)
    page.get_by_text("step 0: 2.35 nats").first.wait_for(state="attached")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "End", "ArrowLeft", *["PageDown"] * 5):
        page.keyboard.press(key)
    assert drawn(page) == pytest.approx({0: 0.94, 10: 0.89, 95: 0.0}, abs=0.005)
    assert page.evaluate("() => window.notebookPanel.content.activeCellIndex") == cell
    for key in ("Tab", "Enter"):
        page.keyboard.press(key)
    page.get_by_text("Your guess: from 2.35 to 0.00 nats").first.wait_for()
    assert kernel_knows(notebook, "round(float(falls.guess[1][5]), 2)", "2.29")
    assert page.evaluate("() => window.notebookPanel.content.mode") == "command"


def test_keys_bend_what_a_pointer_has_drawn(page):
    stroke(page, [(0, 0.5), (1, 0.5)])
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    heights = drawn(page)
    assert sorted(set(range(101)) - set(heights)) == [6, 7, 8, 9, 11, 12, 13, 14]  # straight from station to station
    assert (heights[5], heights[10], heights[15]) == pytest.approx((0.5, 0.55, 0.5), abs=0.01)


def test_nothing_drawn_is_nothing_locked(notebook, page):
    page.get_by_role("button", name="Lock my guess").first.click()
    page.get_by_text("Draw a curve first.").first.wait_for()
    stroke(page, [(0.2, 0.8), (0.3, 0.8)])
    page.get_by_text("Draw a curve first.").first.wait_for(state="hidden")
    page.get_by_role("button", name="Erase").first.click()
    assert drawn(page) == {}
    assert notebook.python("print(falls.guess)").strip() == "None"
    page.get_by_text("No guess was locked. To compare").wait_for()


def test_a_second_view_shows_the_same(notebook, page):
    stroke(page, [(0, 0.9), (1, 0.1)])
    curves = page.locator(".vitcourse-curve-drawn")
    assert curves.count() == 2
    notebook.look_at(2)
    assert curves.nth(1).get_attribute("d") == curves.nth(0).get_attribute("d")
    page.get_by_role("button", name="Lock my guess").nth(1).click()
    page.get_by_text("Your guess: from 2.25 to 0.25 nats").first.wait_for()
    assert page.get_by_role("button", name="Locked").count() == 2


def test_a_kernel_that_is_busy_makes_nobody_wait(notebook, page):
    page.evaluate(
        "() => { window.busy = window.notebookPanel.sessionContext.session.kernel.requestExecute("
        "{code: 'import time; time.sleep(3)'}).done; }"
    )
    stroke(page, [(0, 0.2), (1, 0.2)])
    page.wait_for_timeout(500)
    stroke(page, [(0, 0.6), (1, 0.6)])  # the kernel has not taken the first
    page.get_by_role("button", name="Lock my guess").first.click()
    page.get_by_role("button", name="Locked").first.wait_for(timeout=1500)
    page.evaluate("() => window.busy")
    assert kernel_knows(notebook, "round(float(falls.guess[1][50]), 1)", "1.5")


def test_by_finger(lab, browser, page):
    touching = page.context.new_cdp_session(page)
    for kind, places in (("touchStart", [(0.1, 0.2)]), ("touchMove", [(0.5, 0.6)]), ("touchMove", [(0.9, 0.2)])):
        for place in places:
            x, y = at(page, *place)
            touching.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    touching.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    heights = drawn(page)
    assert sorted(heights) == list(range(10, 91))
    assert (heights[10], heights[30], heights[50], heights[90]) == pytest.approx((0.2, 0.4, 0.6, 0.2), abs=0.02)


def test_shift_enter_still_runs_the_cell(page):
    stroke(page, [(0, 0.9), (1, 0.1)])
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        "() => document.querySelector('.vitcourse-curve-drawn')?.getAttribute('d') === ''", timeout=10_000
    )


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [1300, 800])
def test_it_fits_and_keeps_its_height(notebook, page, theme, width):
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[theme])
    page.wait_for_selector("#jupyterlab-splash", state="detached")  # which covers the page while a theme is loaded
    page.set_viewport_size({"width": width, "height": 1000})
    notebook.look_at(0)
    try:
        box = page.locator(".vitcourse-predict").first
        before = box.bounding_box()
        stroke(page, [(0, 0.9), (1, 0.1)])
        page.get_by_role("button", name="Lock my guess").first.click()
        page.get_by_text("Your guess: from 2.25 to 0.25 nats").first.wait_for()
        assert box.bounding_box() == before
        output = page.locator(".jp-OutputArea-output:has(.vitcourse-curve)").first
        assert output.evaluate(
            "(node) => node.scrollWidth <= node.clientWidth && node.scrollHeight <= node.clientHeight"
        )
    finally:
        page.set_viewport_size({"width": 1300, "height": 1000})


def test_saved_it_is_read_without_a_kernel(notebook, page):
    notebook.save()
    asked, shown, _ = notebook.saved().cells
    assert set(asked.outputs[0].data) == {"text/html", "text/plain"}
    assert asked.outputs[0].data["text/plain"] == "prediction: How will the training loss fall?"
    assert "step from 0 to 2,000 to the right" in asked.outputs[0].data["text/html"]
    words = re.sub(r"<[^>]*>", " ", shown.outputs[0].data["text/html"]).split()
    assert " ".join(words) == (
        "How will the training loss fall? No guess was locked. To compare, lock a guess above and run this cell again. "
        "It falls fast, then slowly."
    )
