"""The learner's own Vision Transformer: what they have written is theirs, every other piece the package's.

It has the package's parameters under the package's names, so it takes the same checkpoints, and `fit` trains it.
"""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from ..attention import MultiHeadAttention
from ..encoder import TransformerBlock
from ..errors import check_images, check_tokens
from ..patches import PatchEmbedding
from ..positions import RelativePositionBias
from ..vit import VisionTransformer
from .pieces import Pieces, pieces

PATCHES = ("patchify", "project_patches")
ATTENTION = ("attention_weights", "split_heads", "merge_heads", "multi_head_attention")
# Which functions make which part of the model, as `parameters_by_part` calls the parts; nobody writes MLP and head.
PARTS = {
    "patch embedding": PATCHES,
    "class token": ("embed_tokens",),
    "positions": ("embed_tokens", "sincos_2d", "relative_bias"),
    "norms": ("layer_norm",),
    "attention": ATTENTION,
    "block": ("pre_norm_block",),
    "MLP": (),
    "head": (),
}
PIECES = tuple(dict.fromkeys(name for names in PARTS.values() for name in names))


def model(*, weights: Any = None, **config: Any) -> MyVisionTransformer:
    """A `VisionTransformer` in which each piece that passed its check is the learner's own.

    Args:
        weights: a checkpoint (a path, or the name of one that the course ships, such as "mnist") or a
            `VisionTransformer`, whose sizes and weights are taken.
        config: the sizes, as for `VisionTransformer`, where no weights are given.

    Raises:
        ValueError: both weights and sizes are given, or weights of another kind of model.
    """
    if weights is not None and config:
        raise ValueError(f"weights={weights!r} bring their own sizes; leave out {', '.join(config)}")
    source = _loaded(weights)
    built = MyVisionTransformer(pieces(), **(source.config if source is not None else config))
    if source is not None:
        built.load_state_dict(source.state_dict())
        built.train(source.training)
    print(built.summary())
    return built


def _loaded(weights: Any) -> VisionTransformer | None:
    from ..training import load_checkpoint

    found = load_checkpoint(weights) if isinstance(weights, str) or hasattr(weights, "__fspath__") else weights
    if found is not None and type(found) not in (VisionTransformer, MyVisionTransformer):
        raise ValueError(
            f"weights={type(found).__name__} must be of a VisionTransformer, or the name of its checkpoint"
        )
    return found


class MyVisionTransformer(VisionTransformer):
    """See :func:`model`.

    Attributes:
        pieces: the functions it is made of.
    """

    def __init__(self, pieces: Pieces, **config: Any) -> None:
        super().__init__(**config)
        self.pieces = pieces
        for module in self.modules():
            mine = next((part for part in _MINE if type(module) is part.__base__), None)
            if mine is not None and pieces.any_of(*mine.made_of):
                # The parameters, their names and their first values stay: only what is done with them is another's.
                module.__class__ = mine
                object.__setattr__(module, "pieces", pieces)  # nn.Module knows tensors and modules only
        if config.get("position") == "sincos" and pieces.any_of("sincos_2d"):
            codes = pieces["sincos_2d"](*self.grid, self.config["embed_dim"])
            self.positions = F.pad(codes, (0, 0, self.num_tokens - self.num_patches, 0))[None]

    def embed(self, images: Tensor) -> Tensor:
        if self.class_token is None or self.positions is None:
            return super().embed(images)
        tokens = self.pieces["embed_tokens"](self.patch_embedding(images), self.class_token, self.positions)
        return self.dropout(tokens)

    def mine(self) -> list[str]:
        """The pieces of the model that are the learner's own, in the order of the lessons."""
        return [name for name in PIECES if name in self.pieces.mine]

    def parts(self) -> dict[str, dict[str, bool]]:
        """Each part of the model, the functions that make it, and whether they are the learner's own."""
        unused = {"sincos_2d": "sincos", "relative_bias": "relative"}  # which kind of position asks for them
        position = self.config["position"]
        return {
            part: {name: name in self.pieces.mine for name in names if unused.get(name, position) == position}
            for part, names in PARTS.items()
        }

    def summary(self) -> str:
        yours = ", ".join(self.mine()) or "none yet"
        count = f"my_vit: {len(self.mine())} of {len(PIECES)} pieces are yours: {yours}"
        return "\n".join([count, *self.pieces.remarks])


class MyPatchEmbedding(PatchEmbedding):
    """patchify, then project_patches with the convolution's filters."""

    made_of = PATCHES
    pieces: Pieces

    def forward(self, images: Tensor) -> Tensor:
        height, width = self.patch_size
        if height != width:  # the exercise has square patches
            return super().forward(images)
        check_images(images, self.in_channels, self.img_size, self.projection.weight.dtype)
        patches = self.pieces["patchify"](images, height)
        return self.pieces["project_patches"](patches, self.projection.weight, self.projection.bias)


class MyAttention(MultiHeadAttention):
    """The textbook's attention, of the learner's functions; with a bias, which the exercises lack, the package's."""

    made_of = ATTENTION
    pieces: Pieces

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        if bias is not None:
            return super().forward(x, bias)
        check_tokens(x, self.embed_dim)
        if self.pieces.any_of("multi_head_attention"):
            attend = self.pieces["multi_head_attention"]
            qkv, out = self.qkv, self.projection
            mixed = attend(x, qkv.weight, qkv.bias, out.weight, out.bias, self.num_heads)
        else:
            values = self.queries_keys_values(x)[2]
            mixed = self.projection(self.pieces["merge_heads"](self.attention_map(x) @ values))
        return F.dropout(mixed, self.dropout if self.training else 0.0)

    def queries_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        split = self.pieces["split_heads"]
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return split(q, self.num_heads), split(k, self.num_heads), split(v, self.num_heads)

    def attention_map(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        if bias is not None:
            return super().attention_map(x, bias)
        q, k, _ = self.queries_keys_values(x)
        return self.pieces["attention_weights"](q, k)


class MyLayerNorm(nn.LayerNorm):
    """layer_norm."""

    made_of = ("layer_norm",)
    pieces: Pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.pieces["layer_norm"](x, self.weight, self.bias, self.eps)


class MyBlock(TransformerBlock):
    """pre_norm_block."""

    made_of = ("pre_norm_block",)
    pieces: Pieces

    def forward(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return self.pieces["pre_norm_block"](x, self.norm1, lambda y: self.attention(y, bias), self.norm2, self.mlp)


class MyRelativePositionBias(RelativePositionBias):
    """relative_bias."""

    made_of = ("relative_bias",)
    pieces: Pieces

    def forward(self) -> Tensor:
        rows, cols = self.grid
        if len(self.index) == rows * cols:  # without a class token, which the exercise has
            return super().forward()
        return self.pieces["relative_bias"](self.table, rows, cols)


_MINE: tuple[Any, ...] = (MyPatchEmbedding, MyAttention, MyLayerNorm, MyBlock, MyRelativePositionBias)


def objective(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """For `fit`, with the learner's own `cross_entropy`: ``fit(model, batches, objective=my_vit.objective)``."""
    logits = model(images).float()
    mine = model.pieces if isinstance(model, MyVisionTransformer) else pieces()
    return mine["cross_entropy"](logits, labels), logits.argmax(dim=1) == labels
