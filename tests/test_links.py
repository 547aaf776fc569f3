"""`make links`: links of one repository, written again and again without piling up, and none without a repository."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import links
from marked import with_region

LESSON = '# %% [markdown] tags=["core"]\n# # 03 A title\n#\n# Text.\n\n# %% tags=["core"]\nimport torch\n'
README = "# Course\n\n<!-- links -->\n<!-- /links -->\n\n## Start\n"


@pytest.fixture
def course(tmp_path):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons/03_encoder_block.py").write_text(LESSON, encoding="utf-8")
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    return tmp_path


def contents(root: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.*")) if path.is_file()]


def test_links_stand_after_the_first_cell_and_in_the_readme(course):
    assert len(links.write_links(course, "some-owner/a.course")) == 2
    lesson = (course / "lessons/03_encoder_block.py").read_text(encoding="utf-8")
    cells = lesson.split("# %%")[1:]
    assert "# # 03 A title" in cells[0]
    assert "mybinder.org/v2/gh/some-owner/a.course/HEAD?urlpath=lab/tree/work/03_encoder_block.ipynb\n" in cells[1]
    assert "github/some-owner/a.course/blob/HEAD/notebooks/03_encoder_block.ipynb\n" in cells[1]
    assert cells[2].startswith(' tags=["core", "hide-source", "colab"]')
    assert '"git+https://github.com/some-owner/a.course"' in cells[2]
    assert cells[3].endswith("import torch\n")
    assert "some-owner/a.course" in (course / "README.md").read_text(encoding="utf-8")


def test_a_second_run_changes_nothing_and_another_repository_replaces(course):
    links.write_links(course, "first/one")
    once = contents(course)
    assert links.write_links(course, "first/one") == []
    assert contents(course) == once
    links.write_links(course, "second/two")
    assert "first/one" not in "".join(contents(course))
    assert [text.replace("second/two", "first/one") for text in contents(course)] == once


def test_removing_gives_the_files_back_as_they_were(course):
    before = contents(course)
    links.write_links(course, "some/one")
    links.write_links(course, None)
    assert contents(course) == before


def test_lines_fit_the_linter(course):
    links.write_links(course, "a-rather-long-owner/and-a-rather-long-name-of-a-course")
    lines = (course / "lessons/03_encoder_block.py").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and not line.split()[-1].startswith("https://")] == []


def test_the_installing_cell_does_nothing_where_the_course_is(course, monkeypatch):
    links.write_links(course, "some/one")
    cell = (course / "lessons/03_encoder_block.py").read_text(encoding="utf-8").split("# %%")[3].partition("\n")[2]
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("pip was called"))
    exec(cell, {})


@pytest.mark.parametrize(
    "repository",
    ["", "owner", "owner/", "/name", "a/b/c", "https://github.com/a/b", "-a/b", "a/..", "a/b.git", "a/b c"],
)
def test_what_is_no_repository_is_refused_and_writes_nothing(repository, capsys, monkeypatch, course):
    monkeypatch.setattr(links, "ROOT", course)
    before = contents(course)
    assert links.main([repository]) == 2
    assert f"REPO={repository!r}" in capsys.readouterr().err
    assert contents(course) == before


def test_a_lesson_that_begins_with_code_is_refused_before_anything_is_written(course):
    (course / "lessons/04_other.py").write_text("# %%\nimport torch\n", encoding="utf-8")
    before = contents(course)
    with pytest.raises(ValueError, match="lesson 04_other must begin with a Markdown cell"):
        links.write_links(course, "some/one")
    assert contents(course) == before


def test_a_region_needs_both_markers():
    with pytest.raises(ValueError, match="the text needs one"):
        with_region("<!-- links -->", "links", "x")
