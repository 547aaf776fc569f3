"""The explorer's first frame, for a page without a kernel and without its live view."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from vitcourse.plots.explorer_frame import explorer_frame
from vitcourse.widgets.render import pixels, small_png

from .source import OWN, Source


def first_frame(source: Source, image: int, layer: int, head: int) -> tuple[bytes, int, int]:
    """PNG, width and height in px: the class token's map (or the mean over patches) over the image, all maps beside."""
    number = 0 if image == OWN else image
    rows, cols, prefix = source.grid
    maps = {}
    for name, explained in source.explain(source.images[number : number + 1]).items():
        attention = explained.maps[0]  # (layers, heads, tokens, tokens)
        asked = attention[:, :, 0] if prefix else attention.mean(dim=2)
        asked = torch.cat([asked.mean(dim=1, keepdim=True), asked], dim=1)[:, :, prefix:] * source.tokens
        maps[name] = asked.unflatten(-1, (rows, cols)).numpy()
    shown = source.images[number].detach().float().cpu()
    if max(shown.shape[1:]) > 128:  # more than the picture has pixels for, and most of its bytes
        shown = torch.nn.functional.adaptive_avg_pool2d(shown, (shown.shape[1] // 2, shown.shape[2] // 2))
    shown = shown[0] if len(shown) == 1 else shown.permute(1, 2, 0)
    asks = "the class token" if prefix else "mean over patches"
    figure = explorer_frame(shown.numpy(), maps, (rows, cols), layer, head, asks)
    picture = pixels(figure)
    return _at_most(55_000, picture), picture.shape[1], picture.shape[0]


def _at_most(size: int, picture: np.ndarray) -> bytes:
    """The picture as PNG; with fewer colors where it is larger than `size` bytes (hundreds of noisy small maps)."""
    png = small_png(picture)
    for colors in (96, 48, 24):
        if len(png) <= size:
            break
        fewer = Image.fromarray(picture).quantize(colors, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        png = small_png(np.asarray(fewer.convert("RGB")))
    return png
