"""Learners' answers for tests: source text made into functions that `inspect.getsource` can read, as in a notebook."""

from __future__ import annotations

import itertools
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

_count = itertools.count()

IMPORTS = """
import math
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
import vitcourse as vc
"""


def answer(source: str, name: str | None = None, **names: Any) -> Callable[..., Any]:
    """The function that `source` defines (the last one, or `name`), as if a cell of a notebook had been run.

    Args:
        names: more that the cell sees.
    """
    text = textwrap.dedent(source).strip() + "\n"
    file = f"<answer {next(_count)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(IMPORTS, namespace)
    namespace |= names
    before = set(namespace)
    exec(compile(text, file, "exec"), namespace)
    if name is None:
        name = [key for key in namespace if key not in before][-1]
    made: Callable[..., Any] = namespace[name]
    return made


def stub(name: str, signature: str) -> Callable[..., Any]:
    return answer(f"def {name}{signature}:\n    raise NotImplementedError\n", name)
