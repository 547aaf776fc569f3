"""Quizzes that are asked for, or answered, by something else than they take."""

from __future__ import annotations

import pytest

from vitcourse.exercises import quiz


def test_a_lesson_is_named_by_a_text():
    with pytest.raises(ValueError, match="has no quiz; there are: '00'"):
        quiz(3)


@pytest.mark.parametrize(("question", "answer", "says"), [("1", 0, "question='1'"), (0, "B", "answer='B'")])
def test_a_place_is_a_number(question, answer, says):
    with pytest.raises(ValueError, match=says):
        quiz("03").answer(question, answer)
