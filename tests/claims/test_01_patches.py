"""The claims of lesson 01: P1, P2, P4."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import PRESETS, PatchEmbedding, TransformerBlock, patchify, unpatchify
from vitcourse.cost import count_flops, peak_memory, vit_cost
from vitcourse.data import load, photograph


def real_images() -> dict[str, tuple[torch.Tensor, tuple[int, int]]]:
    """Images and a patch size: gray and in color, square and not, with square patches and not."""
    return {
        "digits": (load("digits").test.images[:64], (4, 4)),
        "photograph": (photograph(), (16, 16)),
        "wide": (photograph((224, 336)), (16, 24)),
    }


@pytest.mark.parametrize("name", real_images())
def test_p1_hw_over_p_squared_tokens_and_nothing_is_lost(name):
    images, (p, q) = real_images()[name]
    batch, channels, height, width = images.shape
    rows = patchify(images, (p, q))
    assert rows.shape == (batch, height * width // (p * q), p * q * channels)
    assert torch.equal(unpatchify(rows, (p, q), (height, width)), images)
    assert images.std() > 0.1  # pictures, not one color


def block_cost(patch_size: int) -> dict[str, int]:
    """Tokens and multiply-adds of one ViT-B block over 224 x 224 pixels, patches alone."""
    cost = vit_cost(**{**PRESETS["B/16"], "patch_size": patch_size, "depth": 1}, img_size=224, pool="mean")
    parts = ("projections", "scores and sums", "MLP")
    return {"tokens": cost.tokens, "multiply-adds": sum(cost.multiply_adds[part] for part in parts)}


def test_p2_counted_65536_times_fewer_pairs_but_2900_times_fewer_operations():
    patches, pixels = block_cost(16), block_cost(1)
    assert (patches["tokens"], pixels["tokens"]) == (196, 50_176)
    assert patches["tokens"] ** 2 == 38_416
    assert pixels["tokens"] ** 2 == 65_536 * patches["tokens"] ** 2
    assert round(pixels["multiply-adds"] / patches["multiply-adds"]) == 2_919


@pytest.mark.parametrize("patch_size", [32, 16])
def test_p2_the_count_is_what_pytorch_counts_in_the_block(patch_size):
    cost = block_cost(patch_size)
    block = TransformerBlock(embed_dim=768, num_heads=12).eval()
    assert count_flops(block, torch.randn(1, cost["tokens"], 768)) == 2 * cost["multiply-adds"]


def test_p2_weighed_the_scores_grow_with_pairs_and_the_block_with_tokens():
    block = TransformerBlock(embed_dim=768, num_heads=12).eval()
    scores, whole = {}, {}
    with torch.inference_mode():
        for n in (196, 784):
            q, k, x = torch.randn(n, 64), torch.randn(n, 64), torch.randn(1, n, 768)
            scores[n] = peak_memory(lambda q=q, k=k: q @ k.T)
            whole[n] = peak_memory(lambda x=x: block(x))
    assert scores == {n: 4 * n**2 for n in (196, 784)}
    assert whole[784] / whole[196] == pytest.approx(4, rel=0.3)


@pytest.mark.parametrize("name", real_images())
def test_p4_convolution_with_kernel_and_stride_p_is_a_linear_map_on_patches(name):
    images, (p, q) = real_images()[name]
    images = images.double()
    channels, *size = images.shape[1:]
    torch.manual_seed(0)
    embedding = PatchEmbedding(
        img_size=(size[0], size[1]), patch_size=(p, q), in_channels=channels, embed_dim=24
    ).double()
    linear = nn.Linear(p * q * channels, 24).double()
    with torch.no_grad():
        linear.weight.copy_(embedding.projection.weight.flatten(1))
        linear.bias.copy_(embedding.projection.bias)
    convolution = nn.functional.conv2d(images, embedding.projection.weight, embedding.projection.bias, stride=(p, q))
    assert_close(linear(patchify(images, (p, q))), convolution.flatten(2).transpose(1, 2))
    assert_close(embedding(images), linear(patchify(images, (p, q))))
