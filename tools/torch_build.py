"""Which build of PyTorch suits this machine: the small CPU build, or the ordinary one with CUDA libraries."""

from __future__ import annotations

import shutil
import subprocess
import threading
import urllib.request
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def has_nvidia_gpu() -> bool:
    """Whether the driver lists a GPU; `nvidia-smi` alone may be there without one."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    tool = shutil.which("nvidia-smi") or shutil.which("nvidia-smi", path="/usr/lib/wsl/lib")
    if tool is None:
        return False
    try:
        listing = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listing.returncode == 0 and "GPU" in listing.stdout


def index_answers(index: str = CPU_INDEX, seconds: float = 3.0) -> bool:
    """Whether the index answers in time. A thread, because a name look-up has no time limit of its own."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index}/torch/", timeout=seconds) as reply:
                if reply.status == 200 and reply.read(1):
                    answered.set()
        except (OSError, ValueError):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answered.is_set()
