"""The set-up script: quick when ready, one line when something is missing, no trust in half an installation."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import pip_step  # noqa: E402
import setup as course_setup  # noqa: E402
import torch_build  # noqa: E402


@pytest.fixture
def tree(tmp_path):
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    (tmp_path / ".venv/pyvenv.cfg").write_text("version = 3.11.7\n")
    return tmp_path


def stamp(root):
    (root / ".venv/.ready.json").write_text(course_setup.json.dumps(course_setup.fingerprint(root)))


def test_ready_only_with_the_stamp_of_these_very_files(tree):
    assert not course_setup.is_ready(tree)
    stamp(tree)
    assert course_setup.is_ready(tree)
    (tree / "constraints.txt").write_text("torch==9\n")
    assert not course_setup.is_ready(tree)


@pytest.mark.parametrize("damage", ["version", "moved", "no python", "torn stamp"])
def test_not_ready_after(tree, damage):
    stamp(tree)
    if damage == "version":
        (tree / ".venv/pyvenv.cfg").write_text("version = 3.12.1\n")
    elif damage == "moved":
        tree = tree.rename(tree.with_name("elsewhere"))
        assert not course_setup.works(tree)
    elif damage == "no python":
        (tree / ".venv/bin/python").unlink()
    else:
        (tree / ".venv/.ready.json").write_text('{"files": ')
    assert not course_setup.is_ready(tree)


def test_half_installed_packages_are_found(tmp_path):
    (tmp_path / "a-1.dist-info").mkdir()
    (tmp_path / "a-1.dist-info/RECORD").write_text("a.py,sha256=x,3\na-1.dist-info/RECORD,,\n")
    (tmp_path / "a.py").write_text("abc")
    assert course_setup.damaged_packages(tmp_path) == []
    (tmp_path / "a.py").write_text("ab")
    (tmp_path / "b-1.dist-info").mkdir()
    assert course_setup.damaged_packages(tmp_path) == ["a-1.dist-info", "b-1.dist-info"]


def test_too_little_disk_is_said_with_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(course_setup.shutil, "disk_usage", lambda path: Usage(4e9))
    with pytest.raises(pip_step.Missing, match=r"4\.0 GB are free .* takes 6\.5 GB"):
        course_setup.check_machine(tmp_path, cpu_build=False)
    course_setup.check_machine(tmp_path, cpu_build=True)


class Usage:
    def __init__(self, free):
        self.free = free


def test_a_read_only_folder_is_one_line(tmp_path, monkeypatch, capsys):
    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(course_setup, "ROOT", tmp_path)
    monkeypatch.setattr("builtins.open", refuse)
    assert course_setup.main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("set-up: cannot write in")


def test_the_cpu_index_gets_three_seconds(monkeypatch):
    ended = threading.Event()

    def hang(*args: object, **kwargs: object) -> None:
        ended.wait(30)
        raise OSError("timed out")

    monkeypatch.setattr(torch_build.urllib.request, "urlopen", hang)
    started = time.monotonic()
    assert torch_build.index_answers(seconds=0.2) is False
    assert time.monotonic() - started < 5
    ended.set()


@pytest.mark.parametrize("sign", ["No space left on device", "Read-only file system", "No matching distribution found"])
def test_pips_failures_become_one_line(sign):
    assert pip_step.reason_for(f"ERROR: something {sign} more\n") == pip_step.REASONS[sign]
    assert pip_step.reason_for("what nobody has seen") == "pip failed; its last lines above say why"


def test_an_installation_that_fails_leaves_no_stamp(tree, monkeypatch):
    def fail(*args, **kwargs):
        raise pip_step.Missing("no network")

    monkeypatch.setattr(course_setup, "works", lambda root: True)
    monkeypatch.setattr(course_setup, "check_machine", lambda *args: None)
    monkeypatch.setattr(course_setup, "index_answers", lambda: False)
    monkeypatch.setattr(course_setup, "run_pip", fail)
    with pytest.raises(pip_step.Missing, match="no network"):
        course_setup.set_up(tree)
    assert not course_setup.is_ready(tree)


def test_the_cpu_build_is_tried_first_and_the_ordinary_one_taken_where_it_fails(tmp_path, monkeypatch):
    (tmp_path / "constraints.txt").write_text("numpy==2\ntorch==2.15.0\ntorchvision==0.29.2\n")
    calls = []

    def record(root, *arguments):
        calls.append(arguments)
        if "--index-url" in arguments:
            raise pip_step.Missing("gone")

    monkeypatch.setattr(course_setup, "run_pip", record)
    course_setup.install(tmp_path, cpu_build=True)
    assert calls[0][1:] == (torch_build.CPU_INDEX, "--no-deps", "torch==2.15.0", "torchvision==0.29.2")
    assert calls[1] == ("-c", "constraints.txt", "-e", ".[test,html]")


@pytest.mark.parametrize(
    ("there", "pinned", "index_answers", "from_cpu_index", "room_for_cpu_build"),
    [
        (None, "2.16.0", True, True, [True]),
        (None, "2.16.0", False, False, [False]),
        ("2.15.0+cpu", "2.16.0", True, True, [True]),
        ("2.15.0+cpu", "2.16.0", False, False, [False]),
        ("2.15.0", "2.16.0", True, False, [False]),
        ("2.15.0+cpu", "2.15.0", True, True, []),  # pip finds it there, and takes nothing from the index
        ("2.15.0", "2.15.0", True, False, []),
    ],
)
def test_a_new_pin_keeps_the_kind_of_build_and_looks_at_the_disk(
    tree, monkeypatch, there, pinned, index_answers, from_cpu_index, room_for_cpu_build
):
    (tree / "constraints.txt").write_text(f"torch=={pinned}\ntorchvision==0.30.0\n")
    if there is not None:
        (tree / f".venv/lib/python3.11/site-packages/torch-{there}.dist-info").mkdir(parents=True)
    calls, checked = [], []
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(course_setup, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(course_setup, "index_answers", lambda: index_answers)
    monkeypatch.setattr(course_setup, "works", lambda root: True)
    monkeypatch.setattr(course_setup, "check_machine", lambda root, cpu_build: checked.append(cpu_build))
    monkeypatch.setattr(course_setup, "run_pip", lambda root, *arguments: calls.append(arguments))
    monkeypatch.setattr(course_setup, "SMOKE_TEST", "")
    course_setup.set_up(tree)
    assert [torch_build.CPU_INDEX in call for call in calls] == [True, False][not from_cpu_index :]
    assert checked == room_for_cpu_build
    assert course_setup.is_ready(tree)


def find_python(folder, name, script):
    if script:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder), "PYTHON": name}
    command = ["/bin/sh", str(ROOT / "tools/find_python.sh")]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("", "no Python found"),
        ('case "$2" in *exit*) exit 1;; *print*) echo 3.9;; esac', "Python 3.11 or newer is needed, found 3.9"),
        ('case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac', "has no venv module"),
    ],
)
def test_what_is_missing_in_python_is_one_line(tmp_path, script, message):
    answer = find_python(tmp_path, "some-python", script)
    assert answer.returncode == 1
    (line,) = answer.stderr.splitlines()
    assert line.startswith("set-up: ")
    assert message in line


def test_a_python_that_fits_is_taken(tmp_path):
    answer = find_python(tmp_path, "some-python", f'exec "{sys.executable}" "$@"')
    assert answer.stdout == f"{tmp_path / 'some-python'}\n"
