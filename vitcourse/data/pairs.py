"""Spot the pair: boards of 3 x 3 small digits of which exactly two are of the same class.

For each tile the task is to say whether it is one of the two. No tile can be judged without looking at the others, so
what attention should look at is known: a twin's truth is its twin.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from ..errors import require_positive
from .dataset import Dataset, Split
from .randomness import random_bits, random_integers

SIDE = 3  # tiles along a board's side
TILES = SIDE * SIDE
_TRAIN, _TEST = 1, 2  # each split draws its own numbers
_CLASSES, _PLACES, _FIRST, _SECOND = 1, 2, 3, 4


def pair_targets(labels: Int64[Tensor, "n tiles"]) -> Float32[Tensor, "n tiles"]:
    """1 for each tile whose class stands on another tile of its board too, else 0."""
    return _same_class(labels).any(dim=-1).float()


def twin_of(labels: Int64[Tensor, "n tiles"]) -> Int64[Tensor, "n tiles"]:
    """For each tile the place of its twin on the board, counted row by row from 0; -1 where it has none."""
    same = _same_class(labels)
    return torch.where(same.any(dim=-1), same.int().argmax(dim=-1), -1)


def _same_class(labels: Int64[Tensor, "n tiles"]) -> Bool[Tensor, "n tiles tiles"]:
    if labels.ndim != 2:
        raise ValueError(f"labels has shape {tuple(labels.shape)}; expected (n, tiles): the class on each tile")
    itself = torch.eye(labels.shape[1], dtype=torch.bool, device=labels.device)
    return (labels[:, :, None] == labels[:, None, :]) & ~itself


def make_pairs(digits: Dataset, *, train_boards: int = 20_000, test_boards: int = 2_000, seed: int = 0) -> Dataset:
    """Lay out boards: training boards of training digits, test boards of test digits.

    Args:
        digits: images of even sides with at least eight classes, two or more images of each.

    Returns:
        images (n, channels, 3 h / 2, 3 w / 2): tiles are the digits averaged over 2 x 2 pixels. labels (n, 9).
    """
    require_positive(train_boards=train_boards, test_boards=test_boards)
    return Dataset(
        name="pairs" if not digits.note else f"pairs of {digits.name}",
        train=_boards(digits.train, train_boards, seed, _TRAIN),
        test=_boards(digits.test, test_boards, seed, _TEST),
        class_names=digits.class_names,
        note=digits.note,
    )


def _boards(digits: Split, count: int, seed: int, part: int) -> Split:
    by_class = digits.labels.argsort(stable=True)
    counts = digits.labels.bincount()
    if len(counts) < TILES - 1 or counts.min() < 2:
        raise ValueError(
            f"digits has {counts.tolist()} images per class; expected {TILES - 1} classes or more, two images of each"
        )
    firsts = counts.cumsum(0) - counts  # where each class begins in by_class

    # Row by row a random order of the classes: the first is the pair's, the next seven stand alone.
    classes = _shuffled_rows(count, len(counts), seed, part, _CLASSES)[:, : TILES - 1]
    classes = torch.cat([classes[:, :1], classes], dim=1)
    board = torch.arange(count * TILES)
    pick = random_integers(board, 1 << 31, seed, part, _FIRST).view(count, TILES) % counts[classes]
    # The second twin is any other digit of its class than the first.
    others = counts[classes[:, 0]] - 1
    step = 1 + random_integers(torch.arange(count), 1 << 31, seed, part, _SECOND) % others
    pick[:, 1] = (pick[:, 0] + step) % counts[classes[:, 0]]

    places = _shuffled_rows(count, TILES, seed, part, _PLACES)
    chosen = by_class[firsts[classes] + pick].gather(1, places)
    return Split(_lay_out(digits.images, chosen), classes.gather(1, places))


def _shuffled_rows(count: int, length: int, *keys: int) -> Int64[Tensor, "count length"]:
    return random_bits(torch.arange(count * length), *keys).view(count, length).argsort(dim=1)


def _lay_out(images: Float32[Tensor, "n c h w"], chosen: Int64[Tensor, "boards tiles"]) -> Tensor:
    """Boards (boards, c, 3 h / 2, 3 w / 2), filled tile by tile so that no second copy of them is made."""
    small = F.avg_pool2d(images, 2)
    height, width = small.shape[2:]
    boards = small.new_empty(len(chosen), small.shape[1], SIDE * height, SIDE * width)
    for tile in range(TILES):
        row, column = divmod(tile, SIDE)
        place = boards[:, :, row * height : (row + 1) * height, column * width : (column + 1) * width]
        place.copy_(small[chosen[:, tile]])
    return boards
