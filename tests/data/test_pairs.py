"""Boards on which exactly two digits are of one class."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from vitcourse.data import load, make_pairs, pair_targets, twin_of


def boards(**options):
    digits = load("digits")
    return digits, make_pairs(digits, **{"train_boards": 3_000, "test_boards": 500, **options})


def tiles(images: torch.Tensor) -> torch.Tensor:
    """(n, 1, 42, 42) to (n, 9, 196), row by row."""
    return F.unfold(images, 14, stride=14).transpose(1, 2)


def test_exactly_two_of_one_class_and_seven_others():
    _, pairs = boards()
    assert pairs.train.images.shape == (3_000, 1, 42, 42)
    assert pairs.test.labels.shape == (500, 9)
    for labels in (pairs.train.labels, pairs.test.labels):
        counts = F.one_hot(labels, 10).sum(1)
        assert (counts.sort(dim=1, descending=True).values == torch.tensor([2] + [1] * 7 + [0] * 2)).all()


def test_tiles_are_the_digits_of_their_own_split():
    digits, pairs = boards()
    for boards_, split in ((pairs.train, digits.train), (pairs.test, digits.test)):
        small = F.avg_pool2d(split.images, 2).flatten(1)
        shown = tiles(boards_.images[:300]).flatten(0, 1)
        distance, nearest = torch.cdist(shown, small).min(dim=1)
        assert distance.max() < 1e-2
        assert torch.equal(split.labels[nearest], boards_.labels[:300].flatten())


def test_twins_are_two_different_digits():
    _, pairs = boards()
    twins = twin_of(pairs.train.labels)
    first = (twins >= 0).int().argmax(1)
    second = twins.gather(1, first[:, None])[:, 0]
    shown, n = tiles(pairs.train.images), torch.arange(3_000)
    assert ((shown[n, first] - shown[n, second]).abs().amax(1) > 0.05).all()


def test_classes_and_places_are_even():
    _, pairs = boards()
    targets = pair_targets(pairs.train.labels)
    pair_class = pairs.train.labels[targets.bool()].view(-1, 2)[:, 0]
    assert (pair_class.bincount(minlength=10) - 300).abs().max() < 75  # 4.5 standard deviations
    assert (targets.sum(0) - 3_000 * 2 / 9).abs().max() < 103


def test_targets_and_twins():
    labels = torch.tensor([[8, 3, 2, 7, 5, 8, 9, 1, 6], [0, 1, 2, 3, 4, 5, 6, 7, 7]])
    assert pair_targets(labels).tolist() == [[1, 0, 0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1, 1]]
    assert pair_targets(labels).dtype == torch.float32
    assert twin_of(labels).tolist() == [[5, -1, -1, -1, -1, 0, -1, -1, -1], [-1] * 7 + [8, 7]]


def test_the_seed_decides():
    _, one = boards()
    _, again = boards()
    _, other = boards(seed=1)
    assert torch.equal(one.train.images, again.train.images)
    assert torch.equal(one.train.labels, again.train.labels)
    assert not torch.equal(one.train.labels, other.train.labels)
    assert not torch.equal(one.train.labels[:500], one.test.labels)


def test_more_boards_begin_with_the_same_ones():
    _, few = boards()
    _, more = boards(train_boards=3_100)
    assert torch.equal(more.train.labels[:3_000], few.train.labels)
    assert torch.equal(more.train.images[:3_000], few.train.images)
