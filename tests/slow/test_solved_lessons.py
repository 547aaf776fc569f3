"""The lessons as somebody who solves them leaves them, and as somebody who answers everything wrongly.

Only imports and exercise cells run, all lessons' in one kernel, as a learner's `my_vit.py` is one.
"""

from __future__ import annotations

import ast
import copy
import os

import lesson_files
import nbformat
import pytest
from lesson_run import run
from lesson_source import read, tags
from right_answers import ANSWERS

from vitcourse.exercises.catalog import LESSONS, NAMES, find
from vitcourse.exercises.variants import whole_source

pytestmark = pytest.mark.slow

SIZES = "img_size=(8, 12), patch_size=4, in_channels=2, num_classes=5, embed_dim=16, depth=2, num_heads=4"
WRONG = {
    "returns nothing": "    return None",
    "raises": "    raise ValueError('not this way')",
    "returns what it was given": "    return {first}",
}


def imports_of(cells):
    """The import statements of a lesson, as one cell."""
    found = [
        ast.unparse(node)
        for cell in lesson_files.code_cells(cells)
        if "exercise" not in tags(cell)
        for node in lesson_files.tree(cell).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(dict.fromkeys(found))


def exercise_cells(cells):
    return [cell for cell in lesson_files.code_cells(cells) if "exercise" in tags(cell)]


def with_answer(cell, answer):
    """The cell with another function in the place of its stub, and the name of the exercise."""
    definition = next(node for node in lesson_files.tree(cell).body if isinstance(node, ast.FunctionDef))
    lines = cell.source.splitlines()
    text = answer(definition)
    return "\n".join([*lines[: definition.lineno - 1], text.strip(), *lines[definition.end_lineno :]])


def right(definition):
    if definition.name in ANSWERS:
        return ANSWERS[definition.name]
    return whole_source(find(definition.name))  # repair_vit: its reference is code as a learner mends it


def wrong(body):
    def answer(definition):
        shell = copy.deepcopy(definition)
        shell.body = [ast.Pass()]
        return ast.unparse(shell).rsplit("pass", 1)[0].rstrip() + "\n" + body.format(first=definition.args.args[0].arg)

    return answer


def solved(answer, closing=""):
    """One notebook of all lessons' imports and exercise cells, with answers."""
    cells: list[str] = []
    for lesson in lesson_files.WRITTEN:
        notebook = read(lesson)
        exercises = exercise_cells(notebook.cells)
        if exercises:
            cells.append(imports_of(notebook.cells))
        cells += [with_answer(cell, answer) for cell in exercises]
    cells += [closing] if closing else []
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    run(made, name="all lessons", environment=dict(os.environ), timeout=120)
    return made


def shown(notebook):
    """What each check showed, as text, by the exercise's name."""
    texts = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", output
            if output.output_type in ("execute_result", "display_data"):
                text = output.data.get("text/plain", "")
                texts |= {name: text for name in NAMES if f" {name}: " in text.split("\n")[0]}
    return texts


def test_every_exercise_stands_in_its_lesson():
    there = {
        lesson.number: tuple(
            node.name
            for cell in exercise_cells(read(lesson).cells)
            for node in lesson_files.tree(cell).body
            if isinstance(node, ast.FunctionDef)
        )
        for lesson in lesson_files.WRITTEN
    }
    assert {number: names for number, names in there.items() if names} == LESSONS


def test_solved_every_check_passes_and_my_vit_is_complete(tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_STATE", str(tmp_path))
    closing = f"""
import torch
from vitcourse import VisionTransformer
from vitcourse.exercises import my_vit, progress
mine = my_vit.model({SIZES})
theirs = VisionTransformer({SIZES})
theirs.load_state_dict(mine.state_dict())
images = torch.randn(3, 2, 8, 12)
torch.testing.assert_close(mine(images), theirs(images), rtol=1e-5, atol=1e-5)
assert mine.mine() == list(my_vit.PIECES), mine.summary()
assert not mine.pieces.remarks, mine.pieces.remarks
assert set(mine.pieces.mine) == set({list(NAMES)!r}), set({list(NAMES)!r}) - set(mine.pieces.mine)
assert progress().done == {len(NAMES)}
"""
    texts = shown(solved(right, closing))
    failed = {name: text for name, text in texts.items() if not text.startswith("✓")}
    assert failed == {}
    assert set(texts) == set(NAMES)


@pytest.mark.parametrize("kind", WRONG)
def test_answered_wrongly_every_lesson_still_runs_to_its_end(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("VITCOURSE_STATE", str(tmp_path))
    texts = shown(solved(wrong(WRONG[kind]), "assert not __import__('os').path.exists('my_vit.py')"))
    passed = {name: text for name, text in texts.items() if not text.startswith("✗")}
    assert passed == {}
    assert set(texts) == set(NAMES)
