"""What exercises answer, in a real JupyterLab: sentences, the learner's own lines, colors of the theme."""

from __future__ import annotations

import os
import pathlib

import pytest

IMPORTS = """
from einops import rearrange
import vitcourse as vc
from vitcourse.exercises import check, hint, my_vit, progress, solution
"""
ANSWER = """
def patchify(images, patch_size):
    return rearrange(images, "b c (h p) (w q) -> b ({order}) (c p q)", p=patch_size, q=patch_size)

check(patchify)
"""
RAISES = """
def patchify(images, patch_size):
    rows = images.shape[2] // patch_size
    return images.reshape(rows, 7)

check(patchify)
"""
ENDLESS = """
def split_heads(x, num_heads):
    print("so far", "x" * 100_000)
    raise KeyError("<b>bold</b>")

check(split_heads)
"""
CELLS = [
    IMPORTS,
    "def patchify(images, patch_size):\n    raise NotImplementedError\n\ncheck(patchify)",
    ANSWER.format(order="w h"),
    RAISES,
    ENDLESS,
    ANSWER.format(order="h w"),
    "hint(patchify)",
    "solution(patchify)",
    "progress()",
    "my_vit.model(img_size=8, patch_size=4, embed_dim=16, depth=1, num_heads=2).mine()",
]
SAID = {
    1: "not attempted yet",
    2: "column by column",
    3: "line 3 of patchify:  return images.reshape(rows, 7)",
    4: "more characters",
    5: "Kept in my_vit.py",
    6: "hint 1 of",
    7: "rearrange(images",
    8: "1 of 25 exercises done",
    9: "['patchify']",
}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SHOTS = os.environ.get("VITCOURSE_SHOTS")  # a folder, to look at what it looks like


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("exercises.ipynb", CELLS)
    notebook = opened("exercises.ipynb")
    notebook.run_all()
    return notebook


@pytest.mark.parametrize("theme", THEMES)
def test_every_answer_is_read_in_both_themes(notebook, theme):
    page = notebook.page
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", THEMES[theme])
    light = "true" if theme == "light" else "false"
    page.wait_for_selector(f"body[data-jp-theme-light='{light}']", state="attached")
    for number, text in SAID.items():
        assert text in notebook.look_at(number)["text"], number
        if SHOTS:
            notebook.screenshot(pathlib.Path(SHOTS) / f"{theme}-{number}.png")
    assert notebook.errors() == []


def test_text_stands_out_from_its_ground_and_is_read_aloud(notebook):
    """In the theme that is on: text as dark or as light as the notebook's own, and a status for screen readers."""
    notebook.look_at(2)
    status = notebook.page.locator("[role=status]").filter(has_text="patchify: not yet").first
    assert status.get_attribute("aria-label") == "patchify: not yet"
    colors = status.evaluate(
        """(node) => [getComputedStyle(node).color,
            getComputedStyle(document.querySelector(".jp-Notebook")).getPropertyValue("--jp-content-font-color1")]"""
    )
    probe = notebook.page.evaluate(
        "(value) => { const e = document.createElement('i'); e.style.color = value; document.body.append(e);"
        " const c = getComputedStyle(e).color; e.remove(); return c; }",
        colors[1].strip(),
    )
    assert colors[0] == probe


def test_nothing_a_learner_raises_becomes_markup(notebook):
    seen = notebook.look_at(4)["text"]
    assert "<b>bold</b>" in seen
