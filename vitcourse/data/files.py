"""Where the data lie, which files belong to each set, and whether a file is whole.

torchvision checks what it downloads but not what it finds: a truncated MNIST file is read without a word, an altered
one too. Here every file is checked each time it is read. The MD5 of MNIST's largest file (47 MB) takes 0.08 s. Of
Fashion-MNIST only the archives have published checksums, which torchvision compares when it downloads; of the files on
disk, sizes and headers are checked, and an altered one of the right size is not found.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}


class DataError(ValueError):
    """A data file or folder is not what it should be; the message names it and says how to mend it."""


@dataclass(frozen=True)
class DataFile:
    """One file of a data set.

    Attributes:
        path: below the data directory, in torchvision's layout.
        size: in bytes, where known.
        md5: checksum of the extracted file, where known.
        head: its first bytes, where known.
    """

    path: str
    size: int | None = None
    md5: str | None = None
    head: bytes = b""


@dataclass(frozen=True)
class FileState:
    """What :func:`examine` found: state is "ok", "missing" or "damaged", problem says more."""

    path: Path
    state: str
    problem: str = ""


def _idx_files(folder: str, *md5: str) -> tuple[DataFile, ...]:
    """The four files of an MNIST-like set; a head is a magic number and the lengths of the axes."""
    files: list[DataFile] = []
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        for kind, magic, axes in (("images-idx3", 2051, (28, 28)), ("labels-idx1", 2049, ())):
            head = struct.pack(f">{2 + len(axes)}I", magic, count, *axes)
            size = len(head) + count * math.prod(axes)
            checksum = md5[len(files)] if md5 else None
            files.append(DataFile(f"{folder}/raw/{part}-{kind}-ubyte", size, checksum, head))
    return tuple(files)


FILES: dict[str, tuple[DataFile, ...]] = {
    "mnist": _idx_files(
        "MNIST",
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
    "fashion_mnist": _idx_files("FashionMNIST"),
    "cifar10": tuple(
        DataFile(f"cifar-10-batches-py/{name}", md5=md5)
        for name, md5 in (
            ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
            ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
            ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
            ("data_batch_4", "634d18415352ddfa80567beed471001a"),
            ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
            ("test_batch", "40351d587109b95175f43aff81a1287e"),
        )
    ),
}


def data_directory() -> Path:
    """The folder named by the environment variable VITCOURSE_DATA, else the platform's cache directory."""
    if chosen := os.environ.get("VITCOURSE_DATA"):
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("vitcourse"))


def missing(name: str, root: Path) -> list[DataFile]:
    """The files of the set that are not in ``root``."""
    return [file for file in FILES[name] if not (root / file.path).is_file()]


def read_checked(file: DataFile, root: Path) -> np.ndarray:
    """The bytes of a file, once its size, its head and its checksum are found right.

    Raises:
        DataError: truncated, altered or unreadable; names the file, says how to mend it. Nothing is deleted.
    """
    import numpy as np

    path = root / file.path

    def damaged(problem: str) -> DataError:
        return DataError(
            f"{path} {problem}. Nothing was deleted. To mend it, delete or move away this file and load the set again, "
            "which downloads it afresh, or put an intact copy in its place."
        )

    try:
        size = path.stat().st_size
        if file.size is not None and size != file.size:
            kind = "is truncated" if size < file.size else "is altered"
            raise damaged(f"{kind}: it has {size:,} bytes, expected {file.size:,}")
        content = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise damaged(f"cannot be read: {error.strerror or error}") from error
    if content[: len(file.head)].tobytes() != file.head:
        raise damaged("is altered: it does not begin with the header of this data set")
    if file.md5 is not None:
        found = hashlib.md5(content.data, usedforsecurity=False).hexdigest()
        if found != file.md5:
            raise damaged(f"is truncated or altered: its MD5 is {found}, expected {file.md5}")
    return content


def compared(name: str) -> str:
    """What is known of a set's files, with which each is compared: "checksums", or "sizes and headers" only."""
    return "checksums" if all(file.md5 for file in FILES[name]) else "sizes and headers"


def examine(name: str, root: Path | None = None) -> list[FileState]:
    """The state of each file of "mnist", "fashion_mnist" or "cifar10": read, and compared with what is known of it.

    That is a checksum, but of Fashion-MNIST's files size and header only: see :func:`compared`.
    """
    root = data_directory() if root is None else root
    states = []
    for file in FILES[name]:
        path = root / file.path
        if not path.is_file():
            states.append(FileState(path, "missing"))
            continue
        try:
            read_checked(file, root)
            states.append(FileState(path, "ok"))
        except DataError as error:
            states.append(FileState(path, "damaged", str(error)))
    return states
