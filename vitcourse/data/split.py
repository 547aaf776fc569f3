"""Dividing a set that comes in one piece into training and test images."""

from __future__ import annotations

import torch
from jaxtyping import Int64
from torch import Tensor

from .randomness import permutation


def stratified(
    labels: Int64[Tensor, "n"], *, test_share: float, seed: int
) -> tuple[Int64[Tensor, "train"], Int64[Tensor, "test"]]:
    """Indices of training and test images: of each class the same share, in the order in which they came.

    A class of two or more has at least one image on either side; a single one is for training.
    """
    test = []
    for c in labels.unique().tolist():
        members = (labels == c).nonzero()[:, 0]
        count = min(max(1, round(test_share * len(members))), len(members) - 1)
        test.append(members[permutation(len(members), seed, c)[:count]])
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    is_test[torch.cat(test)] = True
    return (~is_test).nonzero()[:, 0], is_test.nonzero()[:, 0]
