"""The floors of the package: an import goes down or stays, never up; and light modules stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vitcourse

PACKAGE = Path(vitcourse.__file__).parent
FLOORS = (
    (
        "errors",
        "files",
        "markup",
        "patches",
        "positions",
        "attention",
        "encoder",
        "vit",
        "cnn",
        "pair_model",
        "residual_stream",
    ),
    ("data", "training", "maps", "cost", "comparison", "plots", "pretrained", "variants", "experiments"),
    ("widgets", "exercises"),
    ("course",),
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
HEAVY = ("matplotlib", "seaborn", "scipy", "sklearn", "pandas", "ipywidgets", "anywidget", "torchvision", "timm")
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def exported() -> dict[str, str]:
    """Names that `vitcourse/__init__.py` hands on, and the modules that they come from."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1]
    return {alias.name: node.module.split(".")[0] for node in imports if node.module for alias in node.names}


def imported_modules(source: str, path: Path) -> set[str]:
    """First parts, below `vitcourse`, of all that a file imports from the package, wherever the import stands."""
    package = ("vitcourse", *path.relative_to(PACKAGE).parent.parts)
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            full = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            base += node.module.split(".") if node.module else []
            full = [[*base, alias.name] for alias in node.names]
        else:
            continue
        found |= {parts[1] for parts in full if parts[0] == "vitcourse" and len(parts) > 1}
    return {exported().get(name, name) for name in found}


def floor_of(path: Path) -> int:
    return FLOOR_OF[path.relative_to(PACKAGE).parts[0].removesuffix(".py")]


def test_every_module_has_a_floor():
    names = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in SOURCES}
    assert names - set(FLOOR_OF) == set(), "give these a floor in FLOORS"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    imports = imported_modules(path.read_text(encoding="utf-8"), path) & set(FLOOR_OF)
    above = {name for name in imports if FLOOR_OF[name] > floor_of(path)}
    assert above == set(), f"{path.name} is on floor {floor_of(path)} and imports from above"


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("from ..widgets.picture import picture", "widgets"),
        ("from .. import widgets", "widgets"),
        ("from vitcourse.widgets import live", "widgets"),
        ("import vitcourse.widgets.live", "widgets"),
        ("from vitcourse import record_attention", "maps"),
        ("def f():\n    from vitcourse import widgets", "widgets"),
    ],
)
def test_every_form_of_import_is_seen(line, module):
    assert imported_modules(line, PACKAGE / "data" / "some_file.py") == {module}


def loaded_after(code: str) -> set[str]:
    report = "; import sys; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", code + report], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_model_and_training_load_nothing_heavy():
    names = [name for floor in FLOORS[:2] for name in floor if name != "plots"]
    there = [name for name in names if (PACKAGE / f"{name}.py").exists() or (PACKAGE / name / "__init__.py").exists()]
    code = "from vitcourse import *; import " + ", ".join(f"vitcourse.{name}" for name in there)
    assert loaded_after(code) & set(HEAVY) == set()


def test_the_commands_load_no_pytorch():
    assert "torch" not in loaded_after("import vitcourse.course.cli, vitcourse.course.server, vitcourse.course.doctor")


def test_exported_names_are_all_there():
    assert set(exported()) == set(vitcourse.__all__)
    for name in vitcourse.__all__:
        assert getattr(vitcourse, name) is not None
    assert set(vitcourse.__all__) <= set(dir(vitcourse))
    with pytest.raises(AttributeError, match="nothing_here"):
        _ = vitcourse.nothing_here
