"""The builder: a notebook that needs no kernel, the same bytes each time, and never half of one."""

from __future__ import annotations

import build_notebooks
import lesson_files
import nbformat
import pytest
from lesson_outputs import clean
from lesson_outputs_kept import execution_problems, picture_problems, private_problems

TABLE = '[[lesson]]\nnumber = "03"\nslug = "made_up"\ntitle = "A title"\nminutes = 1\n'
LESSON = '''\
# %% [markdown] tags=["core"]
# # 03 A title

# %% tags=["core", "nbval-check-output"]
print("tokens", (1, 9, 4))

# %% tags=["deeper"]
import sys
import ipywidgets
from IPython.display import display

print("a warning", file=sys.stderr)
display({"text/plain": "live picture: a dot", "image/png": "iVBORw0KGgo=",
         "application/vnd.jupyter.widget-view+json": {"model_id": "x"}}, raw=True,
        metadata={"image/png": {"width": 9}})
ipywidgets.IntSlider()
'''  # fmt: skip


@pytest.fixture
def build(tmp_path, capsys):
    """build(text) writes the one lesson of a small course and builds it: (exit code, what was said)."""
    (tmp_path / "course.toml").write_text(TABLE, encoding="utf-8")

    def built(text: str, *options: str):
        (tmp_path / "03_made_up.py").write_text(text, encoding="utf-8")
        code = build_notebooks.main([*options, "--lessons", str(tmp_path), "--notebooks", str(tmp_path / "built")])
        said = capsys.readouterr()
        return code, said.out + said.err

    return built


def test_it_writes_what_needs_no_kernel_and_checks_it(build, tmp_path):
    path = tmp_path / "built/03_made_up.ipynb"
    assert build(LESSON, "--check")[0] == 1
    code, said = build(LESSON)
    assert code == 0, said
    assert "wrote to stderr, removed: a warning" in said
    first = path.read_bytes()
    cells = nbformat.read(path, as_version=4).cells
    assert execution_problems(cells) == picture_problems(cells) == private_problems(cells) == []
    picture, slider = cells[2].outputs
    assert picture.data["text/html"].startswith('<img alt="live picture: a dot" width="9" src="data:image/png;base64,')
    assert slider.data == {"text/plain": "run this cell"}
    assert build(LESSON, "--check") == (0, "1 notebooks are as their lessons\n")

    assert build(LESSON)[0] == 0
    assert path.read_bytes() == first

    code, said = build(LESSON.replace('print("tokens"', 'raise ValueError("no"'))
    assert code == 1
    assert "03_made_up, cell 03-002" in said
    assert path.read_bytes() == first
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def cell(*outputs, checked=False):
    tags = ["core", "nbval-check-output"] if checked else ["core"]
    return nbformat.v4.new_code_cell("x", id="03-002", metadata={"tags": tags}, outputs=list(outputs))


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (cell(printed("<Thing at 0x7f2b3c4d5e6f>")), "shows a memory address, 0x7f2b3c4d5e6f"),
        (cell(printed("in /secret/place")), "shows a path of this machine, /secret"),
        (cell(printed("w", "stderr"), checked=True), "shows more than text: stderr"),
        (cell(nbformat.v4.new_output("display_data", {"image/png": "x"}), checked=True), "more than text: image/png"),
    ],
)
def test_what_no_notebook_may_show(made, says):
    problems, _ = clean(made, private=("/secret",))
    assert says in "\n".join(problems)


def test_progress_bars_go_and_lines_stay():
    made = cell(printed("\r 10%|#   | 1/10 [00:01<00:09]\r100%|####| 10/10 [00:10<00:00]\nloss 0.5\n"))
    assert clean(made) == ([], [])
    assert made.outputs[0].text == "loss 0.5\n"


def test_tools_and_lessons_agree_on_what_is_written():
    assert build_notebooks.chosen(["3"], lesson_files.COURSE)[0].number == "03"
    with pytest.raises(SystemExit, match="no lesson 77"):
        build_notebooks.chosen(["77"], lesson_files.COURSE)


def test_what_is_too_large_is_refused_with_the_cells_that_weigh_most(build, tmp_path):
    code, said = build(LESSON + '\n# %% tags=["deeper"]\nprint("x" * 600_000)\n')
    assert code == 1
    assert "at most 500: 03-004 600 kB, 03-003 0 kB" in said
    assert not (tmp_path / "built/03_made_up.ipynb").exists()
