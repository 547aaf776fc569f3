"""Fetching a data set by torchvision, so that no half file is ever found under a whole one's name.

The download goes to a temporary folder in the data directory, is checked there, and its files are then renamed into
place, which is one step of the file system. Interrupted at any moment, even by a power cut of the process (kill -9),
it leaves nothing that a later run would trust; two processes at once do the work twice and harm nothing.
"""

from __future__ import annotations

import http.client
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from . import network
from .files import FILES, TITLES, DataError, DataFile, missing, read_checked

_PREFIX = ".download-"
_STALL_SECONDS = 20.0  # without a byte a download is given up; a slow one may take as long as it likes
_ABANDONED_SECONDS = 3600.0  # a live download writes all the time

# torchvision's class, and its addresses of one file: known here too, so that torchvision, which takes seconds to
# import, need not be when there is no network. A test compares them.
SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "mnist": (
        "MNIST",
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/train-labels-idx1-ubyte.gz",
            "http://yann.lecun.com/exdb/mnist/train-labels-idx1-ubyte.gz",
        ),
    ),
    "fashion_mnist": (
        "FashionMNIST",
        ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",),
    ),
    "cifar10": ("CIFAR10", ("https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",)),
}


class NotAvailable(Exception):
    """The set is neither on disk nor to be downloaded; the message says why."""


@contextmanager
def complete(name: str, root: Path, *, download: bool) -> Iterator[Path]:
    """A folder that holds all files of the set while the context lasts: ``root``, after a download if needed.

    Where ``root`` cannot be written to, a temporary folder that is deleted afterwards.

    Raises:
        NotAvailable: no files, and no download.
        DataError: a file that is there already is damaged.
    """
    absent = missing(name, root)
    if not absent:
        yield root
        return
    for file in FILES[name]:
        if file not in absent:
            read_checked(file, root)  # a damaged file is an error; it is not replaced behind its owner's back
    if not download:
        raise NotAvailable("download=False")
    answering = network.answering(SOURCES[name][1])
    if answering is None:
        raise NotAvailable("no server answered")

    scratch, kept = _scratch_folder(root)
    try:
        where = root if kept else "memory only, since that folder cannot be written to"
        print(f"Downloading {TITLES[name]} to {where}", flush=True)
        try:
            _fetch(name, scratch, answering)
            for file in FILES[name]:
                read_checked(file, scratch)
            if kept:
                _move_into_place(absent, scratch, root)
        except (OSError, RuntimeError, EOFError, http.client.HTTPException, DataError) as error:
            raise NotAvailable(f"the download failed ({error})") from error
        yield root if kept else scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _scratch_folder(root: Path) -> tuple[Path, bool]:
    """A fresh folder inside ``root`` and True; elsewhere and False where ``root`` cannot be written to."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(root)
        return Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root)), True
    except OSError:
        pass
    try:
        return Path(tempfile.mkdtemp(prefix=_PREFIX)), False
    except OSError as error:
        raise NotAvailable(f"no folder can be written to ({error})") from error


def _remove_abandoned(root: Path) -> None:
    """Delete what killed downloads left behind; nothing that was written to within the hour."""
    for folder in root.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            newest = max(path.stat().st_mtime for path in (folder, *folder.rglob("*")))
            if time.time() - newest > _ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _fetch(name: str, scratch: Path, answering: str) -> None:
    """Let torchvision download and extract the set into ``scratch``, beginning at the server that answered."""
    import torchvision.datasets

    dataset = getattr(torchvision.datasets, SOURCES[name][0])
    if hasattr(dataset, "mirrors"):
        mirrors = sorted(dataset.mirrors, key=lambda mirror: not answering.startswith(mirror))
        dataset = type(dataset.__name__, (dataset,), {"mirrors": mirrors})  # the folder is named after the class
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_STALL_SECONDS)  # torchvision sets none: a server that falls silent would hang us
    try:
        dataset(scratch, train=False, download=True)
    finally:
        socket.setdefaulttimeout(before)


def _move_into_place(absent: list[DataFile], scratch: Path, root: Path) -> None:
    for file in absent:
        target = root / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            (scratch / file.path).replace(target)
        except PermissionError:
            # Windows renames nothing over a file that another process reads: then it is there already.
            if not target.is_file():
                raise
