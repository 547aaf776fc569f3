"""What a duel asks the model: its answers while patches are hidden, and what every other order needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vitcourse.maps.deletion import Flips, hide_patches, patches_to_flip, random_scores, search_to_flip

CHANCES = 20  # random orders, whose mean is shown
CHANCE, SEARCH = "chance", "search"


class Rival(NamedTuple):
    """What one order needed for one image.

    Attributes:
        needed: patches hidden when the prediction flipped; a mean for chance; None for a learner who gave up.
        hidden: for each patch how much it was hidden, 0 or 1; for chance the share of its orders.
        answer: the class predicted then; None for chance.
    """

    name: str
    needed: float | None
    hidden: list[float]
    answer: int | None


class Game:
    """Images, the model that answers, and the scores that order the patches of each.

    Raises:
        ValueError: images outside 0..1 or not (N, C, H, W); a model without a grid of patches or without classes; no
            scores, scores that do not fit, a name that is taken.
    """

    def __init__(self, model: nn.Module, images: Tensor, scores: Mapping[str, Tensor]) -> None:
        self.model, self.images = model, _checked_images(images)
        self.grid = rows, cols = _grid_of(model)
        height, width = images.shape[-2:]
        if height % rows or width % cols:
            raise ValueError(f"images={height} x {width} pixels cannot be cut into the model's {rows} x {cols} patches")
        self.patches, self.patch_size = rows * cols, (height // rows, width // cols)
        self.scores = _checked_scores(scores, (len(images), self.patches))
        logits = self._logits(images)
        if logits.ndim != 2 or logits.shape[1] < 2:
            raise ValueError(
                f"model gives {tuple(logits.shape)}; a duel needs logits (images, classes), two classes or more"
            )
        self.classes = logits.shape[1]
        self.first: list[int] = logits.argmax(dim=-1).tolist()
        self.blank = int(self._logits(torch.zeros_like(images[:1])).argmax())
        self.playable = [answer != self.blank for answer in self.first]  # hiding need not change any other
        if not any(self.playable):
            raise ValueError(f"images: the model answers {self.blank} to each, and to a blank one too; give others")
        self._rivals: dict[int, list[Rival]] = {}

    def path(self, image: int, hidden: Sequence[int]) -> Tensor:
        """Probabilities with none, one, two ... of these patches hidden: (len(hidden) + 1, classes)."""
        steps = torch.zeros(len(hidden) + 1, self.patches, dtype=torch.bool)
        for step, patch in enumerate(hidden, start=1):
            steps[step:, patch] = True
        images = self.images[image].expand(len(steps), -1, -1, -1)
        return self._logits(hide_patches(images, steps, self.patch_size)).softmax(dim=-1)

    def rivals(self, image: int) -> list[Rival]:
        """What each order needs for this image; chance and the search stand last. Computed once."""
        if image not in self._rivals:
            one = self.images[image : image + 1]
            flips = {
                name: patches_to_flip(self.model, one, score[image : image + 1], self.patch_size)
                for name, score in self.scores.items()
            }
            flips[CHANCE] = patches_to_flip(
                self.model,
                one.expand(CHANCES, -1, -1, -1),
                random_scores(CHANCES, self.patches, seed=image),
                self.patch_size,
            )
            flips[SEARCH] = search_to_flip(self.model, one, self.patch_size)
            self._rivals[image] = [_rival(name, flip) for name, flip in flips.items()]
        return self._rivals[image]

    def score(self, needed: Mapping[int, int | None]) -> dict[str, Any]:
        """Over the images that a learner flipped: how many, and the mean of the learner and of each order.

        Args:
            needed: image -> patches that the learner hid; None for one that was given up.
        """
        flipped = {image: count for image, count in needed.items() if count is not None}
        if not flipped:
            return {"played": 0, "means": []}
        rows = [[count, *(rival.needed or 0 for rival in self.rivals(image))] for image, count in flipped.items()]
        means = torch.tensor(rows, dtype=torch.float).mean(dim=0)
        return {"played": len(flipped), "means": [round(mean, 1) for mean in means.tolist()]}

    def _logits(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            return self.model(images)


def _rival(name: str, flips: Flips) -> Rival:
    counts = flips.counts.float()
    answer = int(flips.answers[0]) if len(counts) == 1 else None
    shares = flips.hidden.float().mean(dim=0)
    return Rival(name, round(counts.mean().item(), 1), [round(share, 2) for share in shares.tolist()], answer)


def _checked_images(images: Any) -> Tensor:
    if not isinstance(images, Tensor) or images.ndim != 4 or not len(images) or images.shape[1] not in (1, 3):
        shape = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise ValueError(f"images={shape} must be a tensor (images, channels, height, width) of 1 or 3 channels")
    if not images.isfinite().all() or images.min() < 0 or images.max() > 1:
        raise ValueError("images must lie in 0..1; undo a normalization first")
    return images


def _grid_of(model: Any) -> tuple[int, int]:
    grid = getattr(model, "grid", None)
    if grid is None:
        raise ValueError(
            f"model={type(model).__name__} has no `grid`, the (rows, columns) of its patches; give one that has"
        )
    rows, cols = grid
    return rows, cols


def _checked_scores(scores: Any, shape: tuple[int, int]) -> dict[str, Tensor]:
    if not isinstance(scores, Mapping) or not scores:
        raise ValueError("scores is no mapping with an entry; give name -> (images, patches)")
    for name, score in scores.items():
        if name in (CHANCE, SEARCH):
            raise ValueError(f"scores: the name {name!r} is taken; the duel itself plays it")
        if not isinstance(score, Tensor) or tuple(score.shape) != shape:
            got = tuple(score.shape) if isinstance(score, Tensor) else type(score).__name__
            raise ValueError(f"scores[{name!r}] is {got}; these images and this model need {shape}: (images, patches)")
        if not score.isfinite().all():
            raise ValueError(f"scores[{name!r}] is not finite (nan or inf)")
    return {str(name): score.detach().float() for name, score in scores.items()}
