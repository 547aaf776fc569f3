"""Every lesson in a real browser: run from the first cell to the last, saved, closed and opened again."""

from __future__ import annotations

import pytest
from controls import run_job, until, views, without_effect
from lab import REPO, Notebook
from notebook_page import GONE

pytestmark = pytest.mark.slow

NAMES = sorted(path.name for path in (REPO / "notebooks").glob("*.ipynb"))
VIEW = "application/vnd.jupyter.widget-view+json"
WITH_EXPLORER = ("06_attention_maps.ipynb",)
SECONDS = 300  # a browser beside the kernel on two cores


@pytest.fixture(scope="module", params=NAMES)
def lesson(request, browser, lab):
    """One lesson, open in a page, all its cells run."""
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    notebook = Notebook(page, lab, request.param)
    notebook.open()
    try:
        notebook.run_all(SECONDS)
        yield notebook
    finally:
        notebook.close()
        page.close()


def test_it_runs_without_an_error(lesson):
    assert lesson.errors() == []
    counts = lesson.page.evaluate(
        "() => window.notebookPanel.content.model.toJSON().cells.filter((cell) => cell.cell_type === 'code')"
        ".map((cell) => cell.execution_count)"
    )
    assert counts == list(range(1, len(counts) + 1))


def test_pictures_and_controls_are_shown(lesson):
    """Each live view that the kernel sent is one on the page, its picture drawn and no error below it."""
    lesson.unfold()
    for number in lesson.cells_with(VIEW):
        seen = lesson.look_at(number)
        assert seen["widgets"] >= 1, f"cell {number} shows {seen}"
        assert seen["blank"] == 0, f"cell {number} shows {seen}"
        assert not any(word in seen["text"].lower() for word in GONE), f"cell {number} shows {seen}"
    assert lesson.page.locator(".vitcourse-error:not([hidden])").all_inner_texts() == []


def test_every_control_changes_its_picture(lesson):
    """Sliders and pictures by keyboard, buttons by a click."""
    lesson.unfold()
    for number in lesson.cells_with(VIEW):
        lesson.look_at(number)
        for view in views(lesson, number, "vitcourse-live"):
            assert without_effect(lesson.page, view) == [], f"cell {number}"
    assert lesson.page.locator(".vitcourse-error:not([hidden])").all_inner_texts() == []
    assert lesson.errors() == []


def test_explorers_and_duels_answer_the_keyboard(lesson):
    """In their lesson, with its models and images; what they do in all is tested each in a file of its own."""
    lesson.unfold()
    press, found = lesson.page.keyboard.press, 0
    for number in lesson.cells_with(VIEW):
        lesson.look_at(number)
        for view in views(lesson, number, "vitcourse-explorer"):
            said = view.query_selector("[aria-live]")
            before = said.inner_text()
            view.query_selector(".vitcourse-stage").focus()
            press("ArrowRight")
            assert until(lambda said=said, before=before: said.inner_text() != before), f"cell {number}: {before}"
            found += 1
        for view in views(lesson, number, "vitcourse-duel"):
            view.query_selector("[aria-label='row 3, column 3']").focus()
            press("Space")
            assert until(lambda view=view: "1 patch hidden" in view.inner_text()), f"cell {number}"
            found += 1
    assert found or lesson.name not in WITH_EXPLORER
    assert lesson.errors() == []


def test_every_job_starts_and_stops(lesson):
    lesson.unfold()
    for number in lesson.cells_with(VIEW):
        lesson.look_at(number)
        for view in views(lesson, number, "vitcourse-job"):
            assert "Error" not in run_job(view), f"cell {number}"
    assert lesson.errors() == []


def test_saved_closed_and_opened_again(lesson):
    """With another kernel: each live view is a picture or the question's text, or the line "run this cell"."""
    views = lesson.cells_with(VIEW)
    lesson.save()
    lesson.close()
    saved = lesson.saved()
    assert "widgets" not in saved.metadata
    assert [cell.id for cell in saved.cells for out in cell.get("outputs", []) if VIEW in out.get("data", {})] == []

    again = Notebook(lesson.page, lesson.lab, lesson.name)
    again.open()
    again.unfold()
    for number in views:
        seen = again.look_at(number)
        assert seen["widgets"] == seen["blank"] == 0, f"cell {number} shows {seen}"
        assert seen["images"] or seen["text"].strip(), f"cell {number} shows nothing"
        assert not any(word in seen["text"].lower() for word in GONE), f"cell {number} shows {seen}"
    text = again.page.evaluate("() => window.notebookPanel.node.innerText").lower()
    assert [word for word in GONE if word in text] == []
    assert again.console == []
    again.close()
