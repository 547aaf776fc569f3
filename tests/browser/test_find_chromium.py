"""Where a browser is looked for; this itself needs none."""

from __future__ import annotations

import shutil

import pytest
from lab import find_chromium

CHROME, CHROMIUM = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in ("Google Chrome", "Chromium"))


@pytest.mark.parametrize(
    ("installed", "found"),
    [
        ([], None),
        (["firefox"], None),
        *(([name], name) for name in ("chromium", "google-chrome", "chrome", CHROME, CHROMIUM)),
        ([CHROMIUM, CHROME, "chromium"], "chromium"),
    ],
)
def test_programs_and_the_applications_of_macos_are_found(monkeypatch, installed, found):
    monkeypatch.setattr(shutil, "which", lambda name: name if name in installed else None)
    assert find_chromium() == found


def test_an_application_is_a_file_that_can_be_run(tmp_path):
    program = tmp_path / "Google Chrome"
    program.write_text("")
    assert shutil.which(str(program)) is None
    program.chmod(0o755)
    assert shutil.which(str(program)) == str(program)
