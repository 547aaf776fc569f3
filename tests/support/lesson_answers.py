"""Does code show an exercise's answer? What the reference returns is looked for, whatever its variables are called."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from functools import cache
from typing import Any

from lesson_mirrors import bare

from vitcourse.exercises.spec import Exercise
from vitcourse.exercises.variants import whole_source

LONGEST = 4  # how far names behind names are followed, the return statement included
OPERATIONS = (ast.Call, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.IfExp, ast.comprehension)


def shown_above(exercise: Exercise, code: ast.AST) -> Iterator[str]:
    """The answer's lines that stand in `code`; what the reference's own functions are, too."""
    functions = [node for node in ast.walk(code) if isinstance(node, ast.FunctionDef)]
    for answer in _functions(exercise):
        body, variables = _body(answer), _variables(answer)
        if tells(ast.Module(body, [])):
            yield from (f"def {shown.name}" for shown in functions if _alike(body, _body(shown), variables, {}))
    expressions = [node for node in ast.walk(code) if isinstance(node, ast.expr)]
    for answer, returned in _returned(exercise):
        variables = _variables(answer)
        yield from (ast.unparse(node) for node in expressions if _alike(returned, node, variables, {}))


@cache
def _functions(exercise: Exercise) -> tuple[ast.FunctionDef, ...]:
    return tuple(node for node in ast.parse(whole_source(exercise)).body if isinstance(node, ast.FunctionDef))


@cache
def _returned(exercise: Exercise) -> tuple[tuple[ast.FunctionDef, ast.expr], ...]:
    """What the answer's functions return, as far as it tells anything.

    Where it does not (`return weights`), what is behind the name is taken as well.
    """
    found = []
    for function in _functions(exercise):
        for value in _own_returns(function):
            ways = [value]
            while not tells(value) and len(ways) < LONGEST:  # each step puts a little more in place of names
                ways.append(_written_out(ways[-1], function))
            found += [(function, way) for way in ways if tells(way)]
    return tuple(found)


def _own_returns(function: ast.FunctionDef) -> Iterator[ast.expr]:
    """Not those of functions within it, which are steps on the way."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def tells(code: ast.AST) -> bool:
    """`x.softmax(dim=-1)` gives nothing away; two operations at once, or a pattern for einops, do."""
    nodes = list(ast.walk(code))
    texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    operations = [node for node in nodes if isinstance(node, OPERATIONS) and not _is_number(node)]
    return len(operations) >= 2 or bool(texts)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)


def _body(function: ast.FunctionDef) -> list[ast.stmt]:
    (definition,) = ast.parse(bare(function)).body
    assert isinstance(definition, ast.FunctionDef)
    return definition.body


def _written_out(expression: ast.expr, function: ast.FunctionDef) -> ast.expr:
    """The expression with what was assigned once, in one place, in place of its name."""
    assigned: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            assigned.setdefault(node.targets[0].id, []).append(node.value)
    once = {name: values[0] for name, values in assigned.items() if len(values) == 1}

    class WriteOut(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copy.deepcopy(once[node.id]) if node.id in once else node

    return WriteOut().visit(copy.deepcopy(expression))  # type: ignore[no-any-return]


def _variables(function: ast.FunctionDef) -> set[str]:
    """Parameters and what is assigned: names that another author would choose otherwise."""
    names = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    return names | {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _alike(mine: Any, theirs: Any, variables: set[str], names: dict[str, str]) -> bool:
    """Whether two syntax trees are the same, but for the names of `variables`.

    A variable may stand for a name or a dotted name, always the same and no other variable's; `names` collects which.
    """
    if isinstance(mine, ast.Name) and mine.id in variables:
        if not _dotted(theirs):
            return False
        text = ast.unparse(theirs)
        if mine.id not in names and text in names.values():
            return False
        return names.setdefault(mine.id, text) == text
    if type(mine) is not type(theirs):
        return False
    if isinstance(mine, ast.AST):
        return all(
            _alike(getattr(mine, key, None), getattr(theirs, key, None), variables, names)
            for key in mine._fields
            if key not in ("ctx", "kind", "type_comment", "type_ignores")
        )
    if isinstance(mine, list):
        return len(mine) == len(theirs) and all(
            _alike(a, b, variables, names) for a, b in zip(mine, theirs, strict=True)
        )
    return bool(mine == theirs)


def _dotted(node: Any) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
