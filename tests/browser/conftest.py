"""One JupyterLab for all browser tests, started as `vitcourse lab` starts it, on a copy of the course."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))
from lab import REPO, Notebook, find_chromium, running_browser, running_lab

from vitcourse.course.workspace import lay_out


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The server; its notebooks lie in `work/` of a copy, without outputs."""
    if find_chromium() is None:
        pytest.skip("no Chromium or Chrome is installed: nothing is tested in a browser")
    root = tmp_path_factory.mktemp("browser")
    course = root / "course"
    (course / "lessons").mkdir(parents=True)
    shutil.copy(REPO / "lessons/course.toml", course / "lessons")
    shutil.copytree(REPO / "notebooks", course / "notebooks")
    lay_out(course)
    with running_lab(root, course=course) as server:
        yield server


# Not for the session: while Playwright runs, nobody else in this process can run an event loop of their own.
@pytest.fixture(scope="module")
def browser(lab):
    with running_browser() as running:
        yield running


@pytest.fixture(scope="module")
def opened(browser, lab):
    """opened(name) opens a notebook of the server in a page of its own; all are closed after the module's tests."""
    pages = []

    def open_one(name: str, *, kernel: bool = True) -> Notebook:
        page = browser.new_page(viewport={"width": 1300, "height": 1000})
        notebook = Notebook(page, lab, name)
        notebook.open(kernel=kernel)
        pages.append(notebook)
        return notebook

    yield open_one
    for notebook in pages:
        notebook.close()
        notebook.page.close()
