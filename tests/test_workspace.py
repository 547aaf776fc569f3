"""The learner's copies: without outputs, never overwritten, fresh on request; saved without widget state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

import pytest

from vitcourse.course import cli, lab, workspace
from vitcourse.course.connect import connect_jupyter

NOW = datetime(2026, 11, 24, 15, 30)
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {"tags": ["core"]}, "source": "# Title"},
        {
            "cell_type": "code",
            "id": "b",
            "metadata": {"tags": ["core"], "execution": {"iopub.execute_input": "then"}},
            "source": "1 + 1",
            "execution_count": 7,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": "the answer"}],
        },
    ],
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "widgets": {"state": {}}},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture
def course(tmp_path, monkeypatch):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "notebooks").mkdir()
    rows = [("00", "start"), ("03", "encoder_block"), ("04", "not_written")]
    table = "".join(f'[[lesson]]\nnumber = "{n}"\nslug = "{slug}"\ntitle = "A title"\n' for n, slug in rows)
    (tmp_path / "lessons/course.toml").write_text(table, encoding="utf-8")
    for name in ("00_start", "03_encoder_block"):
        (tmp_path / f"notebooks/{name}.ipynb").write_text(json.dumps(NOTEBOOK), encoding="utf-8")
    monkeypatch.setattr(cli, "course_root", lambda: tmp_path)
    return tmp_path


def test_copies_have_no_outputs_and_keep_the_rest(course):
    assert [path.name for path in workspace.lay_out(course)] == ["00_start.ipynb", "03_encoder_block.ipynb"]
    copy = json.loads((course / "work/00_start.ipynb").read_text(encoding="utf-8"))
    code = copy["cells"][1]
    assert (code["outputs"], code["execution_count"]) == ([], None)
    assert code["metadata"] == {"tags": ["core"]}
    assert copy["metadata"] == {"kernelspec": NOTEBOOK["metadata"]["kernelspec"]}
    assert copy["cells"][0] == NOTEBOOK["cells"][0]


def test_a_learners_file_is_never_overwritten(course):
    workspace.lay_out(course)
    (course / "work/00_start.ipynb").write_text("my answers", encoding="utf-8")
    (course / "work/03_encoder_block.ipynb").unlink()
    assert [path.name for path in workspace.lay_out(course)] == ["03_encoder_block.ipynb"]
    assert (course / "work/00_start.ipynb").read_text(encoding="utf-8") == "my answers"


@pytest.mark.parametrize("name", ["03", "3", "encoder_block", "03_encoder_block", "work/03_encoder_block.ipynb"])
def test_reset_brings_a_fresh_copy_and_keeps_the_old_one(course, name):
    mine = course / "work/03_encoder_block.ipynb"
    workspace.lay_out(course)
    mine.write_text("my answers", encoding="utf-8")
    fresh, kept = workspace.reset(course, name, NOW)
    assert fresh == mine
    assert json.loads(fresh.read_text(encoding="utf-8"))["cells"][1]["outputs"] == []
    assert kept.name == "03_encoder_block.2026-11-24-1530.ipynb"
    assert kept.read_text(encoding="utf-8") == "my answers"


def test_two_resets_in_one_minute_keep_both(course):
    workspace.lay_out(course)
    for answers in ("first", "second"):
        (course / "work/00_start.ipynb").write_text(answers, encoding="utf-8")
        workspace.reset(course, "00", NOW)
    kept = sorted(path.name for path in (course / "work").glob("00_start.2026*"))
    assert kept == ["00_start.2026-11-24-1530-2.ipynb", "00_start.2026-11-24-1530.ipynb"]
    assert {(course / "work" / name).read_text(encoding="utf-8") for name in kept} == {"first", "second"}


def test_reset_where_there_is_no_copy_yet(course):
    fresh, kept = workspace.reset(course, "00", NOW)
    assert fresh.is_file()
    assert kept is None


@pytest.mark.parametrize("arguments", [["reset"], ["reset", "99"], ["reset", "04"], ["reset", ""]])
def test_reset_of_no_lesson_names_the_valid_ones(course, capsys, arguments):
    assert cli.main(arguments) == 2
    assert "valid: 00, 03" in capsys.readouterr().err


def test_a_full_disk_leaves_the_old_copy_and_no_half_file(course, monkeypatch, capsys):
    workspace.lay_out(course)
    (course / "work/00_start.ipynb").write_text("my answers", encoding="utf-8")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert cli.main(["reset", "00"]) == 1
    assert "No space left" in capsys.readouterr().err
    assert (course / "work/00_start.ipynb").read_text(encoding="utf-8") == "my answers"
    assert [path.name for path in (course / "work").iterdir() if path.name.startswith(".")] == []


def test_a_broken_source_costs_no_answers(course, capsys):
    workspace.lay_out(course)
    (course / "notebooks/00_start.ipynb").write_text('{"cells": ', encoding="utf-8")
    assert cli.main(["reset", "00"]) == 2
    assert "git checkout" in capsys.readouterr().err
    assert len(list((course / "work").glob("00_start*"))) == 1


def test_the_course_is_found_from_below_and_missed_elsewhere(course, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr(workspace, "__file__", str(elsewhere / "site-packages/vitcourse/course/workspace.py"))
    assert workspace.course_root(course / "lessons") == course
    with pytest.raises(workspace.WorkspaceError, match="go to the folder of the course"):
        workspace.course_root(elsewhere)


def test_lab_opens_the_first_lesson_and_passes_options_on(course):
    command = lab.lab_command(course, ["--no-browser"])
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/work/00_start.ipynb" in command
    assert command[-1] == "--no-browser"


def test_connecting_writes_once_and_mends(tmp_path):
    first = connect_jupyter(tmp_path)
    assert len(first) == 2
    assert connect_jupyter(tmp_path) == []
    first[0].write_text("{}", encoding="utf-8")
    assert connect_jupyter(tmp_path) == [first[0]]


PICTURE = "iVBORw0KGgo="
WIDGET_OUTPUT = {
    "output_type": "display_data",
    "metadata": {},
    "data": {
        "application/vnd.jupyter.widget-view+json": {"model_id": "gone"},
        "image/png": PICTURE,
        "text/plain": "a slider",
    },
}


def request(url: str, content: object = None) -> dict:
    data = None if content is None else json.dumps(content).encode()
    asked = urllib.request.Request(url, data=data, method="GET" if data is None else "PUT")
    with urllib.request.urlopen(asked, timeout=20) as reply:
        return json.loads(reply.read())


@pytest.fixture
def server(course, tmp_path_factory):
    """A JupyterLab as `vitcourse lab` starts it, but with its own configuration and without a browser or a token."""
    private = tmp_path_factory.mktemp("jupyter")
    connect_jupyter(private)
    workspace.lay_out(course)
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--IdentityProvider.token="]
    options += ["--ServerApp.disable_check_xsrf=True"]
    environment = os.environ | {
        "JUPYTER_CONFIG_PATH": str(private / "etc/jupyter"),
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
    }
    log = private / "log"
    with open(log, "w") as file:
        process = subprocess.Popen(
            lab.lab_command(course, options), env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 60
        while not (found := list((private / "runtime").glob("jpserver-*.json"))):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield json.loads(found[0].read_text())["url"]
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_a_server_saves_without_widget_state_and_asks_no_question(server, course):
    url = f"{server}api/contents/work/00_start.ipynb"
    for _ in range(50):
        try:
            model = request(url)
            break
        except urllib.error.URLError:
            time.sleep(0.2)
    notebook = model["content"]
    notebook["cells"][1]["outputs"] = [WIDGET_OUTPUT]
    notebook["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    request(url, {"type": "notebook", "format": "json", "content": notebook})
    saved = (course / "work/00_start.ipynb").read_text(encoding="utf-8")
    assert "1 + 1" in saved
    assert PICTURE in saved
    assert "widget-view" not in saved

    settings = request(f"{server}lab/api/settings/@jupyterlab/apputils-extension:notification")
    assert settings["schema"]["properties"]["fetchNews"]["default"] == "false"
