"""One thread that takes step after step until it is told to stop."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

PAUSE = 0.2  # seconds between two reports


class Worker:
    """Runs an iterator in a thread. `report(seconds)` is called from there, at most every `PAUSE` seconds.

    `state` is "ready", "running", "stopped", "done" or "failed". At most one thread runs at any time.
    """

    def __init__(self, report: Callable[[float], None]) -> None:
        self._report = report
        self._guard = threading.Lock()
        self._halt = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._run: Iterator[Any] | None = None
        self._seconds = 0.0
        self.state = "ready"
        self.records: list[Any] = []
        self.error: BaseException | None = None

    def start(self, steps: Callable[[], Iterable[Any]]) -> bool:
        """A new run; False, and nothing happens, while one is running."""

        def begin() -> None:
            if hasattr(self._run, "close"):
                self._run.close()  # type: ignore[union-attr]
            self.records, self.error, self._seconds, self._run = [], None, 0.0, _later(steps)

        return self._go(begin, only_from=None)

    def resume(self) -> bool:
        return self._go(lambda: None, only_from="stopped")

    def stop(self) -> None:
        self._halt.set()

    def wait(self, seconds: float | None = None) -> bool:
        return self._idle.wait(seconds)

    def _go(self, begin: Callable[[], None], *, only_from: str | None) -> bool:
        with self._guard:
            if self.state == "running" or (only_from is not None and self.state != only_from):
                return False
            begin()
            self.state = "running"
            self._halt.clear()
            self._idle.clear()
        # What the thread sends belongs to the cell or button that started it.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._work,), daemon=True, name="vitcourse job").start()
        return True

    def _work(self) -> None:
        assert self._run is not None
        began = time.monotonic() - self._seconds
        state, reported = "done", -1.0
        try:
            self._report(self._seconds)
            while True:
                if self._halt.is_set():
                    state = "stopped"
                    break
                try:
                    record = next(self._run)
                except StopIteration:
                    break
                self.records.append(record)
                self._seconds = time.monotonic() - began
                if self._seconds - reported >= PAUSE:
                    self._report(self._seconds)
                    reported = time.monotonic() - began
        except BaseException as error:
            state, self.error = "failed", error
        self.state = state
        try:
            self._report(self._seconds)
        except Exception as error:  # the picture itself may be what fails
            self.state, self.error = "failed", self.error or error
            self._report(self._seconds)
        self._idle.set()


def _later(steps: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """Calls `steps` at the first step, so that even what it does before its first yield runs in the thread."""
    yield from steps()
