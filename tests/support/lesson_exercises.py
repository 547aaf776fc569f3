"""Checks of a lesson's exercises: stubs, their headings, the answer that stands nowhere above, the name below."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lesson_answers import shown_above
from lesson_files import code_cells, prose_lines, tags, tree

from vitcourse.exercises import catalog
from vitcourse.exercises.spec import Exercise

HELP = ("check", "hint", "solution")
PACE = re.compile(r"(\d+) minutes?, difficulty ([●○]+)")


def exercises_of(lesson: Any) -> dict[str, Exercise]:
    """The catalog's exercises of a lesson, in its order."""
    return {name: catalog.find(name) for name in catalog.LESSONS.get(lesson.number, ())}


def place_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """Every exercise of the catalog, once, in the catalog's order; core cells for core exercises."""
    wanted = exercises_of(lesson)
    names = [name for _, name in _exercise_cells(cells, wanted)]
    problems = [f"no cell for the exercise {name}" for name in wanted if name not in names]
    problems += [f"{name} has {names.count(name)} cells" for name in wanted if names.count(name) > 1]
    there = [name for name in wanted if name in names]
    if not problems and names != there:
        problems.append(f"exercises in this order: {', '.join(names)}; in the catalog: {', '.join(there)}")
    for position, name in _exercise_cells(cells, wanted):
        tag = "core" if wanted[name].core else "deeper"
        both = cells[max(position - 1, 0) : position + 1]
        problems += [f"{cell.id} belongs to {name}, tag it {tag}" for cell in both if tag not in tags(cell)]
    return problems


def heading_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """Right above each stub: a level-3 heading with its name, and a line with minutes and difficulty."""
    problems = []
    wanted = exercises_of(lesson)
    for position, name in _exercise_cells(cells, wanted):
        above = cells[position - 1] if position else None
        lines = list(prose_lines(above.source)) if above is not None and above.cell_type == "markdown" else []
        places = [number for number, line in enumerate(lines) if line.startswith("### ")]
        if not places or f"`{name}`" not in lines[places[-1]]:
            problems.append(f"{cells[position].id}: above it belongs a cell with the heading '### `{name}`'")
            continue
        exercise = wanted[name]
        pace = (str(exercise.minutes), "●" * exercise.difficulty + "○" * (3 - exercise.difficulty))
        if PACE.findall("\n".join(lines[places[-1] :])) != [pace]:
            text = f"{pace[0]} minutes, difficulty {pace[1]}"
            problems.append(f"{above.id}: below the heading of {name} belongs, once: {text}")
    return problems


def stub_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """A cell tagged `exercise` holds one stub, as it is to be written, and a line that checks it."""
    wanted = exercises_of(lesson)
    problems = []
    for cell in code_cells(cells):
        definitions = [node for node in tree(cell).body if isinstance(node, ast.FunctionDef)]
        names = [node.name for node in definitions if node.name in wanted]
        if "exercise" not in tags(cell):
            # Not as a mirror either: it would take the place of the learner's own, for the next `check`.
            problems += [f"{cell.id} defines {name}, an exercise: tag it exercise" for name in names]
        elif len(definitions) != 1 or not names:
            problems.append(f"{cell.id} is tagged exercise: it must define one of {', '.join(wanted) or 'none'}")
        else:
            exercise = wanted[names[0]]
            found = [
                *_signature(definitions[0], exercise),
                *_body(definitions[0], exercise),
                *_rest(tree(cell), exercise),
            ]
            problems += [f"{cell.id}, {exercise.name}: {problem}" for problem in found]
    return problems


def _signature(stub: ast.FunctionDef, exercise: Exercise) -> Iterator[str]:
    (given,) = ast.parse(f"def f{exercise.stub}: ...").body
    assert isinstance(given, ast.FunctionDef)
    mine, theirs = _parameters(stub), _parameters(given)
    if [arg.arg for arg in mine] != [arg.arg for arg in theirs]:
        yield f"its parameters are not those of {exercise.stub}"
    if stub.returns is None or any(arg.annotation is None for arg in mine):
        yield "a type is missing in its signature"
    if stub.decorator_list:
        yield "it is decorated"


def _parameters(function: ast.FunctionDef) -> list[ast.arg]:
    a = function.args
    return [arg for arg in (*a.posonlyargs, *a.args, a.vararg, *a.kwonlyargs, a.kwarg) if arg is not None]


def _body(stub: ast.FunctionDef, exercise: Exercise) -> Iterator[str]:
    if len((ast.get_docstring(stub) or "").split()) < 3:
        yield "no docstring"
    if exercise.unattempted:
        given = [_without_docstring(ast.parse(source).body[0]) for source in exercise.unattempted]
        if _without_docstring(stub) not in given:
            yield "its code is not that of the exercise's `unattempted`"
    elif not _only_raises(stub):
        yield "its body must be `raise NotImplementedError` alone"


def _without_docstring(node: Any) -> str:
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return "\n".join(map(ast.dump, body))


def _only_raises(stub: ast.FunctionDef) -> bool:
    body = stub.body[1:] if ast.get_docstring(stub) is not None else stub.body
    raised = body[0].exc if len(body) == 1 and isinstance(body[0], ast.Raise) else None
    return isinstance(raised, ast.AST) and ast.unparse(raised).startswith("NotImplementedError")


def _rest(parsed: ast.Module, exercise: Exercise) -> Iterator[str]:
    """What stands beside the stub: first `check(name)`, then at most more of `HELP`."""
    others = [node for node in parsed.body if not isinstance(node, ast.FunctionDef)]
    lines = [ast.unparse(node) for node in others]
    if not isinstance(parsed.body[0], ast.FunctionDef) or lines[:1] != [f"check({exercise.name})"]:
        yield f"after it belongs the line check({exercise.name})"
    elif any(line not in [f"{helper}({exercise.name})" for helper in HELP] for line in lines):
        yield "the cell holds more than the function and its check"


def name_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """Nothing below a stub uses its name, which is the learner's; and no import takes it.

    The mirror of a class may: it is the package's code to the letter, and no cell uses what it defines.
    """
    wanted = exercises_of(lesson)
    problems = []
    stubs: set[str] = set()
    for position, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        parsed = tree(cell)
        problems += [
            f"{cell.id} imports {name}, which an exercise asks for: call the package's by another name"
            for name in _imported(parsed)
            if name in wanted
        ]
        mirror = "mirror" in cell.metadata
        used = set() if mirror else {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name)}
        problems += [f"{cell.id} uses {name}, which is the learner's own" for name in sorted(used & stubs)]
        stubs |= {name for place, name in _exercise_cells(cells, wanted) if place == position}
    return problems


def _imported(parsed: ast.Module) -> Iterator[str]:
    """Names that imports from the package bind."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                if (module or alias.name).split(".")[0] == "vitcourse":
                    yield alias.asname or alias.name


def answer_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """No code cell above a stub shows its answer."""
    wanted = exercises_of(lesson)
    problems = []
    for position, name in _exercise_cells(cells, wanted):
        for cell in code_cells(cells[:position]):
            problems += [
                f"{cell.id} shows the answer of {name}: {line}" for line in shown_above(wanted[name], tree(cell))
            ]
    return problems


def _exercise_cells(cells: list[Any], wanted: Mapping[str, Exercise]) -> list[tuple[int, str]]:
    """(position, exercise) of the cells that are tagged `exercise` and define one."""
    return [
        (position, node.name)
        for position, cell in enumerate(cells)
        if cell.cell_type == "code" and "exercise" in tags(cell)
        for node in tree(cell).body
        if isinstance(node, ast.FunctionDef) and node.name in wanted
    ]
