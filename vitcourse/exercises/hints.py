"""`hint` and `solution`: help that the learner asks for."""

from __future__ import annotations

import ast
import html
import inspect
import re
from typing import Any

from pygments.lexers import PythonLexer
from pygments.token import Token

from . import store
from .catalog import NAMES
from .result import framed, marked_up
from .spec import Exercise
from .subject import NotAnAnswer, named
from .variants import whole_source

_given: dict[str, int] = {}  # hints given in this session, by exercise


class Help:
    """A hint or a solution: shows itself in JupyterLab, in a terminal and to a screen reader."""

    def __init__(self, heading: str, text: str, code: str = "") -> None:
        self.heading, self.text, self.code = heading, text, code

    def __repr__(self) -> str:
        return "\n".join(filter(None, [self.heading, self.text, self.code]))

    def _repr_html_(self) -> str:
        body = f"<p style='margin:.4em 0 0'>{marked_up(self.text)}</p>" if self.text else ""
        return framed(html.escape(self.heading), body + (colored(self.code) if self.code else ""))


def hint(function: Any) -> Help:
    """The next hint for an exercise, a little more at each call: ``hint(patchify)``."""
    exercise = _exercise(function)
    if isinstance(exercise, Help):
        return exercise
    hints = exercise.hints
    number = min(_given.get(exercise.name, 0) + 1, len(hints))
    _given[exercise.name] = number
    last = f" It is the last one; `solution({exercise.name})` shows the whole." if number == len(hints) else ""
    return Help(f"{exercise.name}: hint {number} of {len(hints)}", hints[number - 1] + last)


def solution(function: Any) -> Help:
    """A solution of an exercise; that it was shown is put on record: ``solution(patchify)``."""
    exercise = _exercise(function)
    if isinstance(exercise, Help):
        return exercise
    store.note(exercise.name, revealed=True)
    code = textbook(whole_source(exercise)).strip()
    for name in set(NAMES) - {exercise.name, *(part.__name__ for part in exercise.parts)}:
        code = re.sub(rf"(?<![\w.]){name}\(", f"vc.{name}(", code)  # the bare name is the learner's own
    text = "Read it, close it, and write yours from memory: that is what stays."
    more = [n for n in inspect.signature(exercise.reference).parameters if n not in exercise.probes[0].arguments()]
    if more:
        text += f" The package's function takes more than the exercise: leave out `{'`, `'.join(more)}`."
    if "as_pair" in code:
        text += " (`as_pair`, of the package, makes height and width of a single number.)"
    return Help(f"{exercise.name}: one solution", text, code)


def _exercise(function: Any) -> Exercise | Help:
    try:
        return named(function)
    except NotAnAnswer as answer:
        return Help("No such exercise", str(answer))


def textbook(source: str) -> str:
    """Source without annotations, and without the statements that only look at arguments and complain."""
    lines = source.splitlines()
    for definition in ast.parse(source).body:
        if not isinstance(definition, ast.FunctionDef):
            continue
        for statement in definition.body:
            if _only_checks(statement):
                lines[statement.lineno - 1 : statement.end_lineno] = [GONE] * len(
                    lines[statement.lineno - 1 : statement.end_lineno]
                )
        until = definition.body[0].lineno - 1
        while until > definition.lineno and not lines[until - 1].rstrip().endswith(":"):
            until -= 1  # a comment or an empty line above the first statement
        head = [f"def {definition.name}({_without_annotations(definition.args)}):"]
        lines[definition.lineno - 1 : until] = head + [GONE] * (until - definition.lineno)
    return re.sub(r"\n\n+(?=    )", "\n\n", "\n".join(line for line in lines if line != GONE))


GONE = "\0"  # keeps the lines' numbers until the end


def _without_annotations(arguments: ast.arguments) -> str:
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    return ast.unparse(arguments)


def _only_checks(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.If):
        return not statement.orelse and all(isinstance(inner, ast.Raise) for inner in statement.body)
    call = statement.value if isinstance(statement, ast.Expr) else None
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id.startswith(("check_", "require_", "_require"))
    )


# JupyterLab's own colors of its editor, which follow the theme; elsewhere those behind the comma.
_COLORS = {
    Token.Comment: "var(--jp-mirror-editor-comment-color,#408080)",
    Token.Keyword: "var(--jp-mirror-editor-keyword-color,#008000)",
    Token.Operator.Word: "var(--jp-mirror-editor-keyword-color,#008000)",
    Token.Literal.String: "var(--jp-mirror-editor-string-color,#ba2121)",
    Token.Literal.Number: "var(--jp-mirror-editor-number-color,#080)",
    Token.Name.Function: "var(--jp-mirror-editor-def-color,#00f)",
    Token.Name.Builtin: "var(--jp-mirror-editor-builtin-color,#008000)",
}


def colored(code: str) -> str:
    """Python code as HTML."""
    parts = []
    for kind, text in PythonLexer().get_tokens(code):
        color = next((color for token, color in _COLORS.items() if kind in token), None)
        piece = html.escape(text)
        parts.append(f"<span style='color:{color}'>{piece}</span>" if color else piece)
    style = "margin:.5em 0 0;white-space:pre-wrap;font-size:var(--jp-code-font-size,13px);line-height:1.4"
    return f"<pre style='{style}'><code>{''.join(parts)}</code></pre>"
