"""A quiz from Python's side; in a browser it is tested in tests/browser/test_quiz.py."""

from __future__ import annotations

import pytest

from vitcourse.widgets.fallback import WIDGET_VIEW, FirstFrame
from vitcourse.widgets.quiz import Answer, Question, Quiz

SUM = Question(
    "What is `1 < 2`?",
    (Answer("<b>4</b>", "No: a comparison is no number."), Answer("`True`", "It holds & stays so.", right=True)),
)
LETTER = Question("Which letter?", (Answer("A", "The first.", right=True), Answer("B", "The second.")))


def made(*questions: Question) -> Quiz:
    return Quiz("quiz of lesson 99", questions or (SUM, LETTER))


def test_nothing_is_tried_at_first():
    quiz = made()
    assert repr(quiz) == "quiz of lesson 99: 2 questions"
    assert repr(made(SUM)) == "quiz of lesson 99: 1 question"
    assert (quiz.tried, quiz.shown, quiz.right) == ([[], []], [-1, -1], 0)


def test_an_answer_does_what_a_click_does():
    quiz = made()
    assert quiz.answer(0, 0) == "Wrong. No: a comparison is no number."
    assert quiz.answer(0, 1) == "Right. It holds & stays so."
    assert (quiz.tried, quiz.shown) == ([[0, 1], []], [1, -1])
    assert quiz.answer(0, 0).startswith("Wrong.")  # shown again, tried once
    assert (quiz.tried, quiz.shown) == ([[0, 1], []], [0, -1])


def test_only_first_tries_count():
    quiz = made()
    quiz.answer(0, 0)
    quiz.answer(0, 1)
    assert quiz.right == 0
    quiz.answer(1, 0)
    quiz.answer(1, 1)
    assert quiz.right == 1


def test_what_the_browser_sets_is_what_python_sees():
    quiz = made()
    quiz.set_state({"tried": [[1], [1, 0]], "shown": [1, 0]})
    assert (quiz.tried, quiz.right) == ([[1], [1, 0]], 1)


def test_each_answer_is_sent_once(monkeypatch):
    quiz = made()
    sent = []
    monkeypatch.setattr(quiz, "send_state", lambda key=None: sent.append(set(key)))
    quiz.answer(0, 1)
    assert sent == [{"tried", "shown"}]


def test_without_a_kernel_it_is_html_with_the_answers_folded():
    quiz = made()
    data, _ = quiz._repr_mimebundle_()
    assert data[WIDGET_VIEW]["model_id"] == quiz.model_id
    assert data["text/plain"] == repr(quiz)
    text = data["text/html"]
    assert "<b>1.</b> What is <code>1 &lt; 2</code>?" in text
    assert "<li>&lt;b&gt;4&lt;/b&gt;</li>" in text
    assert text.count("<details") == text.count("<summary>Answer</summary>") == text.count("</details>") == 2
    before, answers = text.split("<details", 1)
    assert "Right" not in before
    assert "<b>Right.</b> It holds &amp; stays so." in answers
    for method in ("_repr_mimebundle_", "_ipython_display_"):
        assert getattr(Quiz, method) is getattr(FirstFrame, method)


@pytest.mark.parametrize(
    ("question", "answer", "says"),
    [
        (2, 0, "question=2 is not a number from 0 to 1"),
        (-1, 0, "question=-1"),
        (0, 2, "answer=2 is not a number from 0 to 1"),
        (0, True, "answer=True"),
    ],
)
def test_an_answer_that_is_not_there(question, answer, says):
    with pytest.raises(ValueError, match=says):
        made().answer(question, answer)


def test_each_question_has_one_right_answer():
    with pytest.raises(ValueError, match="question 2 needs exactly one right answer"):
        made(SUM, Question("?", (Answer("a", "b."), Answer("c", "d."))))
    with pytest.raises(ValueError, match="exactly one"):
        made(Question("?", (Answer("a", "b.", True), Answer("c", "d.", True))))
    with pytest.raises(ValueError, match="at least one"):
        Quiz("quiz", [])
