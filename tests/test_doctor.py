"""`vitcourse doctor`: each finding with its remedy, exit code 1 for a problem, and it never fails itself."""

from __future__ import annotations

import builtins
import hashlib
import importlib.metadata
import json
import os

import pytest

from vitcourse.course import checks, front_end
from vitcourse.course.doctor import Finding, examine, run_doctor
from vitcourse.course.machine import usable_cores
from vitcourse.data import files


def test_a_problem_gives_exit_code_1_a_warning_0(capsys):
    assert run_doctor([lambda: [Finding("ok", "a", "fine"), Finding("warning", "b", "tight", "Do this")]]) == 0
    assert "warning  b: tight. Do this" in capsys.readouterr().out
    assert run_doctor([lambda: [Finding("problem", "c", "broken", "Mend it")]]) == 1
    assert capsys.readouterr().out.endswith("problems: 1, warnings: 0\n")


def test_a_check_that_fails_is_a_finding_and_the_rest_goes_on():
    def broken_check():
        yield Finding("ok", "first", "fine")
        raise RuntimeError("unexpected")

    def needs_a_package():
        raise ImportError("no such package", name="torch")

    found = list(examine([broken_check, needs_a_package, lambda: [Finding("ok", "last", "fine")]]))
    assert [finding.state for finding in found] == ["ok", "warning", "problem", "ok"]
    assert found[1].subject == "broken check"
    assert "RuntimeError: unexpected" in found[1].text
    assert "torch" in found[2].text


@pytest.mark.parametrize("missing", ["torch", "psutil", "packaging", "jupyter_core", "platformdirs", "numpy"])
def test_a_missing_package_does_not_stop_it(missing, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path))
    original = builtins.__import__

    def without(name, *rest, **keywords):
        if name.split(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return original(name, *rest, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    run_doctor()
    out = capsys.readouterr().out
    assert "Python" in out
    assert "problems:" in out


def test_versions_outside_the_stated_range_are_problems(monkeypatch):
    stated = ["one>=2.0", "two>=1.0", "three>=1", 'four>=1; extra == "test"']
    installed = {"one": "1.9", "two": "1.0"}

    def version(name):
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(importlib.metadata, "requires", lambda name: stated)
    monkeypatch.setattr(importlib.metadata, "version", version)
    found = {finding.subject: finding for finding in checks.packages()}
    assert {name: finding.state for name, finding in found.items()} == {
        "one": "problem",
        "two": "ok",
        "three": "problem",
    }
    assert "1.9 is installed, the course needs >=2.0" in found["one"].text


def test_a_containers_share_counts_as_cores(tmp_path):
    assert usable_cores(tmp_path) >= 1
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert usable_cores(tmp_path) == 0.5
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores(tmp_path) >= 1


def test_more_threads_than_cores_is_a_warning_that_names_the_number(monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 8)
    monkeypatch.setattr(checks, "usable_cores", lambda: 2.0)
    finding = next(iter(checks.threads()))
    assert finding.state == "warning"
    assert "OMP_NUM_THREADS=2" in finding.remedy


def test_little_memory_is_a_warning(monkeypatch):
    monkeypatch.setattr(checks, "free_memory", lambda: 1.0e9)
    assert next(iter(checks.memory())).state == "warning"
    monkeypatch.setattr(checks, "free_memory", lambda: 4.0e9)
    assert next(iter(checks.memory())).state == "ok"


def test_a_damaged_data_file_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path))
    broken = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"too short")
    findings = [finding for finding in checks.data() if finding.subject == "MNIST"]
    assert [finding.state for finding in findings] == ["problem"]
    assert str(broken) in findings[0].text


def test_it_says_what_the_files_were_compared_with(monkeypatch, tmp_path):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path))
    content = b"three"
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    monkeypatch.setitem(files.FILES, "mnist", (files.DataFile("small", md5=digest),))
    (tmp_path / "small").write_bytes(content)
    for file in files.FILES["fashion_mnist"]:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.head)
        os.truncate(path, file.size)  # images of nothing but zeros: altered, but of the right size
    said = {finding.subject: finding.text for finding in checks.data() if finding.state == "ok"}
    assert said["MNIST"] == "1 files, checksums right"
    assert said["Fashion-MNIST"] == "4 files, sizes and headers right"


def test_no_data_is_a_warning_only(monkeypatch, tmp_path):
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path))
    assert {finding.subject: finding.state for finding in checks.data()} == {"data folder": "ok", "MNIST": "warning"}


def test_a_folder_that_cannot_be_written_is_a_problem(monkeypatch, tmp_path):
    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(checks.tempfile, "TemporaryFile", refuse)
    findings = list(checks._folder("work folder", tmp_path / "work", "Move it"))
    assert [(finding.state, finding.remedy) for finding in findings] == [("problem", "Move it")]


@pytest.fixture
def extensions(tmp_path, monkeypatch):
    monkeypatch.setattr(front_end, "_extension_folders", lambda: [tmp_path / "labextensions"])
    monkeypatch.setattr(front_end, "_configuration_folders", lambda: [tmp_path / "etc"])
    versions = {"anywidget": "0.11.0", "jupyterlab_widgets": "3.0.17", "ipywidgets": "8.1.9"}
    monkeypatch.setattr(front_end, "_installed", versions.get)

    def install(name, version):
        folder = tmp_path / "labextensions" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"version": version}))

    return install


def states():
    return [finding.state for finding in front_end.widget_front_end()]


def test_front_end_there_missing_or_of_another_version(extensions, tmp_path):
    assert states() == ["problem", "problem", "warning"]
    extensions("@jupyter-widgets/jupyterlab-manager", "5.0.16")
    extensions("anywidget", "0.11.3")
    assert states() == ["ok", "ok", "warning"]
    extensions("anywidget", "0.9.0")
    assert states() == ["ok", "problem", "warning"]
    extensions("@jupyter-widgets/jupyterlab-manager", "4.0.0")
    assert states() == ["problem", "problem", "warning"]


def test_a_disabled_extension_is_a_problem_and_the_saving_hook_is_looked_for(extensions, tmp_path):
    extensions("@jupyter-widgets/jupyterlab-manager", "5.0.16")
    extensions("anywidget", "0.11.0")
    (tmp_path / "etc/labconfig").mkdir(parents=True)
    (tmp_path / "etc/labconfig/page_config.json").write_text('{"disabledExtensions": {"anywidget": true}}')
    (tmp_path / "etc/jupyter_server_config.d").mkdir()
    (tmp_path / "etc/jupyter_server_config.d/vitcourse.json").write_text("{}")
    assert states() == ["ok", "ok", "problem", "ok"]
