"""Checks of the code that a lesson shows: what is the package's is the package's, to the letter."""

from __future__ import annotations

import ast
import difflib
import functools
import re
import textwrap
from typing import Any

from lesson_files import ROOT, code_cells, tree

PACKAGE = ROOT / "vitcourse"
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
FENCED = re.compile(r"^```(?:py|python)\s*\n(.*?)^```", re.DOTALL | re.MULTILINE)


@functools.cache
def definitions(module: str) -> dict[str, Definition]:
    """Name -> syntax tree of what stands at the top level of a module of the package, read without importing it."""
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    if not module.startswith("vitcourse") or not file.is_file():
        return {}
    body = ast.parse(file.read_text(encoding="utf-8")).body
    return {node.name: node for node in body if isinstance(node, Definition)}


@functools.cache
def package_classes() -> dict[str, str]:
    """Class name -> module, of all public classes of the model code and what else lessons teach."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[1] in ("course", "widgets", "exercises"):
            continue
        module = ".".join(part for part in parts if part != "__init__")
        found |= {name: module for name, node in definitions(module).items()
                  if isinstance(node, ast.ClassDef) and not name.startswith("_")}  # fmt: skip
    return found


class _Bare(ast.NodeTransformer):
    """Takes docstrings and annotations away."""

    def _body(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body = [item for item in node.body if item is not None]
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            node.body = node.body[1:]
        node.body = node.body or [ast.Pass()]
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.returns = None
        return self._body(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]
    visit_ClassDef = _body

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        self.generic_visit(node)
        return None if node.value is None else ast.Assign([node.target], node.value, lineno=node.lineno)


def bare(node: Definition) -> str:
    """The code of a class or function without docstrings, comments and annotations, in one fixed layout."""
    copy = ast.parse(textwrap.dedent(ast.unparse(node)))
    return ast.unparse(ast.fix_missing_locations(_Bare().visit(copy)))


def mirror_problems(cells: list[Any]) -> list[str]:
    """Each mirror cell holds one class or function, and it is the package's."""
    problems = []
    for cell in code_cells(cells):
        target = cell.metadata.get("mirror")
        if target is None:
            continue
        module, _, name = target.rpartition(".")
        original = definitions(module).get(name)
        body = tree(cell).body
        if original is None:
            problems.append(f"{cell.id}: {target} is not defined there (name the module in which it stands)")
        elif len(body) != 1 or not isinstance(body[0], Definition) or body[0].name != name:
            problems.append(f"{cell.id} must hold {name} and nothing else")
        elif (shown := bare(body[0])) != (truth := bare(original)):
            lines = difflib.unified_diff(truth.splitlines(), shown.splitlines(), "package", "lesson", n=0, lineterm="")
            problems.append(f"{cell.id} differs from {target}:\n" + "\n".join(lines))
    return problems


def unmarked_problems(cells: list[Any]) -> list[str]:
    """A class of the package is shown in a mirror cell only, in code and in fenced blocks of Markdown alike."""
    problems = []
    for cell in cells:
        if cell.cell_type == "code":
            trees = [] if "mirror" in cell.metadata else [tree(cell)]
        else:
            trees = [parsed for text in FENCED.findall(cell.source) if (parsed := _parsed(text))]
        for node in (node for parsed in trees for node in ast.walk(parsed) if isinstance(node, ast.ClassDef)):
            if (module := package_classes().get(node.name)) is not None:
                problems.append(f'{cell.id} shows {node.name}: mark it mirror="{module}.{node.name}"')
    return problems


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None  # a fragment


def poison_problems(cells: list[Any]) -> list[str]:
    """No later cell uses what a mirror cell defined: a learner may have edited it. Use vc.Name, or import it again."""
    problems, edited = [], set()
    for cell in code_cells(cells):
        parsed = tree(cell)
        imports = [node for node in ast.walk(parsed) if isinstance(node, ast.Import | ast.ImportFrom)]
        edited -= {alias.asname or alias.name for node in imports for alias in node.names}
        if (target := cell.metadata.get("mirror")) is not None:
            edited.add(target.rpartition(".")[2])
            continue
        used = {node.id for node in ast.walk(parsed) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        problems += [f"{cell.id} uses {name}, which a learner may have edited above" for name in sorted(used & edited)]
    return problems
