"""The duel in a real browser, played by mouse and by keyboard, in both themes."""

from __future__ import annotations

import pytest

CELLS = [
    """
import torch
from torch import nn
from vitcourse import patchify
from vitcourse.widgets.duel import duel


class Weighs(nn.Module):
    grid = (2, 3)

    def forward(self, x):
        inked = (patchify(x, (4, 5)).amax(dim=-1) > 0).float() @ torch.arange(6.0)
        return torch.stack([torch.zeros(len(x)), inked, torch.full((len(x),), 8.0)], dim=1)


images = torch.rand(3, 1, 8, 15) * 0.8 + 0.1
images[1] = 0
scores = {"weights": torch.arange(6.0).expand(3, -1), "<b>reading</b>": -torch.arange(6.0).expand(3, -1)}
""",
    "game = duel(Weighs(), images, scores, classes=['zero', '<i>one</i>', 'two'], alt='A game of six patches.')\ngame",
    "below = 1\nbelow",
]
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("duel.ipynb", CELLS)
    return opened("duel.ipynb")


@pytest.fixture(params=THEMES)
def page(notebook, request):
    """The page with a fresh game, in each of the themes."""
    page = notebook.page
    page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[request.param]
    )
    page.wait_for_selector(
        f"body[data-jp-theme-light='{'true' if request.param == 'light' else 'false'}']", state="attached"
    )
    notebook.run_all()
    page.wait_for_selector(".vitcourse-duel-cell")
    yield page
    assert notebook.errors() == []


def says(page, text: str) -> None:
    page.wait_for_function(
        "(text) => document.querySelector('.vitcourse-duel-words')?.textContent.includes(text)",
        arg=text,
        timeout=10_000,
    )


def counts(page) -> list[str]:
    return page.locator(".vitcourse-duel-count").all_inner_texts()


def hidden(page) -> list[int]:
    return page.evaluate(
        "() => [...document.querySelectorAll('.vitcourse-duel-cell')].flatMap((cell, i) =>"
        " cell.getAttribute('aria-pressed') === 'true' ? [i] : [])"
    )


def test_by_mouse(notebook, page):
    """Patches go and come back; at the flip, and not before, the others' numbers are there; nothing jumps."""
    game, cells = page.locator(".vitcourse-duel"), page.locator(".vitcourse-duel-cell")
    height = game.bounding_box()["height"]
    says(page, "The model says <i>one</i>. Hide as few of the 6 patches")
    cells.nth(3).click()
    says(page, "1 patch hidden")
    assert hidden(page) == [3]
    cells.nth(4).click()
    says(page, "2 patches hidden: 50 % for <i>one</i>, 50 % for two.")
    cells.nth(3).click()
    says(page, "1 patch hidden")
    assert hidden(page) == [4]
    assert counts(page) == ["?"] * 5
    assert notebook.python("print(game.results)").strip() == "{}"
    assert page.locator(".vitcourse-duel-mini.vitcourse-empty").count() == 5

    cells.nth(5).click()
    says(page, "Flipped by 2 patches: the model now says two, no longer <i>one</i>.")
    page.wait_for_function("() => document.querySelectorAll('.vitcourse-duel-mini.vitcourse-empty').length === 0")
    shown = counts(page)
    assert [shown[i] for i in (0, 1, 2, 4)] == ["2", "2", "5", "2"]
    assert page.locator(".vitcourse-duel b").count() == 0  # names are text, never markup
    assert page.locator(".vitcourse-duel-needed").first.inner_text() == "2"
    assert game.bounding_box()["height"] == pytest.approx(height, abs=1)
    cells.nth(0).click(force=True)
    assert hidden(page) == [4, 5]

    page.get_by_role("button", name="Next image").click()
    says(page, "The model says <i>one</i>. Hide")
    assert notebook.python("print(game.image, game.hidden, repr(game.over))").strip() == "2 [] ''"
    assert counts(page) == ["?"] * 5


def test_by_keyboard(notebook, page):
    active = "() => window.notebookPanel.content.activeCellIndex"
    page.locator(".vitcourse-duel-thumb").first.focus()
    cell = page.evaluate(active)
    for _ in range(2):
        page.keyboard.press("Tab")  # the second image cannot be played; then the board
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')") == "row 2, column 2"
    page.keyboard.press("ArrowDown")  # stays: there is no row below
    page.keyboard.press("Space")
    says(page, "1 patch hidden")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    says(page, "Flipped by 2 patches")
    assert hidden(page) == [4, 5]
    assert page.evaluate(active) == cell
    assert notebook.python("print(game.hidden, game.over, game.score['played'])").strip() == "[4, 5] flipped 1"


def test_give_up_and_start_over(notebook, page):
    page.locator(".vitcourse-duel-cell").nth(0).click()
    says(page, "1 patch hidden")
    page.get_by_role("button", name="Give up").click()
    says(page, "You gave up. The model says <i>one</i> still.")
    page.wait_for_function("() => document.querySelectorAll('.vitcourse-duel-mini.vitcourse-empty').length === 0")
    assert counts(page)[:3] == ["–", "2", "5"]
    page.get_by_role("button", name="Start over").click()
    says(page, "Hide as few")
    assert hidden(page) == []
    assert counts(page) == ["?"] * 5
    assert page.locator(".vitcourse-duel-thumb").nth(1).is_disabled()


def test_it_fits_a_narrow_window(page):
    page.set_viewport_size({"width": 800, "height": 1000})
    try:
        wide, room = page.evaluate(
            "() => { const area = document.querySelector('.vitcourse-duel').parentElement;"
            " return [area.scrollWidth, area.clientWidth]; }"
        )
        assert wide <= room
    finally:
        page.set_viewport_size({"width": 1300, "height": 1000})
