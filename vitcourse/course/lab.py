"""Lay out `work/` and open JupyterLab there: what `make lab` does, and conda and Windows users with `vitcourse lab`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .connect import connect_jupyter
from .workspace import WorkspaceError, course_lessons, lay_out


def lab_command(root: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that starts JupyterLab on the first lesson; ``options`` go to JupyterLab and win."""
    lessons = course_lessons(root)
    if not lessons:
        raise WorkspaceError(f"{root / 'notebooks'} holds no lesson; mend it with: git checkout -- notebooks")
    command = [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/work/{lessons[0].file_name}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # a container: Jupyter would stop and ask for this option
        command.append("--allow-root")
    return [*command, *options]


def prepare(root: Path) -> None:
    """Lay out ``work/`` and make Jupyter know the course; says what it did."""
    new = lay_out(root)
    print(f"{root / 'work'}: {len(new)} lessons copied, files that were there are untouched", flush=True)
    try:
        connect_jupyter()
    except OSError as error:
        print(f"Jupyter's configuration cannot be written ({error}): saved notebooks keep widget state", flush=True)


def start_lab(root: Path, options: Sequence[str] = ()) -> int:
    """Prepare, then run JupyterLab until it ends; return its exit code."""
    command = lab_command(root, options)
    prepare(root)
    if os.name == "posix":
        os.execv(command[0], command)  # signals then reach JupyterLab itself
    return subprocess.call(command)
