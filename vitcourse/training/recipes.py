"""Ways to train on MNIST, in one table; `benchmarks/time_to_accuracy.py` times its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from ..errors import require_one_of
from ..vit import VisionTransformer

if TYPE_CHECKING:
    from ..data import Batches, Split


@dataclass(frozen=True)
class Recipe:
    """A model of 28 x 28 images and how it is trained.

    Attributes:
        patch_size: in pixels; 4 gives 49 patches, 7 gives 16.
        dim, depth, heads: of the model; its mlp ratio is 2.
        epochs: passes over the training images.
        lr: peak learning rate.
        optimizer: as ``fit`` takes it.
        batch_size: images a step.
        shift: images are moved by up to so many pixels, differently in each pass.
    """

    patch_size: int
    dim: int
    depth: int
    heads: int
    epochs: int
    lr: float
    optimizer: str
    batch_size: int = 64
    shift: int = 1

    def model(self, seed: int) -> VisionTransformer:
        """A fresh model with the weights of this seed; global random state stays as it was."""
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            return VisionTransformer(
                img_size=28,
                patch_size=self.patch_size,
                in_channels=1,
                num_classes=10,
                embed_dim=self.dim,
                depth=self.depth,
                num_heads=self.heads,
                mlp_ratio=2.0,
            )

    def batches(self, train: Split, seed: int) -> Batches:
        """The training images as ``fit`` takes them."""
        from ..data import Batches, random_shift

        return Batches(train, batch_size=self.batch_size, seed=seed, augment=random_shift(self.shift))

    def settings(self, seed: int) -> dict[str, Any]:
        """The other arguments of ``fit``."""
        return dict(epochs=self.epochs, lr=self.lr, optimizer=self.optimizer, seed=seed)


#                          patch dim depth heads epochs  lr    optimizer
RECIPES = {
    "lesson":         Recipe(4,    64,   4,   2,   3,   3e-3, "adamw"),
    "lesson, Muon":   Recipe(4,    64,   4,   2,   2,   3e-3, "muon"),
    "99 %":           Recipe(4,    64,   4,   2,   4,   3e-3, "muon"),
    "fast":           Recipe(7,    64,   4,   2,   1,   3e-3, "muon"),
    "1.8 M":          Recipe(4,   192,   6,   3,   1,   2e-3, "muon"),
}  # fmt: skip


def recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        ValueError: there is none.
    """
    require_one_of("name", name, tuple(RECIPES))
    return RECIPES[name]
