"""Tests of exercises leave the developer's own progress and folder alone."""

import pytest


@pytest.fixture(autouse=True)
def own_state(tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_STATE", str(tmp_path / "state"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


@pytest.fixture(autouse=True)
def no_hurry(request, monkeypatch):
    """What is recognised must not depend on how busy the machine is; only the test of the time itself has its limit."""
    if "at_once" not in request.node.name:
        monkeypatch.setattr("vitcourse.exercises.judge.SECONDS", 30.0)
