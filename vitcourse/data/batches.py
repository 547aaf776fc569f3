"""Batches whose content depends on (seed, epoch, step) and on nothing else.

Not on global random state, not on the process, not on where a run was resumed: from this follow equal runs,
bit-identical resume, and the equality of one and of many processes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from ..errors import require_positive
from .augment import Augment
from .dataset import Split
from .randomness import permutation

Batch = tuple[Tensor, Tensor, Tensor]
"""images (batch, channels, height, width), labels (batch, ...), indices (batch,): places in the split."""


@runtime_checkable
class BatchSource(Protocol):
    """What ``vitcourse.training.fit`` trains from: :class:`Batches`, :class:`LoaderBatches`, or one's own.

    Where it has a ``description``, a dict of what decides on the batches, a checkpoint keeps and compares that.
    """

    def __len__(self) -> int:
        """Steps per epoch, equal in every process."""
        ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from step ``start`` on, exactly as the whole epoch would give them.

        Each process yields its own part of every batch, which may hold no images at all.
        """
        ...


class EpochPlan:
    """Which indices stand in which step, and which of them are this process's."""

    def __init__(
        self,
        count: int,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        require_positive(batch_size=batch_size)
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValueError(f"seed={seed!r} must be a whole number")
        if count < 1:
            raise ValueError("the split is empty; expected at least one image to make batches of")
        if (rank is None) != (world_size is None):
            raise ValueError(f"rank={rank} and world_size={world_size} must be given together, or neither")
        if rank is not None and world_size is not None:
            require_positive(world_size=world_size)
            if rank not in range(world_size):
                raise ValueError(f"rank={rank} must be in 0 .. {world_size - 1}, since world_size={world_size}")
        self.count, self.batch_size, self.seed, self.shuffle = count, batch_size, seed, shuffle
        self.rank, self.world_size = rank, world_size

    def __len__(self) -> int:
        return math.ceil(self.count / self.batch_size)

    def indices(self, epoch: int, start: int = 0) -> tuple[Tensor, ...]:
        """For each step from ``start`` on, the indices that fall to this process (perhaps none)."""
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ValueError(f"epoch={epoch!r} must be a whole number of at least 0")
        if isinstance(start, bool) or not isinstance(start, int) or not 0 <= start <= len(self):
            raise ValueError(f"start={start!r} must be a whole number in 0 .. {len(self)}, the steps of an epoch")
        rank, world_size = self.share()
        order = permutation(self.count, self.seed, epoch) if self.shuffle else torch.arange(self.count)
        return tuple(batch[rank::world_size] for batch in order.split(self.batch_size)[start:])

    def description(self, augment: Augment | None) -> dict[str, int | bool | str | None]:
        """What decides on the batches of a run, under however many processes; an augmentation by its name."""
        name = None if augment is None else getattr(augment, "__name__", type(augment).__name__)
        return dict(images=self.count, batch_size=self.batch_size, seed=self.seed, shuffle=self.shuffle, augment=name)

    def share(self) -> tuple[int, int]:
        """(rank, number of processes): as given, else those of torch.distributed, else (0, 1)."""
        if self.rank is not None and self.world_size is not None:
            return self.rank, self.world_size
        from ..training.distributed import rank_and_world

        return rank_and_world()


class Batches:
    """Batches from tensors in memory; the last one of an epoch may be smaller.

    Args:
        split: images and labels, n of them.
        batch_size: images a step, over all processes together.
        seed: of the order and of the augmentation.
        augment: ``augment(images, indices, seed, epoch) -> images``, such as ``random_shift(2)``.
        device: where images and labels are moved once, before the first step; where they are unless given.
        shuffle: a new order in each epoch; otherwise that of the split.
        rank, world_size: this process among how many; those of ``torch.distributed`` unless given. Process r
            takes positions r, r + world_size, ... of each batch, in a small last batch perhaps none.

    Raises:
        ValueError: an empty split, or an argument out of range.
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        seed: int = 0,
        augment: Augment | None = None,
        device: torch.device | str | None = None,
        shuffle: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        if not isinstance(split, Split):
            raise ValueError(
                f"split is a {type(split).__name__}; expected a Split, such as load('mnist').train or "
                "Split(images, labels)"
            )
        check_augment(augment)
        self.plan = EpochPlan(
            len(split), batch_size=batch_size, seed=seed, shuffle=shuffle, rank=rank, world_size=world_size
        )
        self.split = split.to(device)
        self.augment = augment

    def __len__(self) -> int:
        """Steps per epoch."""
        return len(self.plan)

    @property
    def description(self) -> dict[str, int | bool | str | None]:
        """Number of images, batch size, seed, order and augmentation: a run's checkpoint keeps and compares them."""
        return self.plan.description(self.augment)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield (images, labels, indices) for the steps ``start``, ``start + 1``, ... of this epoch.

        Raises:
            ValueError: a negative epoch, or a start beyond the epoch's end.
        """
        return self._steps(epoch, self.plan.indices(epoch, start))

    def _steps(self, epoch: int, steps: tuple[Tensor, ...]) -> Iterator[Batch]:
        images, labels = self.split.images, self.split.labels
        for indices in steps:
            indices = indices.to(images.device)
            batch = images.index_select(0, indices)
            if self.augment is not None:
                batch = self.augment(batch, indices, self.plan.seed, epoch)
            yield batch, labels.index_select(0, indices), indices


def check_augment(augment: object) -> None:
    if augment is not None and not callable(augment):
        raise ValueError(f"augment={augment!r} must be a function of (images, indices, seed, epoch), or None")
