"""Building notebooks and testing leave the user's own progress alone; browser tests: tests/browser/test_progress.py."""

from __future__ import annotations

import sys

import check
import lesson_files
import lesson_run
import pytest

NOTE = "from vitcourse.exercises import store; store.note('patchify', tries=1); print(store.path())"


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The directory of the user's own progress, named in the environment as it may be."""
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("VITCOURSE_STATE", str(own))
    return own


def test_a_lesson_that_is_built_notes_it_elsewhere(own, tmp_path):
    _, notebook = lesson_files.made(f'# %% tags=["core"]\n{NOTE}\n', tmp_path)
    lesson_run.run(notebook, name="made")
    assert "progress.json" in notebook.cells[0].outputs[0].text
    assert str(own) not in notebook.cells[0].outputs[0].text
    assert list(own.iterdir()) == []


def test_so_does_whatever_make_test_runs(own, tmp_path, capfd):
    steps = [("first", [sys.executable, "-c", NOTE]), ("second", [sys.executable, "-c", NOTE])]
    assert check.run(steps) == 0
    assert capfd.readouterr().out.count("progress.json") == 2
    assert list(own.iterdir()) == []
