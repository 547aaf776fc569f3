"""What learners touch, in a real browser and by keyboard alone: a live picture, a prediction, a picture's alt text."""

from __future__ import annotations

import pytest

CELLS = [
    """
import numpy as np
from matplotlib.figure import Figure
from vitcourse.widgets import choices, live, picture, predict, slider
""",
    """
@live(alt="A bar that grows with n.", size=(300, 200), n=slider(1, 9, value=3, label="how many"))
def bar(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(-1, 1))
    patch = axes.barh(0, 1)[0]

    def update(n):
        patch.set_width(n)
        return f"n is {n}"

    return update


bar
""",
    """
guess = predict("How many tokens?", choices=["7", "28", "49"])
guess
""",
    'guess.reveal("49")',
    """
figure = Figure(figsize=(2, 1))
figure.subplots().plot([1, 2])
picture(figure, alt='A line that rises from "1" to 2.')
""",
    """
from vitcourse.widgets import cell


@live(alt="A grid to paint on.", size=(200, 200), patch=cell(4, 4))
def grid(figure):
    figure.add_axes((0, 0, 1, 1))
    return lambda patch: f"{patch} was set {patch.touches} times"


grid
""",
    """
names = {f"the option of number {i}": i for i in range(4)}
listed = choices(names, kind="list")
live(lambda figure: lambda which: f"{which} is chosen", alt="Nothing.", size=(100, 100), which=listed)
""",
    """
@live(alt="A grid to point at.", size=(200, 200), patch=cell(4, 4, hover=True))
def map(figure):
    axes = figure.add_axes((0, 0, 1, 1))
    image = axes.imshow(np.zeros((4, 4)), vmin=0, vmax=1)

    def update(patch):
        image.set_data(np.eye(16)[4 * patch[0] + patch[1]].reshape(4, 4))
        return f"shown: {patch}, set {patch.touches} times"

    return update


map
""",
]
CANVAS = ".vitcourse-card canvas"


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("widgets.ipynb", CELLS)
    notebook = opened("widgets.ipynb")
    notebook.run_all()
    notebook.page.wait_for_selector(f"{CANVAS}[data-frame]")
    return notebook


@pytest.fixture
def page(notebook):
    yield notebook.page
    assert notebook.errors() == []


def seen(page) -> tuple[str, float]:
    """The live picture's pixels and its height on the screen, the line below it included."""
    pixels = page.evaluate(f"() => document.querySelector('{CANVAS}').toDataURL()")
    return pixels, page.locator(".vitcourse-figure").first.bounding_box()["height"]


def test_a_slider_moves_by_keyboard_and_the_picture_with_it(page):
    before, height = seen(page)
    frame = page.get_attribute(CANVAS, "data-frame")
    page.focus(".vitcourse-controls .noUi-handle")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f"{CANVAS}:not([data-frame='{frame}'])", timeout=10_000)
    page.get_by_text("n is 4").wait_for(timeout=10_000)
    after, height_after = seen(page)
    assert after != before
    assert height_after == height > 200
    page.keyboard.press("ArrowLeft")
    page.get_by_text("n is 3").wait_for(timeout=10_000)
    page.wait_for_function(
        f"(before) => document.querySelector('{CANVAS}').toDataURL() === before", arg=before, timeout=10_000
    )


def test_controls_say_what_they_are(page):
    assert page.locator(".vitcourse-controls label", has_text="how many").count() == 1
    handle = page.locator(".vitcourse-controls .noUi-handle")
    assert handle.get_attribute("role") == "slider"
    assert (handle.get_attribute("aria-valuemin"), handle.get_attribute("aria-valuemax")) == ("1.0", "9.0")
    assert page.get_by_role("img", name="A bar that grows with n.").count() == 1


def test_a_prediction_by_keyboard_is_locked_and_revealed(notebook, page):
    box = page.locator(".vitcourse-predict")
    page.get_by_text("No guess was locked").wait_for()
    lock = box.get_by_role("button", name="Lock my guess")
    lock.focus()
    page.keyboard.press("Enter")
    box.get_by_text("Choose an answer first.").wait_for()
    for key in ("Shift+Tab", "Shift+Tab", "Space", "Tab", "Tab", "Enter"):  # the answer before the last, and back
        page.keyboard.press(key)
    box.get_by_text("Your guess: 28").wait_for(timeout=10_000)
    assert box.get_by_role("button", name="Locked").is_disabled()
    assert notebook.python("print(guess.guess)").strip() == "28"
    assert all(box.locator("input").nth(i).is_disabled() for i in range(3))
    notebook.run_cell(3)
    page.get_by_text("your guess", exact=True).wait_for()
    assert page.get_by_text("No guess was locked").count() == 0


def test_a_picture_has_alt_text(page):
    image = page.get_by_role("img", name='A line that rises from "1" to 2.')
    image.wait_for()
    assert image.evaluate("(image) => image.complete && image.naturalWidth > 0 && image.tagName === 'IMG'")


def test_a_press_on_the_same_cell_counts_again(page):
    card = page.get_by_role("application", name="A grid to paint on.")
    for times in (1, 2):
        card.click(position={"x": 20, "y": 20})
        page.get_by_text(f"(0, 0) was set {times} times").wait_for(timeout=10_000)
    page.keyboard.press("Space")
    page.get_by_text("(0, 0) was set 3 times").wait_for(timeout=10_000)
    page.keyboard.press("ArrowDown")
    page.get_by_text("(1, 0) was set 4 times").wait_for(timeout=10_000)


def test_the_pointer_shows_a_cell_without_a_press_and_a_click_keeps_it(page):
    card = page.get_by_role("application", name="A grid to point at.")
    card.scroll_into_view_if_needed()

    def says(text: str) -> str:
        """The picture's pixels, once the line below it is this one."""
        page.get_by_text(text, exact=True).wait_for(timeout=10_000)
        page.wait_for_timeout(200)  # the line may be there before its picture is decoded
        return card.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")

    first = says("shown: (0, 0), set 0 times")
    card.hover(position={"x": 130, "y": 80})
    there = says("shown: (1, 2), set 0 times")
    assert there != first
    page.mouse.move(5, 5)
    assert says("shown: (0, 0), set 0 times") == first
    card.click(position={"x": 130, "y": 80})
    assert says("shown: (1, 2), set 1 times") == there
    card.hover(position={"x": 20, "y": 20})
    assert says("shown: (0, 0), set 1 times") == first
    page.mouse.move(5, 5)
    assert says("shown: (1, 2), set 1 times") == there
    card.hover(position={"x": 20, "y": 20})
    says("shown: (0, 0), set 1 times")
    page.keyboard.press("ArrowDown")  # from the cell that is seen
    says("shown: (1, 0), set 2 times")
    page.mouse.move(5, 5)
    says("shown: (1, 0), set 2 times")


def test_a_list_moves_by_keyboard_and_not_the_notebook(page):
    page.focus(".vitcourse-live select")
    cell = page.evaluate("() => window.notebookPanel.content.activeCellIndex")
    for key, chosen in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        page.get_by_text(f"{chosen} is chosen").wait_for(timeout=10_000)
    assert page.evaluate("() => window.notebookPanel.content.activeCellIndex") == cell
