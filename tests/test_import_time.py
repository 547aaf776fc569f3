"""What `import vitcourse` may load: hardly more than PyTorch. How long it takes: benchmarks/start.py."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Each of them costs from a tenth of a second to several; plots, data sets and widgets load them when asked for.
HEAVY = (
    "IPython",
    "PIL",
    "anywidget",
    "ipywidgets",
    "matplotlib",
    "pandas",
    "safetensors",
    "scipy",
    "seaborn",
    "sklearn",
    "timm",
    "torchvision",
    "tqdm",
)
# Checkpoints are safetensors files.
LIGHT_MODULES = ["vitcourse.cost", "vitcourse.data", "vitcourse.maps", "vitcourse.pretrained", "vitcourse.training"]


def loaded_by(statement: str) -> set[str]:
    """The top-level names in ``sys.modules`` after a statement, in a fresh Python."""
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def by_torch() -> set[str]:
    return loaded_by("import torch")


def test_the_package_and_all_its_names_load_nothing_heavy(by_torch):
    more = loaded_by("from vitcourse import *") - by_torch
    assert "vitcourse" in more
    assert not more & set(HEAVY)


def test_neither_do_the_modules_that_compute(by_torch):
    more = loaded_by("import " + ", ".join(LIGHT_MODULES)) - by_torch
    assert not more & set(HEAVY) - {"safetensors"}
