"""Runs a lesson's notebook in a kernel of this very interpreter, and measures what it needs.

The working directory is empty and thrown away, as `work/` is empty but for lessons: a lesson that reads a file of
the repository, or leaves one behind, fails here and not at the learner's. So is the directory in which exercises note
what is done: the author's own progress stays as it is.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from lesson_source import ROOT, Notebook, tags
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellTimeoutError, DeadKernelError

Seconds = float


class LessonError(RuntimeError):
    """A cell of a lesson raised, ran too long or ended the kernel."""


@dataclass
class Run:
    """What a lesson needed: seconds in all (kernel start included) and per cell id, peak resident bytes."""

    seconds: Seconds = 0.0
    cells: dict[str, Seconds] = field(default_factory=dict)
    peak_bytes: int = 0

    def core_seconds(self, notebook: Notebook) -> Seconds:
        """Seconds spent in the cells of `notebook` that are tagged core."""
        return sum(self.cells.get(cell.id, 0.0) for cell in notebook.cells if "core" in tags(cell))


class ThisPython(KernelSpecManager):
    """Knows one kernel, whatever is installed elsewhere: `python3` is the interpreter that runs this."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )


def run(notebook: Notebook, *, name: str, environment: Mapping[str, str] | None = None, timeout: int = 600) -> Run:
    """Executes all cells of `notebook` in place.

    Args:
        notebook: what `lesson_source.read` gives; its outputs and execution counts are filled in.
        name: how the lesson is called in error messages.
        environment: the kernel's environment variables; this process's where none are given. `VITCOURSE_STATE` is
            always a directory of the run's own.
        timeout: seconds that one cell may take.

    Raises:
        LessonError: a cell raised, ran too long or ended the kernel; the message has its id and the traceback.
    """
    variables = dict(os.environ if environment is None else environment)
    # The tree that this file lies in is the one tested, even where another one is installed.
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, [variables.get("PYTHONPATH"), str(ROOT)]))
    variables.setdefault("PYTHONHASHSEED", "0")
    result = Run()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        work = Path(directory, "work")
        work.mkdir()
        variables["VITCOURSE_STATE"] = str(Path(directory, "state"))
        asyncio.run(_execute(notebook, name, variables, str(work), timeout, result))
    result.seconds = time.perf_counter() - started
    return result


async def _execute(
    notebook: Notebook, name: str, variables: dict[str, str], directory: str, timeout: int, result: Run
) -> None:
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisPython())
    client = NotebookClient(notebook, km=manager, timeout=timeout, record_timing=False, store_widget_state=False)
    async with client.async_setup_kernel(env=variables, cwd=directory, cleanup_kc=True):
        with _peak_memory(_pid(manager), result):
            for position, cell in enumerate(notebook.cells):
                begun = time.perf_counter()
                try:
                    await client.async_execute_cell(cell, position)
                except (CellControlSignal, DeadKernelError) as error:
                    raise LessonError(f"{name}, cell {cell.id}: {_reason(error, timeout)}") from None
                result.cells[cell.id] = time.perf_counter() - begun


def _reason(error: Exception, timeout: int) -> str:
    if isinstance(error, CellTimeoutError):
        return f"took longer than {timeout} s"
    if isinstance(error, DeadKernelError):
        return f"the kernel ended ({error}); not enough memory?"
    return str(error)


def _pid(manager: AsyncKernelManager) -> int:
    return int(manager.provisioner.process.pid)  # type: ignore[union-attr]


class _peak_memory:
    """Samples the resident memory of a process and its children every 20 ms while the block runs."""

    def __init__(self, pid: int, result: Run) -> None:
        self.process, self.result, self.done = psutil.Process(pid), result, threading.Event()
        self.thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *error: object) -> None:
        self.done.set()
        self.thread.join()
        self._note(_high_water_mark(self.process.pid))

    def _note(self, size: int) -> None:
        self.result.peak_bytes = max(self.result.peak_bytes, size)

    def _sample(self) -> None:
        while not self.done.wait(0.02):
            try:
                family = [self.process, *self.process.children(recursive=True)]
                self._note(sum(member.memory_info().rss for member in family))
            except psutil.Error:
                continue


def _high_water_mark(pid: int) -> int:
    """Peak resident bytes that Linux noted for a process, which no sampling misses; 0 elsewhere."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
