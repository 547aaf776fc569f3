"""A quiz in a real browser, answered by mouse and by keyboard alone, in both themes."""

from __future__ import annotations

import time

import pytest

CELLS = [
    """
from vitcourse.widgets.quiz import Answer, Question, Quiz

asked = Quiz("quiz of lesson 99", [
    Question("What does `<b>2 + 2</b>` make?", (
        Answer("`3`", "It would, if one of them were a `1`."),
        Answer("<i>4</i>", "Count `<i>`: two, and two more.", True),
        Answer("5", "One too many; the sum of an even and an even number is even."))),
    Question("Which is the first letter?", (
        Answer("A", "The alphabet begins with it.", True),
        Answer("Z", "It is the last."))),
])
asked
""",
    "below = 1\nbelow",
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("quiz.ipynb", CELLS)
    return opened("quiz.ipynb")


@pytest.fixture(params=THEMES)
def page(notebook, request):
    """The page with a fresh quiz, in each of the themes."""
    page = notebook.page
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[request.param]
    )
    page.wait_for_selector(
        f"body[data-jp-theme-light='{'true' if request.param == 'light' else 'false'}']", state="attached"
    )
    notebook.run_all()
    page.wait_for_selector(".vitcourse-quiz .vitcourse-answer")
    yield page
    assert notebook.errors() == []


def question(page, number):
    return page.locator(".vitcourse-question").nth(number)


def kernel_knows(notebook, expected: str) -> bool:
    """Whether what was tried reaches the kernel, which the browser does not wait for."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if notebook.python("print(asked.tried, asked.right)").strip() == expected:
            return True
        time.sleep(0.1)
    return False


def focused(page) -> str:
    return page.evaluate("() => document.activeElement.innerText.trim()")


def test_by_mouse(notebook, page):
    first = question(page, 0)
    status = first.get_by_role("status")
    assert status.inner_text() == ""
    assert first.locator(".vitcourse-question-text").inner_text() == "1. What does <b>2 + 2</b> make?"
    assert first.locator(".vitcourse-question-text code").inner_text() == "<b>2 + 2</b>"
    first.get_by_role("button", name="3").click()
    status.get_by_text("Wrong. It would, if one of them were a 1.").wait_for()
    assert status.locator("code").inner_text() == "1"
    first.get_by_role("button", name="<i>4</i>").click()
    status.get_by_text("Right. Count <i>: two, and two more.").wait_for()
    first.get_by_role("button", name="3 (wrong)").click()
    status.get_by_text("Wrong. It would").wait_for()
    assert first.get_by_role("button", name="<i>4</i> (right)").count() == 1
    assert page.get_by_text("0 of 1 right at the first try. 1 question is left.").count() == 1
    question(page, 1).get_by_role("button", name="A").click()
    page.get_by_text("1 of 2 right at the first try.", exact=True).wait_for()
    assert kernel_knows(notebook, "[[0, 1], [0]] 1")


def test_by_keyboard_alone(notebook, page):
    question(page, 0).get_by_role("button").nth(0).focus()
    page.keyboard.press("ArrowDown")
    assert focused(page).endswith("<i>4</i>")
    ring = page.evaluate("() => getComputedStyle(document.activeElement).outline")
    assert "solid" in ring
    assert "2px" in ring
    page.keyboard.press("Enter")
    question(page, 0).get_by_text("Right. Count").wait_for()
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "Home", "End", "Tab"):  # around the question, then on to the next
        page.keyboard.press(key)
    assert focused(page).endswith("A")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    question(page, 1).get_by_text("Wrong. It is the last.").wait_for()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    question(page, 1).get_by_text("Right. The alphabet").wait_for()
    page.get_by_text("1 of 2 right at the first try.", exact=True).wait_for()
    assert kernel_knows(notebook, "[[1], [1, 0]] 1")
    assert notebook.page.evaluate("() => window.notebookPanel.content.mode") == "command"


def test_shift_enter_still_runs_the_cell(notebook, page):
    question(page, 0).get_by_role("button").nth(0).click()
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => !document.querySelector('.vitcourse-answer.vitcourse-wrong')")  # a fresh quiz
    assert notebook.page.evaluate("() => window.notebookPanel.content.activeCellIndex") == 1


def test_a_kernel_that_is_busy_makes_nobody_wait(notebook, page):
    page.evaluate(
        "() => { window.busy = window.notebookPanel.sessionContext.session.kernel.requestExecute("
        "{code: 'import time; time.sleep(3)'}).done; }"
    )
    question(page, 1).get_by_role("button", name="Z").click()
    question(page, 1).get_by_text("Wrong. It is the last.").wait_for(timeout=1500)
    page.evaluate("() => window.busy")
    assert kernel_knows(notebook, "[[], [1]] 0")


def test_python_answers_as_a_hand_does(notebook, page):
    assert notebook.python("print(asked.answer(0, 2))").startswith("Wrong. One too many")
    question(page, 0).get_by_text("Wrong. One too many").wait_for()
    assert page.get_by_text("0 of 1 right at the first try.").count() == 1


@pytest.mark.parametrize("width", [1300, 800])
def test_it_fits(page, width):
    page.set_viewport_size({"width": width, "height": 1000})
    try:
        question(page, 0).get_by_role("button").nth(2).click()
        box = page.locator(".vitcourse-quiz").bounding_box()
        output = page.locator(".jp-OutputArea-output:has(.vitcourse-quiz)").bounding_box()
        assert box["x"] + box["width"] <= output["x"] + output["width"] <= width
        for one in page.locator(".vitcourse-answer").all():
            inner = one.bounding_box()
            assert inner["x"] + inner["width"] <= box["x"] + box["width"]
    finally:
        page.set_viewport_size({"width": 1300, "height": 1000})


def test_saved_it_is_read_without_a_kernel(notebook, page):
    notebook.save()
    (output,) = notebook.saved().cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert output.data["text/plain"] == "quiz of lesson 99: 2 questions"
    assert output.data["text/html"].count("<summary>Answer</summary>") == 2
    assert "<b>2 + 2" not in output.data["text/html"]
