"""Saved, closed and opened again with another kernel: a picture, or the line "run this cell"; never a dead view."""

from __future__ import annotations

import pytest
from lab import Notebook, running_lab
from notebook_page import GONE

from vitcourse.widgets.saving import server_config

pytestmark = pytest.mark.slow

CELLS = [
    """
import ipywidgets
from vitcourse.widgets import job, live, predict, slider

@live(alt="An empty picture.", n=slider(1, 9))
def nothing(figure):
    figure.subplots()
    return lambda n: None

nothing
""",
    'predict("How many tokens?", choices=["7", "49"])',
    "job(lambda: iter([1]), lambda figure: lambda records: None, alt='A job that does little.')",
    "ipywidgets.IntSlider()",
]
# (pictures, text) of each cell when it is opened again
EXPECTED = [(1, ""), (0, "Predict: How many tokens?"), (1, ""), (0, "run this cell")]


def reopened(browser, server) -> list[dict]:
    """What the cells show in a notebook that was run, saved, closed and opened again."""
    server.write("saved.ipynb", CELLS)
    page = browser.new_page(viewport={"width": 1300, "height": 1000})
    notebook = Notebook(page, server, "saved.ipynb")
    try:
        notebook.open()
        notebook.run_all()
        assert all(notebook.look_at(number)["widgets"] for number in range(len(CELLS)))
        notebook.save()
        notebook.close()
        notebook.open()
        return [notebook.look_at(number) for number in range(len(CELLS))]
    finally:
        notebook.close()
        page.close()


def check(seen: list[dict]) -> None:
    for (images, text), cell in zip(EXPECTED, seen, strict=True):
        assert (cell["widgets"], cell["blank"], cell["images"]) == (0, 0, images), cell
        assert text in cell["text"]
        assert not any(word in cell["text"].lower() for word in GONE), cell


def test_by_the_server_of_vitcourse_lab(browser, lab):
    check(reopened(browser, lab))


def test_by_the_hook_in_a_configuration_of_ones_own(browser, tmp_path):
    with running_lab(tmp_path, config=server_config()) as server:
        check(reopened(browser, server))
