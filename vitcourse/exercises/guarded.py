"""Run a learner's function so that nothing it does outlives the call.

A function that never returns is stopped, what it prints is caught and cut, and torch's random numbers, default dtype
and gradient mode are as they were.
"""

from __future__ import annotations

import ctypes
import io
import random
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import numpy as np
import torch

SECONDS = 10.0  # for all calls of one check together
KEPT = 600  # characters of what a function prints


class Stopped(BaseException):
    """The time is up. Not an `Exception`, so that an `except Exception` within the function does not swallow it."""


class Printed(io.TextIOBase):
    """A stream that keeps the first characters and counts the others."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.dropped = 0
        self.full = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.full:
            return len(text)
        room = KEPT - len(self.text)
        self.text += text[:room]
        self.dropped += max(0, len(text) - room)
        return len(text)

    def __str__(self) -> str:
        cut = f"\n... {self.dropped:,} more characters" if self.dropped else ""
        return self.text.rstrip() + cut


@contextmanager
def guarded(seconds: float | None = None) -> Iterator[Printed]:
    """Within this block learners' functions may be called.

    Yields:
        What they print.

    Raises:
        Stopped: they took longer than `seconds` in all (`SECONDS` unless given).
    """
    printed = Printed()
    limit = time_limit(SECONDS if seconds is None else seconds)
    with _settings_kept(), redirect_stdout(printed), redirect_stderr(printed), limit:
        yield printed


@contextmanager
def _settings_kept() -> Iterator[None]:
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 the learner may draw from it
    dtype, gradients, threads = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    recursion = sys.getrecursionlimit()
    # Probes are small: one thread is faster than waiting for another, many times so on a busy machine.
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they would stand in red above what the check has to say
            yield
    finally:
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        sys.setrecursionlimit(recursion)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `Stopped` in this thread after so many seconds; by a signal where the platform and the thread allow it."""
    in_main_thread = threading.current_thread() is threading.main_thread()
    limit = _by_signal if in_main_thread and hasattr(signal, "SIGALRM") else _by_timer
    with limit(seconds):
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGALRM, stop)
    # Again each half second: a bare `except:` within the function may swallow the first.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_timer(seconds: float) -> Iterator[None]:
    """Another thread asks the interpreter to raise here: it works between two lines of Python, not within torch."""
    thread = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(
        seconds, lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(Stopped))
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
