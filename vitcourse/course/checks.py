"""The checks of `vitcourse doctor`. Each imports what it needs itself, so that one missing package costs one check."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .doctor import Check, Finding
from .machine import free_memory, usable_cores
from .workspace import course_root

GIGABYTE = 1e9
LESSON_MEMORY = 1.5  # GB; tests hold every lesson's kernel below it
REINSTALL = "Install the course again: make lab, or pip install -e ."


def python() -> Iterator[Finding]:
    # An older Python cannot even read this package, and pip refuses to install it there.
    yield Finding("ok", "Python", f"{platform.python_version()} on {platform.platform()}, {sys.executable}")


def packages() -> Iterator[Finding]:
    """Installed versions against the ranges that the package itself states."""
    from packaging.requirements import Requirement

    try:
        stated = importlib.metadata.requires("vitcourse") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("problem", "packages", "vitcourse is not installed in this environment", REINSTALL)
        return
    for requirement in map(Requirement, stated):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            yield Finding("problem", requirement.name, "is not installed", REINSTALL)
            continue
        if requirement.specifier.contains(version, prereleases=True):
            yield Finding("ok", requirement.name, version)
        else:
            text = f"{version} is installed, the course needs {requirement.specifier}"
            yield Finding("problem", requirement.name, text, REINSTALL)


def threads() -> Iterator[Finding]:
    import torch

    cores, used = usable_cores(), torch.get_num_threads()
    text = f"PyTorch uses {used} threads, this process may use {cores:g} cores"
    if used > max(1.0, cores):
        whole = max(1, int(cores))
        yield Finding("warning", "threads", text, f"Training is faster with OMP_NUM_THREADS={whole}")
    else:
        yield Finding("ok", "threads", text)
    accelerator = "no NVIDIA GPU in use: all lessons run on the CPU"
    if torch.cuda.is_available():
        accelerator = torch.cuda.get_device_name(0)
    yield Finding("ok", "accelerator", accelerator)


def memory() -> Iterator[Finding]:
    free = free_memory() / GIGABYTE
    text = f"{free:.1f} GB are free, a lesson takes up to {LESSON_MEMORY} GB"
    if free < LESSON_MEMORY:
        yield Finding("warning", "memory", text, "Close other programs, and shut down kernels of other lessons")
    else:
        yield Finding("ok", "memory", text)


def _folder(subject: str, folder: Path, remedy: str) -> Iterator[Finding]:
    """Can one write there, and is there room; the folder itself may still be missing."""
    existing = next(place for place in (folder, *folder.parents) if place.is_dir())
    try:
        with tempfile.TemporaryFile(dir=existing) as probe:
            probe.write(b"0" * 4096)
    except OSError as error:
        yield Finding("problem", subject, f"cannot write in {existing} ({error.strerror})", remedy)
        return
    free = shutil.disk_usage(existing).free / GIGABYTE
    text = f"{folder} can be written, {free:.1f} GB are free"
    if free < 0.5:
        yield Finding("warning", subject, text, "Free some space: saving may fail")
    else:
        yield Finding("ok", subject, text)


def work_folder() -> Iterator[Finding]:
    yield from _folder("work folder", course_root() / "work", "Move the course to a folder of your own")


def data() -> Iterator[Finding]:
    """The data folder, and each file of the data sets in it against its checksum where one is known."""
    from ..data.files import FILES, TITLES, compared, data_directory
    from ..data.files import examine as examine_files

    remedy = "Name another folder in the environment variable VITCOURSE_DATA"
    folder = list(_folder("data folder", data_directory(), remedy))
    states = {name: examine_files(name) for name in FILES}
    mnist_is_whole = all(file.state == "ok" for file in states["mnist"])
    # A folder that can only be read is enough where the course's own data set is already in it.
    if mnist_is_whole and folder[0].state == "problem":
        folder = [Finding("ok", "data folder", f"{data_directory()}, read-only")]
    yield from folder
    for name, files in states.items():
        title = TITLES[name]
        damaged = [file for file in files if file.state == "damaged"]
        missing = [file for file in files if file.state == "missing"]
        for file in damaged:
            yield Finding("problem", title, file.problem)
        if damaged:
            continue
        if not missing:
            yield Finding("ok", title, f"{len(files)} files, {compared(name)} right")
        elif len(missing) < len(files) and name == "mnist":
            names = ", ".join(file.path.name for file in missing)
            yield Finding("warning", title, f"missing: {names}", "The next lesson downloads it")
        elif name == "mnist":
            remedy = "The first lesson downloads it; without a network lessons use scikit-learn's digits"
            yield Finding("warning", title, "is not on this machine", remedy)


def settings() -> Iterator[Finding]:
    names = [name for name in ("VITCOURSE_DATA", "OMP_NUM_THREADS", "MKL_NUM_THREADS") if name in os.environ]
    yield Finding("ok", "settings", ", ".join(f"{name}={os.environ[name]}" for name in names) or "none")


CHECKS: tuple[Check, ...] = (python, packages, threads, memory, work_folder, data, settings)
