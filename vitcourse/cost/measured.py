"""What running something costs, measured: memory and time."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from ..errors import require_one_of, require_positive


def peak_memory(fn: Callable[[], object], device: torch.device | str = "cpu") -> int:
    """Most bytes that PyTorch held at one time during ``fn()``, above what it held before.

    What was there before (weights, inputs) does not count; what ``fn`` returns does. On a CPU the allocations are
    read from PyTorch's profiler, on a GPU from the allocator's own statistics.

    Args:
        fn: runs in this thread.
        device: where the allocations are watched: "cpu" or a CUDA device.

    Raises:
        ValueError: a device of another kind, which keeps no such record.
    """
    device = torch.device(device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        fn()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    require_one_of("device", device.type, ("cpu", "cuda"))
    from torch.profiler import ProfilerActivity, profile

    # Kineto reads this once; without it a notebook's cell shows its notes about start, stop and missing GPUs.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        fn()
    results = profiler.profiler.kineto_results
    changes = [(e.start_ns(), e.nbytes()) for e in results.events() if e.name() == "[memory]"]
    held = peak = 0
    for _, nbytes in sorted(changes, key=lambda change: change[0]):
        held += nbytes
        peak = max(peak, held)
    return peak


class Timing(NamedTuple):
    """Seconds that one run takes: the median, and the quartiles between which half of the runs lie."""

    median: float
    low: float
    high: float


def measure_time(
    fn: Callable[[], object], repeats: int = 10, *, warmup: int = 1, device: torch.device | str = "cpu"
) -> Timing:
    """Median seconds of ``fn()`` over ``repeats`` runs, with quartiles; ``warmup`` runs before do not count.

    A GPU works behind the program's back: with its ``device`` given, each run is timed until it has finished.
    """
    require_positive(repeats=repeats)
    kind = torch.device(device).type

    def wait() -> None:
        if kind in ("cuda", "mps"):
            getattr(torch, kind).synchronize()

    for _ in range(warmup):
        fn()
    seconds = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        fn()
        wait()
        seconds.append(time.perf_counter() - start)
    if repeats == 1:
        return Timing(seconds[0], seconds[0], seconds[0])
    low, median, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return Timing(median, low, high)
