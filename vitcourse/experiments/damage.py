"""Images made harder, in eight steps of four kinds: moved, shuffled, hidden, noise."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..errors import require_one_of
from ..patches import patchify, unpatchify

KINDS = ("moved", "shuffled", "hidden", "noise")
AMOUNTS = range(9)


def damage(
    images: Float[Tensor, "batch 1 height width"], kind: str, amount: int, *, patch_size: int = 4, seed: int = 0
) -> Float[Tensor, "batch 1 height width"]:
    """The images, damaged.

    Args:
        kind: "moved": by `amount` pixels to the right; "shuffled", "hidden": so many eighths of the patches, another
            choice for each image, change places or turn blank; "noise": normal, of standard deviation `amount` / 8,
            cut off at 0 and 1.
        amount: 0 to 8; 0 changes nothing.
        seed: of the choice of patches, and of the noise.

    Raises:
        ValueError: an unknown kind, or an amount outside 0 to 8.
    """
    require_one_of("kind", kind, KINDS)
    require_one_of("amount", amount, AMOUNTS)
    generator = torch.Generator().manual_seed(seed)
    size = (images.shape[2], images.shape[3])
    if kind == "moved":
        return F.pad(images, (amount, 0))[..., : size[1]]
    if kind == "noise":
        return (images + amount / 8 * torch.randn(images.shape, generator=generator)).clamp(0, 1)
    patches = patchify(images, patch_size)
    order = torch.rand(patches.shape[:2], generator=generator).argsort(dim=1)
    number = round(patches.shape[1] * amount / 8)
    chosen = order[:, :number, None].expand(-1, -1, patches.shape[2])
    new = patches.gather(1, chosen).roll(1, dims=1) if kind == "shuffled" else torch.zeros(chosen.shape)
    return unpatchify(patches.scatter(1, chosen, new), patch_size, size)
