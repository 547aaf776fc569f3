"""Patches: cutting, putting together, embedding; rectangles throughout, so that no axis can stand in for another."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from vitcourse.errors import as_pair, check_images, require_patches_fit
from vitcourse.patches import PatchEmbedding, patchify, unpatchify

# batch, channels, rows and columns of patches, height and width of a patch: all different.
BATCH, CHANNELS, ROWS, COLS, P, Q = 2, 3, 4, 5, 6, 7
IMG_SIZE = (ROWS * P, COLS * Q)


def images(dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.rand(BATCH, CHANNELS, *IMG_SIZE, dtype=dtype, generator=torch.Generator().manual_seed(0))


def test_each_patch_is_the_slice_of_its_place_flattened_by_channel_row_and_column():
    x = images()
    patches = patchify(x, (P, Q))
    assert patches.shape == (BATCH, ROWS * COLS, CHANNELS * P * Q)
    for row in range(ROWS):
        for col in range(COLS):
            cut = x[:, :, row * P : (row + 1) * P, col * Q : (col + 1) * Q]
            assert torch.equal(patches[:, row * COLS + col], cut.flatten(1))


def test_an_int_is_a_square_patch():
    x = images()[:, :, :, : 2 * P]
    assert torch.equal(patchify(x, P), patchify(x, (P, P)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("patch_size", [(P, Q), (1, 1), IMG_SIZE, (2, 7), (12, 1)])
def test_unpatchify_is_the_exact_inverse(dtype, patch_size):
    x = images(dtype)
    back = unpatchify(patchify(x, patch_size), patch_size, IMG_SIZE)
    assert back.dtype == dtype
    assert torch.equal(back, x)


def test_patchify_is_the_exact_inverse_of_unpatchify():
    rows = torch.rand(BATCH, ROWS * COLS, CHANNELS * P * Q)
    assert torch.equal(patchify(unpatchify(rows, (P, Q), IMG_SIZE), (P, Q)), rows)


def test_patches_are_those_of_pytorchs_unfold():
    x = images()
    assert torch.equal(patchify(x, (P, Q)), F.unfold(x, (P, Q), stride=(P, Q)).transpose(1, 2))


def test_neither_changes_its_input():
    x = images()
    before = x.clone()
    patches = patchify(x, (P, Q))
    kept = patches.clone()
    unpatchify(patches, (P, Q), IMG_SIZE)
    assert torch.equal(x, before)
    assert torch.equal(patches, kept)


def test_gradients_flow_through_both():
    x = images(torch.float64)[:, :, : 2 * P, : 2 * Q].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: patchify(x, (P, Q)), x)
    rows = torch.rand(1, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda rows: unpatchify(rows, (1, 2), (2, 4)), rows)


def test_embedding_is_a_linear_map_on_flattened_patches():
    torch.manual_seed(0)
    embedding = PatchEmbedding(img_size=IMG_SIZE, patch_size=(P, Q), in_channels=CHANNELS, embed_dim=8).double()
    x = images(torch.float64)
    weight, bias = embedding.projection.weight, embedding.projection.bias
    assert_close(embedding(x), F.linear(patchify(x, (P, Q)), weight.flatten(1), bias))


def test_embedding_tells_its_grid_and_counts_its_parameters():
    embedding = PatchEmbedding(img_size=IMG_SIZE, patch_size=(P, Q), in_channels=CHANNELS, embed_dim=8)
    assert embedding.grid == (ROWS, COLS)
    assert embedding(images()).shape == (BATCH, ROWS * COLS, 8)
    assert sum(p.numel() for p in embedding.parameters()) == (CHANNELS * P * Q + 1) * 8


def test_embedding_is_the_patch_embedding_of_timm():
    timm_layers = pytest.importorskip("timm.layers")
    torch.manual_seed(0)
    theirs = timm_layers.PatchEmbed(img_size=IMG_SIZE, patch_size=(P, Q), in_chans=CHANNELS, embed_dim=8)
    ours = PatchEmbedding(img_size=IMG_SIZE, patch_size=(P, Q), in_channels=CHANNELS, embed_dim=8)
    ours.projection.load_state_dict(theirs.proj.state_dict())
    assert_close(ours(images()), theirs(images()))


def test_valid_sizes_pass_the_checks():
    assert as_pair("patch_size", 4) == (4, 4)
    assert as_pair("patch_size", (4, 7)) == (4, 7)
    require_patches_fit((28, 35), (4, 7))
    check_images(torch.zeros(1, 3, 8, 9), in_channels=3, img_size=(8, 9))
    check_images(torch.zeros(1, 3, 8, 9, dtype=torch.bfloat16))
