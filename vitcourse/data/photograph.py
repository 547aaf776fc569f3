"""A real photograph that needs no download: scikit-learn ships two, of 640 x 427 pixels."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from jaxtyping import Float32
from torch import Tensor

from ..errors import Size, as_pair, require_one_of
from .pictures import read_picture

PHOTOGRAPHS = {"china": "china.jpg", "flower": "flower.jpg"}


def photograph(size: Size = 224, name: str = "china") -> Float32[Tensor, "1 3 height width"]:
    """A photograph as a batch of one, in 0..1: a Chinese pavilion, or a dahlia ("flower").

    Args:
        size: its side in pixels, or (height, width); resized, then the middle cut out.
        name: "china" or "flower".

    Raises:
        ValueError: another name, or a size that is not positive.
    """
    require_one_of("name", name, PHOTOGRAPHS)
    return read_picture(_folder() / PHOTOGRAPHS[name], as_pair("size", size))[None]


def _folder() -> Path:
    # Found without importing scikit-learn, which takes a second or two.
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the photographs come with scikit-learn, which is not installed")
    return Path(spec.origin).parent / "datasets" / "images"
