"""vitcourse: the reusable code of the course on Vision Transformers.

The model is here; data, training, maps, cost, plots and widgets are modules of their own, imported when needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .attention import MultiHeadAttention, attention_weights, merge_heads, split_heads
    from .cnn import ConvNet
    from .encoder import MLP, TransformerBlock
    from .maps import record_attention
    from .patches import PatchEmbedding, patchify, unpatchify
    from .positions import interpolate_positions, relative_bias, sincos_2d
    from .vit import PRESETS, VisionTransformer, embed_tokens

__version__ = "0.1.0"

__all__ = [
    "MLP",
    "PRESETS",
    "ConvNet",
    "MultiHeadAttention",
    "PatchEmbedding",
    "TransformerBlock",
    "VisionTransformer",
    "attention_weights",
    "embed_tokens",
    "interpolate_positions",
    "merge_heads",
    "patchify",
    "record_attention",
    "relative_bias",
    "sincos_2d",
    "split_heads",
    "unpatchify",
]

# Each name is imported at its first use: `vitcourse doctor` must run where PyTorch is missing, and the Jupyter server,
# which loads vitcourse.course.server, has no use for PyTorch's memory.
_HOMES = {
    "attention": ("MultiHeadAttention", "attention_weights", "merge_heads", "split_heads"),
    "cnn": ("ConvNet",),
    "encoder": ("MLP", "TransformerBlock"),
    "maps": ("record_attention",),
    "patches": ("PatchEmbedding", "patchify", "unpatchify"),
    "positions": ("interpolate_positions", "relative_bias", "sincos_2d"),
    "vit": ("PRESETS", "VisionTransformer", "embed_tokens"),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
