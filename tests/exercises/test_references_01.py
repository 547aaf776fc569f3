"""Lesson 01: the reference against PyTorch, and right answers that are written in another way."""

from __future__ import annotations

import pytest
import torch
from answers import answer
from torch import nn
from torch.testing import assert_close

from vitcourse.exercises.bank.project_patches import project_patches
from vitcourse.exercises.check import check
from vitcourse.patches import PatchEmbedding, patchify


def test_project_patches_is_the_convolution_on_patches():
    torch.manual_seed(0)
    images, weight, bias = torch.randn(2, 3, 8, 12), torch.randn(5, 3, 4, 4), torch.randn(5)
    wanted = nn.functional.conv2d(images, weight, bias, stride=4).flatten(2).transpose(1, 2)
    assert_close(project_patches(patchify(images, 4), weight, bias), wanted)


def test_project_patches_with_patchify_is_patch_embedding():
    torch.manual_seed(0)
    embedding = PatchEmbedding(img_size=(8, 12), patch_size=4, in_channels=3, embed_dim=5)
    images = torch.randn(2, 3, 8, 12)
    tokens = project_patches(patchify(images, 4), embedding.projection.weight, embedding.projection.bias)
    assert_close(tokens, embedding(images))


PATCHIFY = [
    """
    b, c, height, width = images.shape
    p = patch_size
    x = images.reshape(b, c, height // p, p, width // p, p)
    return x.permute(0, 2, 4, 1, 3, 5).reshape(b, -1, c * p * p)
    """,
    "return F.unfold(images, patch_size, stride=patch_size).transpose(1, 2)",
    """
    rows = []
    for y in range(0, images.shape[2], patch_size):
        for x in range(0, images.shape[3], patch_size):
            rows.append(images[:, :, y : y + patch_size, x : x + patch_size].flatten(1))
    return torch.stack(rows, dim=1)
    """,
    """
    tiles = images.unfold(2, patch_size, patch_size).unfold(3, patch_size, patch_size)
    return torch.einsum("bchwpq->bhwcpq", tiles).flatten(3).flatten(1, 2)
    """,
    """
    cut = [part for band in images.split(patch_size, 2) for part in band.split(patch_size, 3)]
    return torch.stack([part.reshape(len(images), -1) for part in cut], 1)
    """,
]
UNPATCHIFY = [
    """
    (height, width), p = img_size, patch_size
    x = patches.view(len(patches), height // p, width // p, -1, p, p)
    return x.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), -1, height, width)
    """,
    "return F.fold(patches.transpose(1, 2), img_size, patch_size, stride=patch_size)",
    """
    height, width = img_size
    channels = patches.shape[2] // patch_size ** 2
    images = patches.new_zeros(len(patches), channels, height, width)
    i = 0
    for y in range(0, height, patch_size):
        for x in range(0, width, patch_size):
            part = patches[:, i].reshape(-1, channels, patch_size, patch_size)
            images[:, :, y : y + patch_size, x : x + patch_size] = part
            i += 1
    return images
    """,
    """
    cols = img_size[1] // patch_size
    tiles = rearrange(patches, "b n (c p q) -> b n c p q", p=patch_size, q=patch_size)
    bands = [torch.cat(list(tiles[:, i : i + cols].unbind(1)), dim=-1) for i in range(0, tiles.shape[1], cols)]
    return torch.cat(bands, dim=-2)
    """,
]
PROJECT_PATCHES = [
    "return F.linear(patches, weight.flatten(1), bias)",
    "return patches @ weight.permute(1, 2, 3, 0).reshape(-1, weight.shape[0]) + bias",
    """
    d, c, p, _ = weight.shape
    cut = patches.reshape(-1, c, p, p)
    return F.conv2d(cut, weight, bias).reshape(*patches.shape[:2], d)
    """,
    """
    x = patches.unflatten(2, weight.shape[1:])
    return torch.einsum("bncpq,dcpq->bnd", x, weight) + bias
    """,
    "return torch.stack([(patches * w.reshape(-1)).sum(-1) + b for w, b in zip(weight, bias)], dim=-1)",
    """
    out = patches.new_empty(patches.shape[0], patches.shape[1], len(bias))
    for i in range(len(patches)):
        for j in range(patches.shape[1]):
            for k in range(len(bias)):
                out[i, j, k] = patches[i, j].dot(weight[k].flatten()) + bias[k]
    return out
    """,
]
RIGHT = [
    (signature, body)
    for signature, bodies in {
        "patchify(images, patch_size)": PATCHIFY,
        "unpatchify(patches, patch_size, img_size)": UNPATCHIFY,
        "project_patches(patches, weight, bias)": PROJECT_PATCHES,
    }.items()
    for body in bodies
]


@pytest.mark.parametrize(("signature", "body"), RIGHT)
def test_other_right_answers_pass(signature, body):
    text = body.strip("\n") if body.startswith("\n") else f"    {body}"
    result = check(answer(f"def {signature}:\n{text}\n"))
    assert result.passed, result.message
