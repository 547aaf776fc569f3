"""From an image to a sequence of patches, and back (Dosovitskiy et al. 2021, section 3.1)."""

from __future__ import annotations

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from .errors import Size, as_pair, check_images, require_patches_fit, require_positive


def patchify(
    images: Float[Tensor, "batch channels height width"], patch_size: Size
) -> Float[Tensor, "batch tokens patch_dim"]:
    """Cut images into patches, row by row, each flattened to one vector.

    Args:
        images: (batch, channels, height, width), floating point.
        patch_size: P, or (height, width) of a patch, in pixels; must divide the image.

    Returns:
        (batch, H W / P^2, channels P^2). Within a vector the order is channel, row, column, as in the
        kernel of a convolution, so that a convolution's weights can be copied to a linear layer.

    Raises:
        ValueError: images of another shape or dtype, or patches that do not tile the image.
    """
    check_images(images)
    p, q = as_pair("patch_size", patch_size)
    require_patches_fit((images.shape[2], images.shape[3]), (p, q))
    return rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=p, q=q)


def unpatchify(
    patches: Float[Tensor, "batch tokens patch_dim"], patch_size: Size, img_size: Size
) -> Float[Tensor, "batch channels height width"]:
    """Put patches together again: the exact inverse of :func:`patchify`.

    Args:
        patches: (batch, tokens, channels P^2), as ``patchify`` returns them.
        patch_size: P, or (height, width) of a patch, in pixels.
        img_size: height and width of the image, in pixels.

    Raises:
        ValueError: the number of patches or their length does not fit the two sizes.
    """
    p, q = as_pair("patch_size", patch_size)
    height, width = as_pair("img_size", img_size)
    require_patches_fit((height, width), (p, q))
    rows, cols = height // p, width // q
    if patches.ndim != 3 or patches.shape[1] != rows * cols or patches.shape[2] % (p * q):
        raise ValueError(
            f"patches has shape {tuple(patches.shape)}; an image of {height} x {width} in patches of {p} x {q} "
            f"takes (batch, {rows * cols}, channels x {p * q})"
        )
    return rearrange(patches, "b (h w) (c p q) -> b c (h p) (w q)", h=rows, w=cols, p=p, q=q)


class PatchEmbedding(nn.Module):
    """Cut an image into patches and map each to a vector: ``x_p E`` (Dosovitskiy et al. 2021, eq. 1).

    A convolution whose kernel and stride are the patch size does both steps at once: it is the linear map E
    on flattened patches, with its bias.

    Args:
        img_size: image size in pixels, an int or (height, width).
        patch_size: patch size in pixels, an int or (height, width); must divide ``img_size``.
        in_channels: color channels of the image.
        embed_dim: D, the length of a token.
    """

    def __init__(self, *, img_size: Size, patch_size: Size, in_channels: int, embed_dim: int) -> None:
        super().__init__()
        require_positive(in_channels=in_channels, embed_dim=embed_dim)
        self.img_size = as_pair("img_size", img_size)
        self.patch_size = as_pair("patch_size", patch_size)
        require_patches_fit(self.img_size, self.patch_size)
        self.grid = (self.img_size[0] // self.patch_size[0], self.img_size[1] // self.patch_size[1])
        self.in_channels = in_channels
        self.projection = nn.Conv2d(in_channels, embed_dim, kernel_size=self.patch_size, stride=self.patch_size)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch tokens embed_dim"]:
        check_images(images, self.in_channels, self.img_size, self.projection.weight.dtype)
        maps = self.projection(images)  # (batch, embed_dim, rows, cols)
        return rearrange(maps, "b d h w -> b (h w) d")
