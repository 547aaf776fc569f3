"""What this process may use of the machine. In a container that is less than what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = CGROUP) -> float:
    """Cores that this process may keep busy: its affinity, and a container's share of time."""
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not say
        allowed = os.cpu_count() or 1
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        return float(min(allowed, int(quota) / int(period)))
    except (OSError, ValueError):  # no cgroup 2, or the quota is "max"
        return float(allowed)


def free_memory(cgroup: Path = CGROUP) -> float:
    """Bytes of memory that can be had now, a container's limit included."""
    import psutil

    free = float(psutil.virtual_memory().available)
    try:
        limit = int((cgroup / "memory.max").read_text())
        used = int((cgroup / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return min(free, float(limit - used))
