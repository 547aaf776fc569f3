"""What the package hands on says the shapes that it takes and gives: no signature has a bare ``Tensor``."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from vitcourse.pair_model import PairFinder, spot_the_pair

MODULES = ("vitcourse", *(f"vitcourse.{name}" for name in ("comparison", "cost", "data", "maps", "training")))


def exported() -> dict[str, Any]:
    """Functions and classes of the package by their names."""
    found = {"PairFinder": PairFinder, "spot_the_pair": spot_the_pair}
    for module in map(importlib.import_module, MODULES):
        found |= {name: getattr(module, name) for name in module.__all__}
    return {
        name: one
        for name, one in found.items()
        if (inspect.isfunction(one) or inspect.isclass(one)) and one.__module__.startswith("vitcourse.")
    }


def is_bare(annotation: ast.AST) -> bool:
    """Whether ``Tensor`` stands in it without a shape; what a function is given as an argument may take any."""
    if isinstance(annotation, ast.Subscript):
        inside = annotation.slice
        if ast.unparse(annotation.value) == "Callable":
            return False
        if isinstance(inside, ast.Tuple) and isinstance(inside.elts[-1], ast.Constant):
            return False  # such as Float[Tensor, "batch dim"]
    if isinstance(annotation, ast.Name) and annotation.id == "Tensor":
        return True
    return any(is_bare(part) for part in ast.iter_child_nodes(annotation))


def annotations(definition: ast.AST) -> Iterator[ast.expr]:
    """Those of the arguments and results of a function, or of the public methods of a class."""
    if isinstance(definition, ast.FunctionDef):
        arguments = definition.args
        every = [argument.annotation for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        yield from filter(None, (*every, definition.returns))
    elif isinstance(definition, ast.ClassDef):
        for method in definition.body:
            if isinstance(method, ast.FunctionDef) and (method.name == "__init__" or method.name[0] != "_"):
                yield from annotations(method)


@pytest.mark.parametrize("name", sorted(exported()))
def test_tensors_have_shapes(name):
    source = textwrap.dedent(inspect.getsource(inspect.unwrap(exported()[name])))
    (definition,) = ast.parse(source).body
    assert [ast.unparse(one) for one in annotations(definition) if is_bare(one)] == []
