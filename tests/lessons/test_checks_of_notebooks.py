"""The checks of a committed notebook, tested: a small one passes them all, and each is seen to fail."""

from __future__ import annotations

import copy

import lesson_files
import nbformat
import pytest
from lesson_checks import OF_OUTPUTS
from lesson_outputs_kept import metadata_problems
from lesson_source import difference

SIX = "".join(f'# %% tags=["core", "nbval-check-output"]\nprint({i})\n\n' for i in range(6))
IMAGE = '<img alt="A dot." src="data:image/png;base64,/home/x">'
VIEW = "application/vnd.jupyter.widget-view+json"


def printed(text: str, name: str = "stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(**data: str):
    kinds = {"html": "text/html", "png": "image/png", "plain": "text/plain", "view": VIEW}
    return nbformat.v4.new_output("display_data", {kinds[name]: value for name, value in data.items()})


@pytest.fixture
def built(tmp_path):
    """(lesson, its notebook as the builder would have written it): six cells that print, one that shows a picture."""
    text = f'# %% [markdown] tags=["core"]\n# # 03 A title\n\n{SIX}# %% tags=["core"]\npicture\n'
    lesson, notebook = lesson_files.made(text, tmp_path)
    for count, cell in enumerate(lesson_files.code_cells(notebook.cells), start=1):
        cell.execution_count = count
        cell.outputs = [printed(f"{count} x 0.5 of 1,797,514 parameters, 1.5e-06, torch.Size([2, 3])\n")]
    notebook.cells[-1].outputs = [
        shown(html=IMAGE, plain="picture: A dot."),
        printed("a/b, 3/home, https://x.org/tmp/a"),
    ]
    notebook.metadata["vitcourse"] = {"core_seconds": 3}
    return lesson, notebook


@pytest.mark.parametrize("what", OF_OUTPUTS)
def test_a_good_notebook_passes(what, built):
    assert OF_OUTPUTS[what](built[1].cells) == []


# (what is looked at, in which cell, its outputs, what the problem says); cell 1 is compared, the last one is not.
BROKEN = [
    ("execution", -1, [nbformat.v4.new_output("error", ename="ValueError", evalue="no")], "failed: ValueError: no"),
    ("execution", -1, [printed("UserWarning", "stderr")], "wrote to stderr: UserWarning"),
    ("checked outputs", 1, [], "without count or output"),
    ("checked outputs", 1, [printed(" \n")], "without count or output"),
    ("checked outputs", 1, [printed("1"), shown(html="<b>1</b>")], "shows text/html"),
    ("checked outputs", 1, [printed("loss 0.6931472")], "prints 0.6931472"),
    ("checked outputs", 1, [printed("1,234.5678")], "prints 1,234.5678"),
    ("paths and addresses", -1, [printed("<Thing at 0x7f2b3c4d5e6f>")], "0x7f2b3c4d5e6f"),
    ("paths and addresses", -1, [printed("in /home/me/data")], "/home/m"),
    ("paths and addresses", -1, [printed(r"in C:\Users\me")], "C:"),
    ("paths and addresses", -1, [shown(html="<p>/tmp/a</p>")], "/tmp/a"),
    ("pictures", -1, [shown(png="iVBOR", plain="<Figure size 640x480 with 1 Axes>")], "shows image/png bare"),
    ("pictures", -1, [shown(plain="<Figure size 640x480 with 0 Axes>")], "shows a figure's repr"),
    ("pictures", -1, [shown(html="<p><img src='x.png'></p>")], "an image in an output without alt"),
    ("pictures", -1, [shown(html=IMAGE, view="model")], "keeps a live view"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "cell", "outputs", "says"), BROKEN)
def test_a_broken_one_does_not(what, cell, outputs, says, built):
    built[1].cells[cell].outputs = outputs
    found = OF_OUTPUTS[what](built[1].cells)
    assert any(says in problem for problem in found), found


@pytest.mark.parametrize("count", [None, 1, 8])
def test_counts_go_from_1_on(count, built):
    built[1].cells[3].execution_count = count
    assert any("expected 3" in problem for problem in OF_OUTPUTS["execution"](built[1].cells))


def test_five_cells_are_compared(built):
    for cell in built[1].cells[1:3]:
        cell.metadata["tags"] = ["core"]
    assert OF_OUTPUTS["checked outputs"](built[1].cells) == ["4 cells are nbval-check-output, at least 5"]


@pytest.mark.parametrize("text", ["![ ](a.png)", '<img src="a.png" alt="">'])
def test_pictures_in_text_have_alt_text(text, built):
    built[1].cells[0].source += f"\n\n{text}"
    assert len(OF_OUTPUTS["pictures"](built[1].cells)) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda notebook: notebook.cells[2].update(id="abc"), "the id should be 03-003"),
        (lambda notebook: notebook.cells[2].metadata.update(execution={"iopub.status.busy": "now"}), "execution"),
        (lambda notebook: notebook.metadata.update(widgets={"state": {}}), "the notebook's metadata are"),
        (lambda notebook: notebook.metadata.pop("vitcourse"), "without core_seconds"),
    ],
)
def test_metadata(change, says, built):
    lesson, notebook = built
    written = lesson_files.lesson_source.read(lesson)
    assert metadata_problems(written, notebook) == []
    change(notebook)
    assert says in "\n".join(metadata_problems(written, notebook))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda cells: cells[2].update(source="print(9)"), "cell 03-003: source differs"),
        (lambda cells: cells[2].metadata.update(tags=["deeper"]), "cell 03-003: tags differs"),
        (lambda cells: cells[2].metadata.update(mirror="vitcourse.encoder.MLP"), "mirror differs"),
        (lambda cells: cells.pop(), "8 cells in the lesson, 7 in the notebook"),
        (lambda cells: cells.append(copy.deepcopy(cells[-1])), "8 cells in the lesson, 9 in the notebook"),
        (lambda cells: cells.reverse(), "cell type differs"),
    ],
)
def test_a_notebook_that_is_not_its_lesson(change, says, built):
    lesson, notebook = built
    nbformat.write(notebook, lesson.notebook)
    assert difference(lesson) is None
    change(notebook.cells)
    for position, cell in enumerate(notebook.cells):
        cell.id = f"{position}"
    nbformat.write(notebook, lesson.notebook)
    assert says in difference(lesson)


def test_a_lesson_without_a_notebook(built):
    assert "there is no notebook" in difference(built[0])
