"""Questions with a few answers each: a click on an answer says whether it is right, and why."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import anywidget
import traitlets

from vitcourse.markup import marked_up
from vitcourse.widgets.fallback import Bundle, FirstFrame

HERE = pathlib.Path(__file__).parent


@dataclass(frozen=True)
class Answer:
    """One answer, and the reason why it is right or wrong. Texts are plain; backticks mark code."""

    text: str
    reason: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    text: str
    answers: tuple[Answer, ...]


class Quiz(FirstFrame, anywidget.AnyWidget):
    """Questions that are answered by a click; lessons use `vitcourse.exercises.quiz`.

    The browser answers by itself, so that nobody waits while the kernel is busy.

    Traits sent to the browser:
        title: what the whole is called, "quiz of lesson 03".
        questions: texts, answers and reasons.

    Traits set by either side:
        tried: for each question, which answers were tried, in order.
        shown: for each question, the answer whose reason is shown; -1 at first.
    """

    stands_alone = True  # works in a page without a kernel

    _esm = HERE / "quiz.js"
    _css = HERE / "quiz.css"

    title = traitlets.Unicode("").tag(sync=True)
    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    tried = traitlets.List(traitlets.List(traitlets.Int())).tag(sync=True, echo_update=False)
    shown = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)

    def __init__(self, title: str, questions: Sequence[Question]) -> None:
        for number, question in enumerate(questions, start=1):
            if sum(answer.right for answer in question.answers) != 1:
                raise ValueError(f"questions: question {number} needs exactly one right answer")
        if not questions:
            raise ValueError("questions=[]: ask at least one")
        self._asked = tuple(questions)
        super().__init__(
            title=title,
            questions=[asdict(question) for question in questions],
            tried=[[] for _ in questions],
            shown=[-1 for _ in questions],
        )

    def __repr__(self) -> str:
        count = len(self._asked)
        return f"{self.title}: {count} question{'s' if count > 1 else ''}"

    def answer(self, question: int, answer: int) -> str:
        """Does what a click on an answer does; both are counted from 0.

        Returns:
            What is shown below the question: right or wrong, and the reason.

        Raises:
            ValueError: there is no such question, or no such answer.
        """
        self._require("question", question, len(self._asked))
        answers = self._asked[question].answers
        self._require("answer", answer, len(answers))
        with self.hold_sync():
            if answer not in self.tried[question]:
                self.tried = [[*t, answer] if i == question else t for i, t in enumerate(self.tried)]
            self.shown = [answer if i == question else a for i, a in enumerate(self.shown)]
        chosen = answers[answer]
        return f"{'Right' if chosen.right else 'Wrong'}. {chosen.reason}"

    @property
    def right(self) -> int:
        """How many questions were answered rightly at the first try."""
        firsts = zip(self._asked, self.tried, strict=True)
        return sum(question.answers[tried[0]].right for question, tried in firsts if tried)

    @staticmethod
    def _require(name: str, index: int, count: int) -> None:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < count:
            raise ValueError(f"{name}={index!r} is not a number from 0 to {count - 1}")

    def _first_frame(self) -> Bundle:
        return {"text/html": "".join(_listed(*numbered) for numbered in enumerate(self._asked, start=1))}, {}


def _listed(number: int, question: Question) -> str:
    """A question as HTML that needs no script: its answers, and what is right folded below."""
    answers = "".join(f"<li>{marked_up(answer.text)}</li>" for answer in question.answers)
    reasons = "".join(
        f"<li><b>{'Right' if answer.right else 'Wrong'}.</b> {marked_up(answer.reason)}</li>"
        for answer in question.answers
    )
    return (
        f"<p><b>{number}.</b> {marked_up(question.text)}</p>{_lettered(answers)}"
        f'<details style="margin-bottom:1em"><summary>Answer</summary>{_lettered(reasons)}</details>'
    )


def _lettered(items: str) -> str:
    """A list with letters, which are none of the questions' numbers: `type` for GitHub, `style` for JupyterLab."""
    return f'<ol type="A" style="list-style-type:upper-alpha">{items}</ol>'
