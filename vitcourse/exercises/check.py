"""`check`: the learner's function against the reference, and the answer to the learner."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

from . import kept, store
from .called import calls
from .catalog import NAMES, lesson_of
from .guarded import SECONDS, Printed, Stopped, guarded
from .judge import Verdict, judge
from .observe import RAISED, observe
from .result import Result
from .spec import Exercise
from .subject import NotAnAnswer, subject

NOT_ATTEMPTED = (
    "Replace `raise NotImplementedError` with your code, then run the cell again. `hint({0})` helps, `solution({0})` "
    "shows one."
)
GIVEN = "This is the code as the lesson gives it. Mend it, then run the cell again. `hint({0})` helps."


def check(function: Any) -> Result:
    """Judge a function that answers an exercise; the exercise is found by the function's name.

    It is called on a few small inputs. A right answer is put on record, and kept in ``my_vit.py`` beside the notebook.
    Nothing that the function does raises here.

    Args:
        function: the function itself, as in ``check(patchify)``.

    Returns:
        ``passed`` (None: nothing to judge), ``diagnosis`` (the name of a recognised mistake), ``message``.
    """
    try:
        exercise, function = subject(function)
    except NotAnAnswer as answer:
        return Result(False if answer.counted else None, str(answer), exercise=answer.exercise)
    result = _judged(exercise, function)
    if result.passed is None:
        return result
    store.note(exercise.name, tries=1, **({"passed": True} if result.passed else {}))
    if result.passed:
        return _passed(exercise, function, result)
    return result


def _judged(exercise: Exercise, function: Callable[..., Any]) -> Result:
    name = exercise.name
    if _is_given_code(exercise, function):
        return _not_attempted(name, GIVEN)
    printed, reference_ran, names = Printed(), False, set[str]()
    try:
        with guarded() as printed:
            observe(exercise, function, exercise.probes[0])
            printed.full = True  # what later calls print is the same, or as good
            verdict = judge(exercise, function)
            reference_ran, names = calls(exercise, function) if verdict.passed else (False, set())
    except Stopped:
        verdict = Verdict(
            False,
            f"It was stopped after {SECONDS:.0f} seconds: it does not return, or takes very long. Is there a loop "
            "whose condition never changes, or one over each single number?",
            failed="time",
        )
    except KeyboardInterrupt:
        raise
    except RAISED as error:  # a fault of the check itself: say so, and let the lesson go on
        return Result(None, f"The check itself failed, which is not your fault: {error!r}", exercise=name)
    except BaseException as error:  # a class of the learner's own that is no Exception
        verdict = Verdict(False, f"It raises {type(error).__name__}, which is no `Exception`.", failed="exception")
    if verdict.failed == "not attempted":
        return _not_attempted(name)
    if verdict.passed and reference_ran:
        return Result(
            None,
            f"Your function hands all the work to the course's own `{name}`. The numbers are right, but not yours.",
            exercise=name,
        )
    message = verdict.message
    library = next((name for name in exercise.written_by_hand if name in names), None)
    if verdict.passed and library:
        message = (
            f"PyTorch's own `{library}` does the work here in one call. That is what you would do in a project. To see "
            "what it does, write it out once."
        )
    return Result(verdict.passed, message, verdict.diagnosis, verdict.failed, name, str(printed))


def _not_attempted(name: str, text: str = NOT_ATTEMPTED) -> Result:
    return Result(None, text.format(name), exercise=name, title="not attempted yet")


def _passed(exercise: Exercise, function: Callable[..., Any], result: Result) -> Result:
    probes = f"Right on all {len(exercise.probes)} probes: {'; '.join(probe.label for probe in exercise.probes)}."
    done = sum(bool(record.get("passed")) for name, record in store.records().items() if name in NAMES)
    count = f"{done} of {len(NAMES)} exercises done."
    parts = [probes, result.message, kept.keep(exercise.name, lesson_of(exercise.name), function), count]
    return Result(True, "\n\n".join(filter(None, parts)), exercise=exercise.name, printed=result.printed)


def _is_given_code(exercise: Exercise, function: Callable[..., Any]) -> bool:
    """Is this the stub as the lesson gives it, where that is broken code rather than `raise NotImplementedError`?"""
    if not exercise.unattempted:
        return False
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return False
    return any(_shape(source) == _shape(given) for given in exercise.unattempted)


def _shape(source: str) -> str:
    """The body of a function without docstring, comments and layout."""
    try:
        definition = ast.parse(source).body[0]
    except SyntaxError:
        return source
    body = getattr(definition, "body", [definition])
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return "\n".join(map(ast.dump, body))
