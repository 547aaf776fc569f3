"""The quizzes of the lessons, and what is said of a file that is not written as it should be."""

from __future__ import annotations

import pytest

from vitcourse.exercises import quiz
from vitcourse.exercises.quiz import FOLDER, read

LESSONS = [f"{number:02}" for number in range(8)]
GOOD = """
[[question]]
text = "Is `2`
 an even number?"

[[question.answer]]
text = "Yes"
right = true
reason = "It is twice one."

[[question.answer]]
text = "No"
reason = "It would have to leave a rest."
""".replace('"Is `2`\n an even number?"', '"""Is `2`\n  an even number?"""')


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_a_quiz(lesson):
    shown = quiz(lesson)
    questions = read(FOLDER / f"{lesson}.toml")
    assert repr(shown) == f"quiz of lesson {lesson}: {len(questions)} questions"
    assert 3 <= len(questions) <= 5
    for question in questions:
        assert 3 <= len(question.answers) <= 4, question.text
        for text in (question.text, *(text for a in question.answers for text in (a.text, a.reason))):
            assert "$" not in text
        for answer in question.answers:
            assert len(answer.reason.split()) >= 4, answer.reason
            assert answer.reason.endswith((".", "?", "!", ".`")), answer.reason


def test_the_right_answer_has_no_place_of_its_own():
    """Nor is it always the longest: over the course, guessing by place or length shall not pay."""
    questions = [question for lesson in LESSONS for question in read(FOLDER / f"{lesson}.toml")]
    places = [next(i for i, a in enumerate(question.answers) if a.right) for question in questions]
    assert {0, 1, 2} <= set(places)
    assert max(places.count(place) for place in set(places)) <= 0.6 * len(places)
    longest = [max(question.answers, key=lambda a: len(a.text)).right for question in questions]
    assert sum(longest) <= 0.7 * len(questions)


def test_no_quiz_is_of_no_lesson():
    assert sorted(path.stem for path in FOLDER.iterdir()) == LESSONS


@pytest.mark.parametrize("lesson", ["09", "3", "../03", ""])
def test_a_lesson_without_a_quiz(lesson):
    with pytest.raises(ValueError, match="has no quiz; there are: '00'"):
        quiz(lesson)


def test_a_good_file(tmp_path):
    path = tmp_path / "99.toml"
    path.write_text(GOOD)
    (question,) = read(path)
    assert question.text == "Is `2` an even number?"
    assert [answer.right for answer in question.answers] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('text = "Yes"', "", "99.toml, question 1, answer 1: no text"),
        ('reason = "It is twice one."', "", "99.toml, question 1, answer 1: no reason"),
        ('"It would have to leave a rest."', '" "', "question 1, answer 2: reason = ' ', it must be a text"),
        ('text = "No"', "text = 3", "question 1, answer 2: text = 3"),
        ("right = true", "", "99.toml, question 1: 0 answers have right = true, it must be one"),
        ('text = "No"', 'text = "No"\nright = true', "question 1: 2 answers have right = true"),
        ("right = true", 'right = "yes"', "answer 1: right = 'yes', it must be true or false"),
        ("right = true", "rihgt = true", "answer 1: unknown key 'rihgt'; known: reason, right, text"),
        ('text = "No"', 'text = "Yes"', "99.toml, question 1: two answers have the same text"),
        ("`2`", "`2", "99.toml, question 1: text has a backtick that is not closed"),
        ('\n[[question.answer]]\ntext = "No"\nreason', "\n#", "99.toml, question 1: 1 answer, at least 2"),
        (GOOD, "", "99.toml: no questions, at least 1"),
        (GOOD, "[question]\ntext = 'a'", "99.toml: write each question below a heading of its own"),
        (GOOD, "question = [1]", "99.toml: write each question below a heading of its own"),
        (GOOD, "[[questions]]", "99.toml: unknown key 'questions'"),
        ("[[question]]", "[[question]", "99.toml: no valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_it_should_be(old, new, says, tmp_path):
    assert old in GOOD
    path = tmp_path / "99.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        read(path)
    assert says in str(refused.value)


def test_a_question_needs_its_text(tmp_path):
    path = tmp_path / "99.toml"
    path.write_text(GOOD.replace("text =", "# text =", 1).replace("\n  an", "\n#  an", 1))
    with pytest.raises(ValueError, match=r"99.toml, question 1: no text"):
        read(path)
