"""What a function calls on its way: did it hand the work to the reference, or to a library that does it in one call?"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from .spec import Exercise

TORCH = str(Path(torch.__file__).parent)


# What makes a tensor out of nothing, or brings one elsewhere: without them no device can be wrong.
MAKERS = {"arange", "as_tensor", "cpu", "empty", "eye", "from_numpy", "full", "linspace", "numpy"}
MAKERS |= {"ones", "rand", "randn", "randperm", "tensor", "to", "zeros"}


def calls(exercise: Exercise, function: Callable[..., Any]) -> tuple[bool, set[str]]:
    """Call the function on the first probe and watch.

    Returns:
        Whether the reference ran, or what does its work, and the names of all torch functions that were called.
    """
    # By identity: an answer that was copied word for word has an equal code.
    codes = {id(getattr(inspect.unwrap(f), "__code__", None)) for f in (exercise.reference, *exercise.whole)}
    names: set[str] = set()
    reference_ran = False

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal reference_ran
        if event == "call":
            reference_ran |= id(frame.f_code) in codes
            if frame.f_code.co_filename.startswith(TORCH):
                names.add(frame.f_code.co_name)
        elif event == "c_call":
            names.add(getattr(argument, "__name__", ""))

    before = sys.getprofile()
    arguments = exercise.probes[0].arguments()
    sys.setprofile(watch)
    try:
        function(*arguments.values())
    except Exception:
        pass  # what it raises is another part's concern
    finally:
        sys.setprofile(before)
    return reference_ran, names
