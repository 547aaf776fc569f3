"""scikit-learn's handwritten digits, brought to the form of MNIST: the set that is there without any network.

1,797 digits of 43 writers in 8 x 8 cells, each a count of ink from 0 to 16 (Alpaydin and Kaynak 1998, "Optical
Recognition of Handwritten Digits", test part). MNIST has 70,000.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from .dataset import Dataset, Split
from .split import stratified

SEED = 0  # of the division into training and test digits, which must be the same everywhere


def embedded_digits(note: str = "") -> Dataset:
    """The digits at 28 x 28, white on black: 1,438 to train, 359 to test, each class in the same share."""
    ink, labels = _read()
    images = _enlarge(ink)
    train, test = stratified(labels, test_share=0.2, seed=SEED)
    return Dataset(
        name="digits",
        train=Split(images[train], labels[train]),
        test=Split(images[test], labels[test]),
        class_names=tuple("0123456789"),
        note=note,
    )


def _read() -> tuple[Tensor, Tensor]:
    """Ink (1797, 1, 8, 8) in 0..1, and labels (1797,)."""
    import numpy as np

    spec = find_spec("sklearn")
    file = Path(spec.origin).parent / "datasets/data/digits.csv.gz" if spec and spec.origin else Path()
    if file.is_file():  # 0.01 s, where importing sklearn.datasets takes a second or two
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
        ink, labels = table[:, :64], table[:, 64]
    else:
        from sklearn.datasets import load_digits

        ink, labels = load_digits(return_X_y=True)
    return torch.as_tensor(ink).float().view(-1, 1, 8, 8) / 16, torch.as_tensor(labels).long()


def _enlarge(ink: Tensor) -> Tensor:
    """8 x 8 to 28 x 28 with the digit in the middle 20 x 20, as in MNIST, and with MNIST's share of gray.

    Bicubic enlarging alone leaves 21 % of the pixels between 0.1 and 0.9; MNIST has 9 %. The steeper ramp around the
    stroke's edge brings this to 9 % too.
    """
    smooth = F.interpolate(F.pad(ink, (1,) * 4), size=(24, 24), mode="bicubic")  # 10 cells x 2.4 pixels
    return F.pad(((smooth - 0.3) * 2.2).clamp(0, 1), (2,) * 4)
