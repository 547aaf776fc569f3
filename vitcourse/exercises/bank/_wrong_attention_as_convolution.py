"""Wrong answers to `attention_as_convolution` that are no edits of the right one."""

from __future__ import annotations

import torch
from torch import Tensor


def kernel_of_3_columns(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    result = pixels.new_zeros(())
    for head in range(len(maps)):
        row, col = divmod(head, 3)
        result = result + maps[head] @ pixels @ weight[:, :, row, col].T
    return result


def heads_counted_by_3(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    result = pixels.new_zeros(())
    for row in range(weight.shape[2]):
        for col in range(weight.shape[3]):
            result = result + maps[row * 3 + col] @ pixels @ weight[:, :, row, col].T
    return result


def row_and_column_added(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    result = pixels.new_zeros(())
    for row in range(weight.shape[2]):
        for col in range(weight.shape[3]):
            result = result + maps[row + col] @ pixels @ weight[:, :, row, col].T
    return result


def row_of_the_kernel_only(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    result = pixels.new_zeros(())
    for row in range(weight.shape[2]):
        for col in range(weight.shape[3]):
            result = result + maps[row] @ pixels @ weight[:, :, row, col].T
    return result


def middle_head_for_all(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("qk, nkc, fc -> nqf", maps[len(maps) // 2], pixels, weight.sum(dim=(2, 3)))


def middle_head_left_out(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    middle = len(maps) // 2
    others = [head for head in range(len(maps)) if head != middle]
    return torch.einsum("hqk, nkc, fch -> nqf", maps[others], pixels, weight.flatten(2)[..., others])


def last_head_left_out(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps[:-1], pixels, weight.flatten(2)[..., :-1])


def first_head_left_out(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps[1:], pixels, weight.flatten(2)[..., 1:])


def pixel_added_where_it_fits(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    result = torch.einsum("hqk, nkc, fch -> nqf", maps, pixels, weight.flatten(2))
    return result + pixels if result.shape == pixels.shape else result


def no_weights(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc -> nqc", maps, pixels)


def no_weights_mean(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc -> nqc", maps, pixels) / len(maps)


def no_projection(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return (maps @ pixels[:, None]).transpose(1, 2).flatten(2)


def no_projection_channels_first(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return (maps @ pixels[:, None]).permute(0, 2, 3, 1).flatten(2)


def heads_not_added(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nhqf", maps, pixels, weight.flatten(2))


def channels_not_added(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqfc", maps, pixels, weight.flatten(2))


def channels_not_added_before_the_filters(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqcf", maps, pixels, weight.flatten(2))


def filters_added(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nq", maps, pixels, weight.flatten(2))


def filters_added_axis_kept(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nq", maps, pixels, weight.flatten(2))[..., None]


def maximum_over_the_heads(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nhqf", maps, pixels, weight.flatten(2)).amax(dim=1)


def channels_summed_separately(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nk, fh -> nqf", maps, pixels.sum(dim=-1), weight.flatten(2).sum(dim=1))


def channels_averaged_separately(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nk, fh -> nqf", maps, pixels.mean(dim=-1), weight.flatten(2).mean(dim=1))


def kernel_reshaped_without_moving_axes(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    tokens = (maps @ pixels[:, None]).transpose(1, 2).flatten(2)
    return tokens @ weight.reshape(-1, len(weight))


def maps_brought_to_sum_1_over_the_heads(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps / maps.sum(dim=0), pixels, weight.flatten(2))


def softmax_over_the_queries(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps.softmax(dim=1), pixels, weight.flatten(2))


def scaled_by_the_heads(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps, pixels, weight.flatten(2)) / len(maps) ** 0.5


def scaled_by_the_channels(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps, pixels, weight.flatten(2)) / pixels.shape[-1] ** 0.5


def averaged_over_the_channels(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps, pixels, weight.flatten(2)) / pixels.shape[-1]


def first_channel_only(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps, pixels[..., :1], weight[:, :1].flatten(2))


def strongest_key_only(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("nhqc, fch -> nqf", pixels[:, maps.argmax(dim=-1)], weight.flatten(2))


def negative_numbers_set_to_0(pixels: Tensor, maps: Tensor, weight: Tensor) -> Tensor:
    return torch.einsum("hqk, nkc, fch -> nqf", maps, pixels, weight.flatten(2)).relu()
