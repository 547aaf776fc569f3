"""Random shifts: what they do to an image, and on what they depend."""

from __future__ import annotations

import torch

from vitcourse.data import random_shift


def shifted(image: torch.Tensor, down: int, right: int) -> torch.Tensor:
    """One image moved, pixel by pixel."""
    out = torch.zeros_like(image)
    _, height, width = image.shape
    for row in range(height):
        for column in range(width):
            if 0 <= row - down < height and 0 <= column - right < width:
                out[:, row, column] = image[:, row - down, column - right]
    return out


def offsets(pixels: int, n: int, seed: int = 0, epoch: int = 0) -> list[tuple[int, int]]:
    """(down, right) of each image, read off a single bright pixel."""
    side = 2 * pixels + 1
    dots = torch.zeros(n, 1, side, side)
    dots[:, :, pixels, pixels] = 1
    moved = random_shift(pixels)(dots, torch.arange(n), seed, epoch)
    return [divmod(place, side) for place in moved.flatten(1).argmax(1).tolist()]


def test_each_image_is_moved_as_a_whole_and_uncovered_pixels_are_black():
    images = torch.rand(50, 3, 6, 8) + 0.1
    moved = random_shift(2)(images, torch.arange(50), 5, 1)
    for image, result, (row, column) in zip(images, moved, offsets(2, 50, 5, 1), strict=True):
        assert torch.equal(result, shifted(image, row - 2, column - 2))


def test_all_shifts_are_equally_likely():
    found = offsets(1, 9_000)
    counts = [found.count((row, column)) for row in range(3) for column in range(3)]
    assert sum(counts) == 9_000
    assert all(abs(count - 1_000) < 130 for count in counts)  # 4.4 standard deviations


def test_an_image_is_shifted_alike_in_any_batch():
    images, indices, shift = torch.rand(40, 1, 9, 9), torch.randperm(1_000)[:40], random_shift(2)
    together = shift(images, indices, 3, 4)
    order = torch.randperm(40)
    assert torch.equal(shift(images[order], indices[order], 3, 4), together[order])
    alone = torch.cat([shift(images[i : i + 1], indices[i : i + 1], 3, 4) for i in range(40)])
    assert torch.equal(alone, together)


def test_seed_epoch_and_index_each_matter():
    base = offsets(2, 100)
    assert offsets(2, 100, seed=1) != base
    assert offsets(2, 100, epoch=1) != base
    assert len(set(base)) > 20


def test_no_shift_and_no_images():
    images = torch.rand(4, 1, 5, 5)
    assert torch.equal(random_shift(0)(images, torch.arange(4), 0, 0), images)
    assert random_shift(2)(images[:0], torch.arange(0), 0, 0).shape == (0, 1, 5, 5)
