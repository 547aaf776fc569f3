"""Make `.venv` ready for the course, or say in one line what is missing. Quick where nothing has changed.

`make lab` and `make test` run this first. Only the standard library is used: nothing is installed yet. What pip is
told elsewhere (its configuration files and environment variables) holds here too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also when a test loads this file from elsewhere
from pip_step import Missing, run_pip
from torch_build import CPU_INDEX, has_nvidia_gpu, index_answers

ROOT = Path(__file__).resolve().parents[1]
GIGABYTE = 1e9
CUDA_GB, CPU_GB = 6.5, 2.0  # what the finished environment takes
DOWNLOAD_SHARE = 0.5  # wheels wait beside it, packed, until all are there
# Fails where a library of the system is missing, or where torch and torchvision do not belong together.
SMOKE_TEST = "import torch, torchvision, matplotlib, ipywidgets, jupyterlab, vitcourse.course.cli"


def fingerprint(root: Path) -> dict[str, str]:
    """What the environment depends on: two files, the Python inside, and the place (scripts in it name their path)."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((root / name).read_bytes())
    configuration = (root / ".venv/pyvenv.cfg").read_text(encoding="utf-8")
    versions = [line.partition("=")[2].strip() for line in configuration.splitlines() if line.startswith("version")]
    return {"files": digest.hexdigest(), "python": versions[0] if versions else "unknown", "root": str(root)}


def stamp_of(root: Path) -> dict[str, str]:
    """The fingerprint that was written after the last complete installation; empty if there is none."""
    try:
        stamp = json.loads((root / ".venv/.ready.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def is_ready(root: Path) -> bool:
    try:
        return (root / ".venv/bin/python").exists() and stamp_of(root) == fingerprint(root)
    except OSError:
        return False


def damaged_packages(site_packages: Path) -> list[str]:
    """Names of packages whose files are not all there at the size that was installed.

    pip takes a package for installed as soon as its metadata lie there; an interrupted run or a full disk leaves such.
    """
    damaged = []
    for info in sorted(site_packages.glob("*.dist-info")):
        try:
            rows = (info / "RECORD").read_text(encoding="utf-8").splitlines()
        except OSError:
            damaged.append(info.name)
            continue
        for row in rows:
            name, _, size = row.rpartition(",")
            name = name.rpartition(",")[0].strip('"')
            path = site_packages / name
            if size and not (path.is_file() and path.stat().st_size == int(size)):
                damaged.append(info.name)
                break
    return damaged


def works(root: Path) -> bool:
    """Whether an existing `.venv` can be built upon: made here, its Python new enough, none of its packages damaged."""
    if stamp_of(root).get("root", str(root)) != str(root):
        return False
    probe = "import sys, pip, sysconfig; assert sys.version_info >= (3, 11); print(sysconfig.get_path('purelib'))"
    python = root / ".venv/bin/python"
    if not python.exists():
        return False
    answer = subprocess.run([python, "-c", probe], capture_output=True, text=True)
    return answer.returncode == 0 and not damaged_packages(Path(answer.stdout.strip()))


def check_machine(root: Path, cpu_build: bool) -> None:
    """Raise ``Missing`` where an installation cannot end well. PyTorch itself decides which Macs are served."""
    if sys.platform == "darwin" and platform.machine() != "arm64":
        raise Missing("PyTorch has no builds for Intel Macs; on Apple silicon, use a Python built for arm64")
    try:
        (root / ".venv").mkdir(exist_ok=True)
        probe = root / ".venv/.writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise Missing(f"cannot write in {root} ({error.strerror}); move the course to a folder of your own") from None
    stays = CPU_GB if cpu_build else CUDA_GB
    needed, free = stays * (1 + DOWNLOAD_SHARE), shutil.disk_usage(root).free / GIGABYTE
    if free < needed:
        raise Missing(
            f"{free:.1f} GB are free in {root}; the environment takes {stays} GB, and {needed:.1f} GB while installing"
        )


def make_venv(root: Path) -> None:
    print("set-up: making .venv", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", root / ".venv"], capture_output=True, text=True)
    if made.returncode:
        reason = (made.stderr or made.stdout).strip().splitlines() or ["no reason given"]
        raise Missing(f"{sys.executable} -m venv failed: {reason[-1]}")


def pins(root: Path, *names: str) -> list[str]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.partition("==")[0] in names]


def installed_torch(root: Path) -> str | None:
    """Version of the PyTorch in `.venv` with its build, such as "2.15.0+cpu"; None where there is none."""
    found = (root / ".venv/lib").glob("python*/site-packages/torch-*.dist-info")
    return next((info.name.removeprefix("torch-").removesuffix(".dist-info") for info in found), None)


def takes_cpu_build(torch: str | None) -> bool:
    """Whether PyTorch comes from its index of CPU builds, given what is there: the kind of build that is there stays.

    On macOS the ordinary build is the CPU build.
    """
    suits = torch.endswith("+cpu") if torch else sys.platform == "linux" and not has_nvidia_gpu()
    return suits and index_answers()


def install(root: Path, cpu_build: bool) -> None:
    if cpu_build:
        try:
            # Only these two come from PyTorch's own index: it holds copies of some other packages, not of all versions.
            run_pip(root, "--index-url", CPU_INDEX, "--no-deps", *pins(root, "torch", "torchvision"))
        except Missing as error:
            print(f"set-up: PyTorch's CPU build could not be installed ({error}); taking the ordinary one", flush=True)
    run_pip(root, "-c", "constraints.txt", "-e", ".[test,html]")


@contextlib.contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Two `make` at a time: the second waits for the first."""
    import fcntl

    try:
        lock = open(root / ".env-ready.lock", "w")  # noqa: SIM115 (held until the block ends)
    except OSError as error:
        raise Missing(f"cannot write in {root} ({error.strerror}); move the course to a folder of your own") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("set-up: another set-up of this folder is running; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(root: Path) -> None:
    if is_ready(root):
        return
    with only_one(root):
        if is_ready(root):
            return
        usable = works(root)
        torch = installed_torch(root) if usable else None
        cpu_build = takes_cpu_build(torch)
        # All else is small beside PyTorch.
        if torch is None or pins(root, "torch") != [f"torch=={torch.partition('+')[0]}"]:
            check_machine(root, cpu_build or sys.platform == "darwin")
        if not usable:
            make_venv(root)
        print("set-up: installing (minutes the first time; pip shows what it does)", flush=True)
        install(root, cpu_build)
        python = root / ".venv/bin/python"
        if not works(root):
            raise Missing("the installation has damaged files although pip reported none; repeat the command")
        if subprocess.run([python, "-c", SMOKE_TEST]).returncode:
            raise Missing("the installation is complete but does not start; the lines above say why")
        temporary = root / ".venv/.ready.json.new"
        temporary.write_text(json.dumps(fingerprint(root)), encoding="utf-8")
        temporary.replace(root / ".venv/.ready.json")
        print("set-up: ready", flush=True)


def main() -> int:
    try:
        set_up(ROOT)
    except Missing as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted; repeat the command to go on", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
