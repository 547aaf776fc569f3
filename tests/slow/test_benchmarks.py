"""Every benchmark that needs no browser runs in its thin mode and leaves its file. What it measures is not judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))
from run_benchmarks import ROOT, commands, missing_libraries

from vitcourse.data import load

pytestmark = pytest.mark.slow
LEAVES = {"step_and_forward": ["share_of_peak", "step_and_forward"]}
COMPARING = ("step_and_forward", "peak_memory")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", commands([], quick=True))
def test_a_thin_run(name, tmp_path):
    if name in COMPARING and missing_libraries():
        pytest.skip(f"`make bench` installs {', '.join(missing_libraries())}")
    if name == "time_to_accuracy" and load("mnist").name != "mnist":
        pytest.skip("MNIST is not to be had, and recipes are for it")
    environment = os.environ | {"VITCOURSE_BENCHMARKS": str(tmp_path)}
    done = subprocess.run(
        commands([name], quick=True)[name], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.rglob("*.json"))
    assert [path.stem for path in files] == LEAVES.get(name, [name])
    for path in files:
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert kept["rows"]
        assert all(len(row) == len(kept["header"]) for row in kept["rows"])
