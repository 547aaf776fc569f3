"""The ordinary mutants of a function: one small change of its syntax tree each."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

BINARY = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mod,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
}
COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
RENAMED = {
    "sin": "cos",
    "cos": "sin",
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "zeros": "ones",
    "row": "col",
    "rows": "cols",
    "cols": "rows",
    "height": "width",
    "width": "height",
}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """What was changed, and the changed source; statements that only check arguments are left as they are."""
    tree = ast.parse(source)
    nodes = [node for node in ast.walk(tree) if not isinstance(node, ast.FunctionDef)]
    checks = {id(part) for node in nodes if _only_checks(node) for part in ast.walk(node)}
    annotations = {id(part) for node in ast.walk(tree) for part in _annotations(node)}
    for index, node in enumerate(nodes):
        if id(node) in checks or id(node) in annotations:
            continue
        for number, changed in enumerate(_changes(copy.deepcopy(node))):
            copied = copy.deepcopy(tree)
            target = [n for n in ast.walk(copied) if not isinstance(n, ast.FunctionDef)][index]
            result = ast.fix_missing_locations(_Replace(target, changed).visit(copied))
            before = ast.unparse(node)
            after = ast.unparse(changed) if changed is not None else "(left out)"
            yield f"{before} -> {after} #{index}.{number}", ast.unparse(result) + "\n"


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, changed: ast.AST | None) -> None:
        self.target, self.changed = target, changed

    def visit(self, node: ast.AST):
        if node is self.target:
            return ast.Pass() if self.changed is None else self.changed
        return self.generic_visit(node)


def _only_checks(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return all(isinstance(statement, ast.Raise) for statement in node.body) and not node.orelse
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
        return node.value.func.id.startswith(("require_", "check_", "_require", "_check"))
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    roots = [node.args, node.returns] if isinstance(node, ast.FunctionDef) else []
    roots += [node.annotation] if isinstance(node, ast.AnnAssign) else []
    for root in filter(None, roots):
        yield from ast.walk(root)


def _changes(node: ast.AST) -> Iterator[ast.AST | None]:
    if isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BinOp):
        for other in BINARY.get(type(node.op), ()):
            yield ast.BinOp(node.left, other(), node.right)
        yield node.left
        yield node.right
        if isinstance(node.op, ast.MatMult | ast.Sub | ast.Div | ast.Pow):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        yield ast.Compare(node.left, [COMPARED[type(node.ops[0])](), *node.ops[1:]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from _names(node)
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Expr):
        yield None
    elif isinstance(node, ast.Return) and node.value is not None:
        yield ast.Return(None)


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.BinOp(ast.Constant(node.value), ast.Sub(), ast.Constant(1))
    elif isinstance(node.value, float):
        yield ast.Constant(node.value * 2)
        yield ast.Constant(0.0)
    elif isinstance(node.value, str) and "->" in node.value:
        left, right = node.value.split("->")
        names = right.replace("(", " ( ").replace(")", " ) ").split()
        for i in range(len(names) - 1):  # exchange two neighbors on the right
            if "(" not in names[i : i + 2] and ")" not in names[i : i + 2]:
                swapped = [*names[:i], names[i + 1], names[i], *names[i + 2 :]]
                yield ast.Constant(f"{left}-> {' '.join(swapped)}")


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name):
        yield node.func.value  # x.y().z(...) -> x.y()
    elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        if node.func.value.id not in {"torch", "F", "math", "nn"}:
            yield node.func.value
        elif node.args:
            yield node.args[0]
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, [*node.keywords[:i], *node.keywords[i + 1 :]])
    if len(node.args) > 1:
        yield ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords)


def _names(node: ast.Name | ast.Attribute) -> Iterator[ast.AST]:
    if isinstance(node, ast.Attribute) and node.attr in RENAMED:
        yield ast.Attribute(node.value, RENAMED[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in RENAMED and isinstance(node.ctx, ast.Load):
        yield ast.Name(RENAMED[node.id], node.ctx)
