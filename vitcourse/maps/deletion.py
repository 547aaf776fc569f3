"""Hiding patches until the prediction flips: a test of what a map of patches says (lesson 06).

A patch is hidden by setting its pixels to 0, which for a digit means blank. ``scores`` order the patches of each
image: the patch of the highest score is hidden first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..errors import Size
from ..patches import patchify, unpatchify

Images = Float[Tensor, "batch channels height width"]
Scores = Float[Tensor, "batch patches"]
Hidden = Bool[Tensor, "batch patches"]

AT_ONCE = 512  # images in one pass: enough to be fast, and small in memory
STEPS = 8  # numbers of hidden patches tried in one pass, before it is known where the prediction flips


def hide_patches(images: Images, hidden: Hidden, patch_size: Size) -> Images:
    """The images with the pixels of some patches set to 0; the images given stay as they are.

    Args:
        images: (batch, channels, height, width).
        hidden: (batch, patches), True for a patch that is hidden; patches row by row.

    Raises:
        ValueError: ``hidden`` has not one entry for each patch of each image.
    """
    patches = patchify(images, patch_size)
    _require_patches("hidden", hidden, patches)
    height, width = images.shape[-2:]
    kept = patches.masked_fill(hidden[:, :, None], 0)
    return unpatchify(kept, patch_size, (height, width))


def strongest(scores: Scores, count: int) -> Hidden:
    """Which ``count`` patches of each image have the highest scores; of equal ones, the first.

    Raises:
        ValueError: ``count`` is below 0 or above the number of patches.
    """
    if not 0 <= count <= scores.shape[1]:
        raise ValueError(f"count={count} is not from 0 to {scores.shape[1]}, the number of patches")
    return _ranks(scores) < count


def deletion_curves(
    model: nn.Module, images: Images, scores: Scores, counts: Sequence[int], patch_size: Size
) -> Float[Tensor, "batch counts"]:
    """Probability of the first answer when the ``k`` patches of the highest scores are hidden, for each k.

    The first answer is the class that the model predicts for the whole image.

    Args:
        scores: (batch, patches), as ``strongest`` takes them.
        counts: how many are hidden, each from 0 to the number of patches.

    Raises:
        ValueError: ``scores`` has not one entry for each patch of each image; no count, or one out of range.
    """
    _require_patches("scores", scores, patchify(images, patch_size))
    if not len(counts):
        raise ValueError("counts=[] is empty: give at least one number of hidden patches")
    first = _answers(model, images).repeat(len(counts))[:, None]
    hidden = torch.cat([strongest(scores, k) for k in counts])
    damaged = hide_patches(images.repeat(len(counts), 1, 1, 1), hidden, patch_size)
    with torch.no_grad():
        left = _logits(model, damaged).softmax(dim=-1).gather(1, first)
    return left.unflatten(0, (len(counts), len(images))).squeeze(2).T


class Flips(NamedTuple):
    """When the predicted class of each image changes for the first time; one more entry for each image.

    Attributes:
        counts: (batch,) patches hidden by then; one more than there are patches where it never changes.
        hidden: (batch, patches), which ones; all of them where it never changes.
        answers: (batch,) the class predicted then.
    """

    counts: Int[Tensor, "batch"]
    hidden: Hidden
    answers: Int[Tensor, "batch"]


def patches_to_flip(model: nn.Module, images: Images, scores: Scores, patch_size: Size) -> Flips:
    """Hide the patches of each image one after the other, strongest first, until the predicted class changes.

    Args:
        model: in evaluation mode, from images to logits (batch, classes).
        scores: (batch, patches), as ``strongest`` takes them.

    Raises:
        ValueError: ``scores`` has not one entry for each patch of each image.
    """
    _require_patches("scores", scores, patchify(images, patch_size))
    first, ranks = _answers(model, images), _ranks(scores)
    patches = scores.shape[1]
    counts, answers = torch.full_like(first, patches + 1), first.clone()
    waiting = torch.arange(len(images), device=images.device)
    for start in range(1, patches + 1, STEPS):
        steps = torch.arange(start, min(start + STEPS, patches + 1), device=images.device)
        hidden = ranks[waiting][:, None] < steps[:, None]  # (waiting, steps, patches)
        damaged = hide_patches(images[waiting].repeat_interleave(len(steps), 0), hidden.flatten(0, 1), patch_size)
        now = _answers(model, damaged).unflatten(0, (len(waiting), len(steps)))
        changed = now != first[waiting, None]
        flipped, at = changed.any(dim=1), changed.int().argmax(dim=1)  # argmax gives the first of equal ones
        done = waiting[flipped]
        counts[done], answers[done] = steps[at[flipped]], now[flipped, at[flipped]]
        waiting = waiting[~flipped]
        if not len(waiting):
            break
    return Flips(counts, ranks < counts[:, None], answers)


def search_to_flip(model: nn.Module, images: Images, patch_size: Size) -> Flips:
    """The same for an order that asks the model before each step: hide the patch that lowers the first answer most.

    A greedy search: it tries every patch that is left. What it finds is few, not always the fewest.
    """
    patches = patchify(images[:1], patch_size).shape[1]
    first = _answers(model, images)
    counts, answers = torch.full_like(first, patches + 1), first.clone()
    hidden = torch.zeros(len(images), patches, dtype=torch.bool, device=images.device)
    for i in range(len(images)):
        for count in range(1, patches + 1):
            left = (~hidden[i]).nonzero().squeeze(1)
            tried = hidden[i].repeat(len(left), 1)
            tried[torch.arange(len(left)), left] = True
            with torch.no_grad():
                logits = _logits(model, hide_patches(images[i].expand(len(left), -1, -1, -1), tried, patch_size))
            best = int(logits.softmax(dim=-1)[:, first[i]].argmin())
            hidden[i] = tried[best]
            if (answer := logits[best].argmax()) != first[i]:
                counts[i], answers[i] = count, answer
                break
    return Flips(counts, hidden, answers)


def random_scores(batch: int, patches: int, seed: int = 0) -> Scores:
    """Scores that know nothing: (batch, patches), another random order of the patches in each row."""
    return torch.rand(batch, patches, generator=torch.Generator().manual_seed(seed))


def _ranks(scores: Tensor) -> Tensor:
    """0 for the highest score of each row, 1 for the next one."""
    return scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)


def _answers(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return _logits(model, images).argmax(dim=-1)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([model(part) for part in images.split(AT_ONCE)])


def _require_patches(name: str, value: Tensor, patches: Tensor) -> None:
    if value.shape != patches.shape[:2]:
        images, count = patches.shape[:2]
        raise ValueError(
            f"{name} is {tuple(value.shape)}; {images} images of {count} patches need ({images}, {count}): one entry "
            "for each patch"
        )
