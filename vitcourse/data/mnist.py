"""MNIST (LeCun, Bottou, Bengio and Haffner 1998) and Fashion-MNIST (Xiao, Rasul and Vollgraf 2017).

torchvision downloads them (:mod:`.download`). Its files are read here, since importing torchvision takes longer than
all the rest of ``load``; a test compares the result with torchvision's.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from .dataset import Dataset, Split
from .files import FILES, DataError, DataFile, read_checked

CLASS_NAMES = {
    "mnist": tuple("0123456789"),
    "fashion_mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
}  # fmt: skip


def read_idx(name: str, root: Path) -> Dataset:
    """Read "mnist" or "fashion_mnist" from ``root``.

    Raises:
        DataError: a file is truncated or altered.
    """
    train_images, train_labels, test_images, test_labels = FILES[name]
    return Dataset(
        name=name,
        train=_read_split(train_images, train_labels, root),
        test=_read_split(test_images, test_labels, root),
        class_names=CLASS_NAMES[name],
    )


def _read_split(images: DataFile, labels: DataFile, root: Path) -> Split:
    classes = _content(labels, root).long()
    if classes.max() > 9:
        raise DataError(f"{root / labels.path} is altered: it holds the label {int(classes.max())}, expected 0 to 9")
    # div_ in place: the only copy beside the file's bytes is the float32 result.
    return Split(_content(images, root).view(-1, 1, 28, 28).float().div_(255), classes)


def _content(file: DataFile, root: Path) -> Tensor:
    return torch.from_numpy(read_checked(file, root)[len(file.head) :])
