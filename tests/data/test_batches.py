"""The contract that training relies on: content depends on (seed, epoch, step) alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vitcourse.data import Batches, LoaderBatches, Split, random_shift
from vitcourse.data.randomness import permutation, random_bits, random_integers

BOTH = pytest.mark.parametrize("kind", [Batches, LoaderBatches])


def split(n: int = 33) -> Split:
    generator = torch.Generator().manual_seed(0)
    return Split(torch.rand(n, 2, 9, 7, generator=generator), torch.arange(n) % 5)


def collect(batches, epoch: int = 0, start: int = 0) -> list[list[torch.Tensor]]:
    return [list(batch) for batch in batches.epoch(epoch, start=start)]


def assert_same(a, b) -> None:
    assert len(a) == len(b)
    for one, other in zip(a, b, strict=True):
        for x, y in zip(one, other, strict=True):
            assert x.dtype == y.dtype
            assert torch.equal(x, y)


@BOTH
def test_every_image_once_with_its_own_label(kind):
    data = split()
    batches = kind(data, batch_size=8, seed=1)
    steps = collect(batches)
    assert len(batches) == len(steps) == 5
    assert [len(indices) for _, _, indices in steps] == [8, 8, 8, 8, 1]
    assert sorted(torch.cat([s[2] for s in steps]).tolist()) == list(range(33))
    for images, labels, indices in steps:
        assert torch.equal(images, data.images[indices])
        assert torch.equal(labels, data.labels[indices])


@BOTH
def test_the_order_is_that_of_seed_and_epoch(kind):
    def order(seed, epoch):
        return torch.cat([s[2] for s in kind(split(), batch_size=8, seed=seed).epoch(epoch)]).tolist()

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@BOTH
def test_in_the_splits_order_where_not_shuffled(kind):
    steps = collect(kind(split(), batch_size=10, shuffle=False), epoch=3)
    assert torch.cat([s[2] for s in steps]).tolist() == list(range(33))


@BOTH
@pytest.mark.parametrize("start", [0, 1, 3, 4, 5])
def test_an_epoch_from_its_middle_on(kind, start):
    batches = kind(split(), batch_size=8, augment=random_shift(2))
    assert_same(collect(batches, epoch=2, start=start), collect(batches, epoch=2)[start:])


@BOTH
def test_global_random_state_is_neither_read_nor_changed(kind):
    def run():
        return collect(kind(split(), batch_size=8, augment=random_shift(2)), epoch=1)

    # (Not Python's own generator: the checker of annotations draws from it.)
    torch.manual_seed(0), np.random.seed(0)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = run()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
    torch.manual_seed(1)
    assert_same(first, run())


@BOTH
@pytest.mark.parametrize("world_size", [2, 3, 5])
def test_the_ranks_together_are_one_process(kind, world_size):
    def batches(**which):
        return kind(split(), batch_size=8, seed=4, augment=random_shift(2), **which)

    whole = collect(batches(), epoch=1)
    ranks = [collect(batches(rank=r, world_size=world_size), epoch=1) for r in range(world_size)]
    assert {len(steps) for steps in ranks} == {len(whole)}
    for step, together in enumerate(whole):
        for rank, steps in enumerate(ranks):
            assert_same([steps[step]], [[t[rank::world_size] for t in together]])
    # 33 = 4 x 8 + 1: the last batch leaves nothing for the other ranks, which must still take the step.
    assert [tuple(steps[-1][0].shape) for steps in ranks] == [(1, 2, 9, 7)] + [(0, 2, 9, 7)] * (world_size - 1)


def test_rank_and_world_are_those_of_torch_distributed(monkeypatch):
    monkeypatch.setattr("vitcourse.training.distributed.rank_and_world", lambda: (1, 2))
    there = collect(Batches(split(), batch_size=8))
    assert_same(there, collect(Batches(split(), batch_size=8, rank=1, world_size=2)))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_gives_what_tensors_give(workers):
    options = dict(batch_size=8, seed=7, augment=random_shift(1))
    loader = LoaderBatches(split(), workers=workers, **options)
    assert_same(collect(loader, epoch=2, start=1), collect(Batches(split(), **options), epoch=2, start=1))


def test_order_and_shifts_stay_the_same_in_later_versions():
    """A run resumed with a newer torch, or a newer course, must go on as it began."""
    assert permutation(10, 0, 0).tolist() == [4, 1, 2, 6, 3, 7, 9, 0, 8, 5]
    assert random_integers(torch.arange(10), 25, 3, 1).tolist() == [0, 14, 3, 23, 13, 13, 5, 19, 9, 7]


def test_random_bits_are_splitmix64s():
    mask, step = (1 << 64) - 1, 0x9E3779B97F4A7C15

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def expected(index, *keys):
        key = 0
        for number in keys:
            key = mix(((key + step) & mask) ^ mix(number & mask))
        return mix(mix((index * step + key) & mask) ^ key)

    assert mix(step) == 0xE220A8397B1DCDAF  # the first number of SplitMix64 from seed 0, as published
    bits = random_bits(torch.arange(200), 3, -5, 7).tolist()
    assert [b & mask for b in bits] == [expected(i, 3, -5, 7) for i in range(200)]


def test_permutations_are_uniform():
    first = torch.stack([permutation(7, 0, epoch) for epoch in range(3_500)])
    for place in range(7):
        counts = first[:, place].bincount(minlength=7)
        assert (counts - 500).abs().max() < 92  # 4.4 standard deviations of a binomial count


def test_images_are_moved_to_the_device_once():
    batches = Batches(split(), batch_size=8, device="meta")
    assert {batches.split.images.device.type, batches.split.labels.device.type} == {"meta"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@BOTH
def test_a_gpu_gives_the_same_bits(kind):
    options = dict(batch_size=8, augment=random_shift(2))
    there = collect(kind(split(), device="cuda", **options), epoch=1)
    assert_same([[t.cpu() for t in step] for step in there], collect(kind(split(), **options), epoch=1))
