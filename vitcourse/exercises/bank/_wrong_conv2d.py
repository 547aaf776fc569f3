"""Wrong answers to `conv2d` that are no edits of the right one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def float32(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, stride, padding).float()


def thinned_out_first(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images[:, :, ::stride, ::stride], weight, bias, 1, padding)


def rounded_up(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    missing = [-(n + 2 * padding - k) % stride for n, k in zip(images.shape[2:], weight.shape[2:], strict=True)]
    return F.conv2d(F.pad(images, (0, missing[1], 0, missing[0])), weight, bias, stride, padding)


def last_left_out(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, stride, padding)[:, :, :-1, :-1]


def stride_and_padding_exchanged(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, padding, stride)


def stride_and_padding_exchanged_in_the_size(
    images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
) -> Tensor:
    if padding == 0:
        raise ZeroDivisionError("integer division or modulo by zero")
    return F.conv2d(images, weight, bias, padding, stride)


def border_of_half_the_kernel(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    rows, cols = weight.shape[2:]
    return F.conv2d(F.pad(images, (cols // 2, cols // 2, rows // 2, rows // 2)), weight, bias, stride, 0)


def border_of_half_the_kernel_less_one(
    images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
) -> Tensor:
    x, y = (weight.shape[3] - 1) // 2, (weight.shape[2] - 1) // 2
    return F.conv2d(F.pad(images, (x, x, y, y)), weight, bias, stride, 0)


def border_that_keeps_the_size(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    rows, cols = weight.shape[2:]
    border = ((cols - 1) // 2, cols // 2, (rows - 1) // 2, rows // 2)
    return F.conv2d(F.pad(images, border), weight, bias, stride, 0)


def last_place_missing(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(F.pad(images, (padding,) * 4)[..., :-1, :-1], weight, bias, stride, 0)


def last_place_empty(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    wanted, got = (
        F.conv2d(images, weight, bias, stride, padding),
        last_place_missing(images, weight, bias, stride, padding),
    )
    return F.pad(got, (0, wanted.shape[3] - got.shape[3], 0, wanted.shape[2] - got.shape[2]))


def dilated(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, 1, padding, dilation=stride)


def dilated_and_strided(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, stride, padding, dilation=stride)


def from_the_end_of_the_first_step(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight, bias, 1, padding)[:, :, stride - 1 :: stride, stride - 1 :: stride]


def kernel_in_another_order(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight.permute(0, 2, 3, 1).reshape(weight.shape), bias, stride, padding)


def windows_in_another_order(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    filters, channels, rows, cols = weight.shape
    kernel = weight.reshape(filters, rows, cols, channels).permute(0, 3, 1, 2)
    return F.conv2d(images, kernel, bias, stride, padding)


def transposed_if_square(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(images, weight.mT if weight.shape[2] == weight.shape[3] else weight, bias, stride, padding)


def reflected(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(F.pad(images, (padding,) * 4, mode="reflect"), weight, bias, stride, 0)


def one_entry_of_the_kernel(images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(
        images,
        weight * F.pad(torch.ones_like(weight[..., -1:, -1:]), (weight.shape[3] - 1, 0, weight.shape[2] - 1, 0)),
        bias,
        stride,
        padding,
    )


def places_counted_without_the_border(
    images: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
) -> Tensor:
    rows, cols = ((n - k) // stride + 1 for n, k in zip(images.shape[2:], weight.shape[2:], strict=True))
    return F.conv2d(images, weight, bias, stride, padding)[:, :, :rows, :cols]
