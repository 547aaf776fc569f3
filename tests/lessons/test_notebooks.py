"""Every committed notebook against its lesson, and what it keeps of its run."""

from __future__ import annotations

import lesson_files
import pytest
from lesson_checks import OF_OUTPUTS, none_of
from lesson_minutes import core_time
from lesson_outputs_kept import metadata_problems
from lesson_source import difference, strays

MAX_BYTES = 500_000
EACH = pytest.mark.parametrize("lesson", lesson_files.WRITTEN, ids=lambda lesson: lesson.name)


@pytest.fixture
def notebook(lesson):
    found = lesson_files.notebook(lesson)
    if found is None:
        pytest.skip(f"{lesson.name} has no notebook: test_the_notebook_is_the_lesson fails for that")
    return found


def test_no_source_and_no_notebook_without_its_lesson():
    assert strays(lesson_files.COURSE) == []


@EACH
def test_the_notebook_is_the_lesson(lesson):
    found = difference(lesson)
    none_of([found] if found else [])


@EACH
def test_metadata(lesson, notebook):
    none_of(metadata_problems(lesson_files.source(lesson), notebook))


@EACH
@pytest.mark.parametrize("what", OF_OUTPUTS)
def test_outputs(lesson, notebook, what):
    none_of(OF_OUTPUTS[what](notebook.cells))


@EACH
def test_core_minutes(lesson, notebook):
    if lesson.minutes is None:
        pytest.skip("an optional lesson has no limit")
    spent = core_time(lesson, notebook)
    none_of([f"{spent} of {lesson.minutes}"] if spent.minutes > lesson.minutes else [])


@EACH
def test_size(lesson, notebook):
    assert lesson.notebook.stat().st_size <= MAX_BYTES
