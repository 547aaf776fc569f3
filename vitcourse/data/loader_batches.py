"""Batches of images that are read when they are needed, for data that do not fit in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from .augment import Augment
from .batches import Batch, EpochPlan, check_augment


@runtime_checkable
class ImageSource(Protocol):
    """A list of images: ``source[3]`` is the image (channels, height, width), float32, and its class."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> tuple[Tensor, int | Tensor]: ...


class LoaderBatches:
    """The same contract as :class:`Batches`, over a ``torch.utils.data.DataLoader``.

    Order and augmentation are equal to those of ``Batches`` with the same seed. Images are read by worker
    processes and augmented, a batch at a time, in this one; nothing is drawn from global random state.

    Args:
        source: images of one size, such as ``folder_images(path).train``.
        batch_size, seed, augment, shuffle, rank, world_size: as for ``Batches``.
        device: where each batch is moved; the CPU unless given.
        workers: processes that read; 0 reads in this one.

    Raises:
        ValueError: an empty source, or an argument out of range.
    """

    def __init__(
        self,
        source: ImageSource,
        *,
        batch_size: int,
        seed: int = 0,
        augment: Augment | None = None,
        device: torch.device | str | None = None,
        shuffle: bool = True,
        workers: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
            raise ValueError(f"workers={workers!r} must be a whole number of at least 0")
        check_augment(augment)
        self.plan = EpochPlan(
            len(source), batch_size=batch_size, seed=seed, shuffle=shuffle, rank=rank, world_size=world_size
        )
        self.source, self.augment, self.workers = source, augment, workers
        self.device = torch.device("cpu" if device is None else device)

    def __len__(self) -> int:
        """Steps per epoch."""
        return len(self.plan)

    @property
    def description(self) -> dict[str, int | bool | str | None]:
        """As that of ``Batches``, whose order and augmentation these batches have too."""
        return self.plan.description(self.augment)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield (images, labels, indices) for the steps ``start``, ``start + 1``, ... of this epoch."""
        return self._steps(epoch, self.plan.indices(epoch, start))

    def _steps(self, epoch: int, steps: tuple[Tensor, ...]) -> Iterator[Batch]:
        # A batch is one item to the loader, so that an empty one needs no special case; a loader without a
        # generator of its own would draw from the global one.
        loader: DataLoader[Batch] = DataLoader(
            _BatchReader(self.source, steps),
            batch_size=None,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator().manual_seed(0),
        )
        for images, labels, indices in loader:
            images, labels, indices = (t.to(self.device, non_blocking=True) for t in (images, labels, indices))
            if self.augment is not None:
                images = self.augment(images, indices, self.plan.seed, epoch)
            yield images, labels, indices


class _BatchReader(Dataset[Batch]):
    """The map-style data set whose items are whole batches."""

    def __init__(self, source: ImageSource, steps: tuple[Tensor, ...]) -> None:
        self.source = source
        self.steps = [indices.tolist() for indices in steps]  # cheaper than tensors to send to a worker

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, step: int) -> Batch:
        indices = self.steps[step]
        # An empty batch still has its images' shape: read one and take none of it.
        read = [self.source[i] for i in indices] or [self.source[0]]
        images = torch.stack([image for image, _ in read])[: len(indices)]
        labels = torch.stack([torch.as_tensor(label) for _, label in read])[: len(indices)]
        return images, labels, torch.tensor(indices, dtype=torch.int64)
