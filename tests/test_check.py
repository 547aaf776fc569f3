"""What `make test` runs, and what it says of tests that did not run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tools"))
import check as course_check  # noqa: E402


def test_every_run_of_pytest_says_why_tests_were_skipped():
    commands = [command for _, command in course_check.fast_steps() + course_check.slow_steps() if "pytest" in command]
    assert len(commands) >= 4
    assert all("-rfEs" in command for command in commands)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/instructors.md", ".github/workflows/test.yml"])
def test_who_runs_the_tests_reads_that_some_need_a_browser(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "Chromium or Chrome" in " ".join(text.split())
    assert "skip" in text


def test_the_readme_names_what_the_machine_of_the_tests_installs():
    assert "chromium" in (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert "`apt-get install chromium`" in (ROOT / "README.md").read_text(encoding="utf-8")
