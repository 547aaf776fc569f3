"""`quiz`: the questions at the end of a lesson, each in `quizzes/NN.toml` with a reason for every answer.

[[question]]
text = "A block has how many times `D^2` weights, at MLP ratio 4?"

[[question.answer]]
text = "4"
reason = "That is attention alone: queries, keys, values, output."

[[question.answer]]
text = "12"
right = true
reason = "4 in attention, 8 in the MLP: `D` to `4 D` and back."
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ..widgets.quiz import Answer, Question, Quiz

FOLDER = Path(__file__).parent / "quizzes"


def quiz(lesson: str) -> Quiz:
    """The questions of a lesson, to be answered by a click: ``quiz("03")`` as the last line of a cell.

    Raises:
        ValueError: the lesson has no quiz.
    """
    valid = [path.stem for path in sorted(FOLDER.glob("*.toml"))]
    if lesson not in valid:
        raise ValueError(f"lesson={lesson!r} has no quiz; there are: {', '.join(map(repr, valid))}")
    return Quiz(f"quiz of lesson {lesson}", read(FOLDER / f"{lesson}.toml"))


def read(path: Path) -> list[Question]:
    """The questions of a file.

    Raises:
        ValueError: it is not written as it should be; names the file, the question and what is missing or wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: no valid TOML: {error}") from None
    rows = _rows(table, "question", path.name, least=1)
    return [_question(row, f"{path.name}, question {number}") for number, row in enumerate(rows, start=1)]


def _question(row: dict[str, Any], where: str) -> Question:
    rows = _rows(row, "answer", where, known={"text"}, least=2)
    answers = tuple(_answer(one, f"{where}, answer {number}") for number, one in enumerate(rows, start=1))
    if (right := sum(answer.right for answer in answers)) != 1:
        raise ValueError(f"{where}: {right} answers have right = true, it must be one")
    if len({answer.text for answer in answers}) < len(answers):
        raise ValueError(f"{where}: two answers have the same text")
    return Question(_text(row, "text", where), answers)


def _answer(row: dict[str, Any], where: str) -> Answer:
    _require_known(row, {"text", "reason", "right"}, where)
    right = row.get("right", False)
    if not isinstance(right, bool):
        raise ValueError(f"{where}: right = {right!r}, it must be true or false")
    return Answer(_text(row, "text", where), _text(row, "reason", where), right)


def _rows(
    table: dict[str, Any], name: str, where: str, *, least: int, known: set[str] | None = None
) -> list[dict[str, Any]]:
    _require_known(table, {name} | (known or set()), where)
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{where}: write each {name} below a heading of its own, with two brackets")
    if len(rows) < least:
        raise ValueError(f"{where}: {len(rows) or 'no'} {name}{'' if len(rows) == 1 else 's'}, at least {least}")
    return rows


def _require_known(row: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(set(row) - known):
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _text(row: dict[str, Any], key: str, where: str) -> str:
    """A text on one line."""
    if key not in row:
        raise ValueError(f"{where}: no {key}")
    text = row[key]
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}: {key} = {text!r}, it must be a text that says something")
    if text.count("`") % 2:
        raise ValueError(f"{where}: {key} has a backtick that is not closed: {text!r}")
    return " ".join(text.split())
