"""Every lesson as it is written: its parts, predictions, quiz, tags, mirrors, texts of pictures.

`pytest tests/lessons -k 03_` looks at one lesson. The checks themselves are tested in test_checks_of_*.py.
"""

from __future__ import annotations

import lesson_files
import pytest
from lesson_checks import OF_CELLS, OF_LESSON, none_of

EACH = pytest.mark.parametrize("lesson", lesson_files.WRITTEN, ids=lambda lesson: lesson.name)


def test_there_are_lessons():
    assert lesson_files.WRITTEN


@EACH
@pytest.mark.parametrize("what", OF_CELLS)
def test_cells(lesson, what):
    none_of(OF_CELLS[what](lesson_files.source(lesson).cells))


@EACH
@pytest.mark.parametrize("what", OF_LESSON)
def test_lesson(lesson, what):
    none_of(OF_LESSON[what](lesson, lesson_files.source(lesson).cells))
