"""The images of the experiments: MNIST itself, never the digits that stand in for it."""

from __future__ import annotations

from functools import cache

import torch

from ..data import Dataset, Split, load


@cache
def mnist() -> Dataset:
    """MNIST.

    Raises:
        RuntimeError: it is neither on disk nor to be downloaded.
    """
    data = load("mnist")
    if data.name != "mnist":
        raise RuntimeError(f"the experiments need MNIST; got {data.name}: {data.note}")
    return data


def some_of(split: Split, number: int, seed: int) -> Split:
    """So many images of a split, another choice for each seed, with as many of each class as can be."""
    order = torch.randperm(len(split), generator=torch.Generator().manual_seed(seed))
    if number >= len(split):
        return split
    place = torch.empty(len(split), dtype=torch.int64)  # how many of its class come before an image
    labels = split.labels[order]
    for label in labels.unique():
        of_class = labels == label
        place[of_class] = torch.arange(int(of_class.sum()))
    return split[order[place.argsort(stable=True)[:number]]]
