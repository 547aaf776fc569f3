"""What an experiment is: its configurations, what is measured for each, and the code that the figures depend on."""

from __future__ import annotations

import ast
import hashlib
import importlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Config = dict[str, Any]
Figures = dict[str, Any]

# In the order in which they run: one may read the tables of those before it.
NAMES = (
    "tokens",
    "warmup",
    "muon",
    "patch_size",
    "distances",
    "robustness",
    "deletion",
    "learning_rates",
    "data_regime",
    "compute",
    "scaling",
    "throughput",
    "recipes",
)
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Experiment:
    """One question, and how it is put.

    Attributes:
        name: of the module and of the table.
        claims: ids of the ledger's rows that rest on it.
        configs: `configs(quick)` lists the configurations; each is measured once, alone, whatever the others give.
        measure: `measure(**config)` gives rows of figures; a table's row is the configuration and one of them.
        sources: files of the package on which the figures depend: a change in one makes the table stale.
        timed: times are among its figures: it runs alone, one configuration after the other.
        threads: of PyTorch; None for as many as the machine has cores.
    """

    name: str
    claims: tuple[str, ...]
    configs: Callable[[bool], Iterable[Config]]
    measure: Callable[..., list[Figures]]
    sources: tuple[str, ...]
    timed: bool = False
    threads: int | None = 1

    def use_threads(self) -> None:
        """Have PyTorch use this experiment's threads from now on."""
        import torch

        torch.set_num_threads(self.threads or os.cpu_count() or 1)

    @property
    def code(self) -> str:
        """A fingerprint of the sources as they are now: comments and docstrings do not change it."""
        digest = hashlib.sha256()
        for source in sorted((*self.sources, f"experiments/{self.name}.py")):
            digest.update(source.encode() + syntax(PACKAGE / source).encode())
        return digest.hexdigest()[:10]


def experiment(name: str) -> Experiment:
    """The experiment of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in NAMES:
        raise ValueError(f"name={name!r} is no experiment; there are {', '.join(NAMES)}")
    return importlib.import_module(f"{__package__}.{name}").EXPERIMENT


class _All:
    """All experiments, in their order, imported when they are asked for."""

    def __iter__(self):
        return map(experiment, NAMES)


EXPERIMENTS = _All()


def syntax(path: Path) -> str:
    """The syntax tree of a file, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            body[0].value.value = None
    return ast.dump(tree)
