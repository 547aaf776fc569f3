"""The learner's functions out of `my_vit.py`, each judged again before it is used."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import kept
from .catalog import NAMES, find
from .guarded import Stopped, guarded
from .judge import judge
from .observe import RAISED


@dataclass(frozen=True)
class Pieces:
    """All functions of the exercises: the learner's where they have one that passes, else the reference.

    Attributes:
        mine: the learner's, by name.
        remarks: a line for each function of the file that cannot be used.
    """

    mine: dict[str, Callable[..., Any]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self.mine.get(name) or find(name).reference

    def any_of(self, *names: str) -> bool:
        return any(name in self.mine for name in names)


def pieces() -> Pieces:
    """Read `my_vit.py` in the working directory; without it, all is the package's."""
    mine, remarks = {}, []
    try:
        sections = kept.read()
    except (OSError, UnicodeDecodeError) as error:
        return Pieces({}, (f"{kept.FILE} cannot be read ({error}); the package's functions are used",))
    for name, (_, code) in sections.items():
        if name not in NAMES:
            remarks.append(f"{kept.FILE} has `{name}`, which is no exercise; it is left out")
            continue
        try:
            function = _function(name, code)
            with guarded():
                reason = None if judge(find(name), function).passed else "no longer passes its check"
        except Stopped:
            reason = "does not return"
        except RAISED as error:
            reason = f"cannot be read ({type(error).__name__}: {error})"
        if reason is None:
            mine[name] = function
        else:
            remarks.append(f"`{name}` in {kept.FILE} {reason}; the package's is used in its place")
    return Pieces(mine, tuple(remarks))


def _function(name: str, code: str) -> Callable[..., Any]:
    """The function of a section, in a namespace of its own; its source can be read, as that of a module's function."""
    file = f"<{kept.FILE}: {name}>"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"__name__": "my_vit"}
    exec(compile(code, file, "exec"), namespace)
    function: Callable[..., Any] = namespace[name]
    return function
