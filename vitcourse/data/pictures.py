"""Image files into tensors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float32
from torch import Tensor

from .files import DataError

if TYPE_CHECKING:
    from PIL import Image


def read_picture(path: Path, size: tuple[int, int]) -> Float32[Tensor, "3 height width"]:
    """An image file, upright, in color, in 0..1: resized until it covers ``size``, then its middle cut out.

    Args:
        size: (height, width) in pixels.

    Raises:
        DataError: the file cannot be read as an image; names it.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            return _to_tensor(ImageOps.fit(upright.convert("RGB"), size[::-1], Image.Resampling.BICUBIC))
    except Exception as error:  # PIL raises whatever its decoders meet
        raise DataError(
            f"{path} cannot be read as an image ({error}): replace it, or take it out of the folder"
        ) from error


def _to_tensor(image: Image.Image) -> Float32[Tensor, "3 height width"]:
    import numpy as np

    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float().div_(255).contiguous()
