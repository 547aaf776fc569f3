"""CIFAR-10 (Krizhevsky 2009): 32 x 32 color photographs of ten kinds of things."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch

from .dataset import Dataset, Split
from .files import FILES, DataFile, read_checked

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_cifar10(root: Path) -> Dataset:
    """Read CIFAR-10 from ``root``, as torchvision extracts it.

    Raises:
        DataError: a file is truncated or altered.
    """
    *train, test = FILES["cifar10"]
    return Dataset(name="cifar10", train=_read(train, root), test=_read([test], root), class_names=CLASS_NAMES)


def _read(files: list[DataFile], root: Path) -> Split:
    images, labels = [], []
    for file in files:
        # A pickle runs code as it is read; this one does so only after its checksum was found right.
        entry = pickle.loads(read_checked(file, root).data, encoding="latin1")
        images.append(torch.from_numpy(entry["data"]).view(-1, 3, 32, 32))
        labels.extend(entry["labels"])
    return Split(torch.cat(images).float().div_(255), torch.tensor(labels))
