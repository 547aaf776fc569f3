"""An exception that came out of a learner's function, as the learner needs to see it: the own lines only."""

from __future__ import annotations

import inspect
import linecache
import re
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor

from . import words
from .spec import Arguments

SHOWN = 500  # characters of an exception's own words


def told(error: BaseException, function: Callable[..., Any], label: str, arguments: Arguments) -> str:
    """What was raised, where in the learner's code, and for which arguments."""
    lines = own_lines(error, function)
    where = f"\n{lines}" if lines else ""
    return f"{_words(error)}{where}\n\nCalled with {label}: {words.call(arguments)}."


def _words(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "It calls itself without end (RecursionError)."
    if isinstance(error, SystemExit):
        return "It calls `exit()`, which would end the notebook's kernel; return a value instead."
    text = str(error).strip().replace("`", "'")  # backticks mark code in what `check` says
    text = text if len(text) <= SHOWN else f"{text[:SHOWN]} ..."
    return f"It raises {type(error).__name__}{f': {text}' if text else ''}"


def is_a_stub_s(error: BaseException | None, function: Callable[..., Any]) -> bool:
    """Is it the `raise NotImplementedError` of a stub? PyTorch raises such errors too, from its own code."""
    if not isinstance(error, NotImplementedError):
        return False
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code is getattr(inspect.unwrap(function), "__code__", None)


def own_lines(error: BaseException, function: Callable[..., Any]) -> str:
    """The lines of the traceback that stand in the learner's own code, from the outermost to the innermost.

    The learner's code is whatever lies in the function's file: for a cell of a notebook, IPython makes one.
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    shown: list[str] = []
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename != code.co_filename and not _is_a_cell(frame.f_code.co_filename):
            continue
        line = linecache.getline(frame.f_code.co_filename, number).strip()
        place = f"line {number} of {frame.f_code.co_name}" if frame.f_code.co_name != "<module>" else f"line {number}"
        shown.append(f"  {place}:  {line}" if line else f"  {place}")
        shapes = _shapes(line, frame.f_locals)
        if shapes:
            shown.append(f"  there {', '.join(shapes)}")
    if len(shown) > 8:  # a recursion
        shown = [*shown[:2], "  ...", shown[-1]]
    return "\n".join(shown)


def _shapes(line: str, names: Mapping[str, Any]) -> list[str]:
    """The shapes of the tensors that a line names: most exceptions of PyTorch are about them."""
    used = dict.fromkeys(re.findall(r"\b[A-Za-z_]\w*\b", line))
    return [f"{name} is {words.shape(names[name])}" for name in used if isinstance(names.get(name), Tensor)]


def _is_a_cell(filename: str) -> bool:
    return "ipykernel_" in filename or filename.startswith("<ipython-input")
