"""What a ``VisionTransformer`` costs, from its configuration alone: nothing is built, nothing is run."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Size, as_pair, require_heads_divide, require_one_of, require_patches_fit, require_positive
from ..positions import CLASS_BIASES

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class ViTCost:
    """What a ``VisionTransformer`` of one configuration costs, for one image.

    Attributes:
        tokens: patches, and the class token if there is one.
        parameters: learned numbers, per part: "patch embedding", "class token", "positions", "attention", "MLP",
            "norms", "head".
        multiply_adds: multiply-adds of one forward pass, per part: "patch embedding", "projections" (queries, keys,
            values, output), "scores and sums" (Q K^T and A V, the only part that grows with tokens squared),
            "MLP", "head". Softmax, norms, GELU and biases are left out, as in papers and in PyTorch's counter.
        attention_map_bytes: the weights A of all heads of *one* layer, if they were stored in float32.
    """

    tokens: int
    parameters: dict[str, int]
    multiply_adds: dict[str, int]
    attention_map_bytes: int

    @property
    def total_parameters(self) -> int:
        return sum(self.parameters.values())

    @property
    def total_multiply_adds(self) -> int:
        return sum(self.multiply_adds.values())

    @property
    def flops(self) -> int:
        """Floating-point operations of one forward pass: twice the multiply-adds."""
        return 2 * self.total_multiply_adds


def vit_cost(
    *,
    img_size: Size = 224,
    patch_size: Size = 16,
    in_channels: int = 3,
    num_classes: int = 1000,
    embed_dim: int = 768,
    depth: int = 12,
    num_heads: int = 12,
    mlp_ratio: float = 4.0,
    position: str = "learned",
    pool: str = "cls",
) -> ViTCost:
    """The cost of a ``VisionTransformer`` with these arguments, from formulas alone: no model is built.

    Raises:
        ValueError: a configuration that ``VisionTransformer`` refuses.
    """
    require_positive(in_channels=in_channels, num_classes=num_classes, depth=depth)
    require_heads_divide(embed_dim, num_heads)
    require_one_of("position", position, ("learned", "sincos", "relative", "none"))
    require_one_of("pool", pool, ("cls", "mean"))
    height, width = as_pair("img_size", img_size)
    p, q = as_pair("patch_size", patch_size)
    require_patches_fit((height, width), (p, q))

    d, hidden = embed_dim, int(embed_dim * mlp_ratio)
    if hidden < 1:
        raise ValueError(f"mlp_ratio={mlp_ratio} times embed_dim={embed_dim} must make at least 1 hidden unit")
    rows, cols = height // p, width // q
    patches = rows * cols
    n = patches + (pool == "cls")
    patch_dim = in_channels * p * q
    position_parameters = {
        "learned": n * d,
        "relative": num_heads * ((2 * rows - 1) * (2 * cols - 1) + CLASS_BIASES),
    }
    return ViTCost(
        tokens=n,
        parameters={
            "patch embedding": (patch_dim + 1) * d,
            "class token": d if pool == "cls" else 0,
            "positions": position_parameters.get(position, 0),
            "attention": depth * 4 * (d + 1) * d,
            "MLP": depth * (2 * d * hidden + hidden + d),
            "norms": (2 * depth + 1) * 2 * d,
            "head": (d + 1) * num_classes,
        },
        multiply_adds={
            "patch embedding": patches * patch_dim * d,
            "projections": depth * 4 * n * d * d,
            "scores and sums": depth * 2 * n * n * d,
            "MLP": depth * 2 * n * d * hidden,
            "head": d * num_classes,
        },
        attention_map_bytes=num_heads * n * n * FLOAT32_BYTES,
    )
