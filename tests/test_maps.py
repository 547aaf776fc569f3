"""Recorded attention, and what is made of it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import MultiHeadAttention, TransformerBlock, VisionTransformer, merge_heads
from vitcourse.maps import (
    attention_distance,
    attention_entropy,
    class_attention_map,
    gradient_rollout,
    record_attention,
    rollout,
)

# Rows, columns, heads, layers and batch all differ.
ROWS, COLS, HEADS, DEPTH, BATCH = 3, 4, 2, 5, 6
TOKENS = ROWS * COLS + 1
CONFIG = dict(
    img_size=(6, 12), patch_size=(2, 3), in_channels=1, num_classes=3, embed_dim=16, depth=DEPTH, num_heads=HEADS,
    mlp_ratio=2.0,
)  # fmt: skip


def model_and_images(**options) -> tuple[VisionTransformer, torch.Tensor]:
    torch.manual_seed(0)
    model = VisionTransformer(**CONFIG, **options).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)  # the head and its biases start at zero, which would hide much
    return model, torch.rand(BATCH, 1, 6, 12, dtype=torch.float64)


def hooks_of(model: nn.Module) -> int:
    kinds = ("_forward_pre_hooks", "_forward_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds)


def textbook_logits(model: VisionTransformer, images: torch.Tensor, kept: list[torch.Tensor]) -> torch.Tensor:
    """The model with its attention written out; the weights stay in the graph, so that autograd gives dL/dA."""
    x = model.embed(images)
    bias = None if model.relative is None else model.relative()
    for block in model.blocks:
        inputs = block.norm1(x)
        weights = block.attention.attention_map(inputs, bias)
        weights.retain_grad()
        kept.append(weights)
        values = block.attention.queries_keys_values(inputs)[2]
        x = x + block.attention.projection(merge_heads(weights @ values))
        x = x + block.mlp(block.norm2(x))
    return model.head(model.pool(model.norm(x)))


def known_map(rows: int, cols: int, target, prefix: int = 0) -> torch.Tensor:
    """Each patch looks at one other alone: the cell that ``target(row, col)`` names."""
    tokens = prefix + rows * cols
    attention = torch.zeros(1, 1, tokens, tokens)
    for r in range(rows):
        for c in range(cols):
            row, col = target(r, c)
            attention[0, 0, prefix + r * cols + c, prefix + row * cols + col] = 1
    return attention


# Recording


@pytest.mark.parametrize("pool", ["cls", "mean"])
def test_one_map_per_layer_in_order_with_its_geometry(pool):
    model, images = model_and_images(pool=pool)
    tokens = TOKENS - (pool == "mean")
    with record_attention(model) as maps:
        model(images)
    assert [tuple(m.shape) for m in maps] == [(BATCH, HEADS, tokens, tokens)] * DEPTH
    x = model.embed(images)
    for block, recorded, geometry in zip(model.blocks, maps, maps.geometry, strict=True):
        assert_close(recorded, block.attention.attention_map(block.norm1(x)))
        assert geometry.queries == geometry.keys == (ROWS, COLS, tokens - ROWS * COLS)
        x = block(x)


@pytest.mark.parametrize("position", ["learned", "sincos", "relative", "none"])
def test_map_times_values_is_the_fused_output(position):
    """In every layer, with the bias that relative positions add: it reaches the map through the hook."""
    model, images = model_and_images(position=position)
    inputs, outputs = [], []
    handles = [b.attention.register_forward_hook(lambda m, a, out: outputs.append(out)) for b in model.blocks]
    handles += [b.attention.register_forward_pre_hook(lambda m, a: inputs.append(a[0])) for b in model.blocks]
    with record_attention(model) as maps:
        model(images)
    for handle in handles:
        handle.remove()
    for block, x, weights, fused in zip(model.blocks, inputs, maps, outputs, strict=True):
        values = block.attention.queries_keys_values(x)[2]
        assert_close(block.attention.projection(merge_heads(weights @ values)), fused)
        assert_close(weights.sum(-1), torch.ones_like(weights[..., 0]))


def test_recording_changes_nothing_and_keeps_no_graph():
    model, images = model_and_images()
    plain = model(images)
    with record_attention(model) as maps:
        recorded = model(images)
    assert torch.equal(plain, recorded)
    assert not any(m.requires_grad for m in maps)


@pytest.mark.parametrize("gradients", [False, True])
def test_no_hook_remains_after_the_block_or_an_exception(gradients):
    model, images = model_and_images()
    with record_attention(model, gradients=gradients) as maps:
        assert hooks_of(model) >= DEPTH
        model(images)
    assert hooks_of(model) == 0
    with pytest.raises(RuntimeError, match="stop"), record_attention(model, gradients=gradients):
        raise RuntimeError("stop")
    assert hooks_of(model) == 0
    with pytest.raises(ValueError, match="channels"), record_attention(model, gradients=gradients):
        model(images.expand(-1, 2, -1, -1))
    assert hooks_of(model) == 0
    model(images)
    assert len(maps) == DEPTH


def test_no_hook_remains_when_recording_cannot_begin():
    """The second layer lacks what gradients take; the first has its hooks by then."""

    class Bare(nn.Module):
        def attention_map(self, x):
            return x

    model = nn.Sequential(MultiHeadAttention(embed_dim=8, num_heads=2), Bare())
    with pytest.raises(ValueError, match="Bare lacks queries_keys_values"), record_attention(model, gradients=True):
        pass
    assert hooks_of(model) == 0


@pytest.mark.parametrize("position", ["learned", "relative"])
def test_gradients_equal_autograds_through_the_textbook_path(position):
    model, images = model_and_images(position=position)
    kept: list[torch.Tensor] = []
    textbook_logits(model, images, kept)[:, 1].sum().backward()
    with record_attention(model, gradients=True) as maps:
        logits = model(images)
        assert maps.gradients == [None] * DEPTH
        logits[:, 1].sum().backward()
    for recorded, gradient, expected in zip(maps, maps.gradients, kept, strict=True):
        assert_close(recorded, expected.detach())
        assert_close(gradient, expected.grad)
        assert gradient.abs().max() > 1e-6


@pytest.mark.parametrize("gradients", [False, True])
def test_recording_computes_queries_keys_and_values_once(gradients, monkeypatch):
    """However often it is recorded; and the layer's method is its own again after it."""
    model, images = model_and_images()
    seen = []
    compute = MultiHeadAttention.queries_keys_values
    monkeypatch.setattr(MultiHeadAttention, "queries_keys_values", lambda s, x: (seen.append(s), compute(s, x))[1])
    with record_attention(model, gradients=gradients), record_attention(model):
        model(images)
        model(images)
    assert len(seen) == 2 * DEPTH
    assert not any("queries_keys_values" in vars(block.attention) for block in model.blocks)
    assert hooks_of(model) == 0


def test_recorded_layers_train_as_they_do_alone():
    model, images = model_and_images()
    model(images).sum().backward()
    alone = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    with record_attention(model) as maps:
        model(images).sum().backward()
    assert not any(m.requires_grad for m in maps)
    for parameter, expected in zip(model.parameters(), alone, strict=True):
        assert torch.equal(parameter.grad, expected)


def test_gradients_of_two_runs_stay_apart():
    model, images = model_and_images()
    with record_attention(model, gradients=True) as maps:
        first = model(images)[:, 0].sum()
        second = model(images.flip(3))[:, 2].sum()
        (first + second).backward()
    with record_attention(model, gradients=True) as alone:
        model(images.flip(3))[:, 2].sum().backward()
    assert len(maps) == 2 * DEPTH
    for both, one in zip(maps.gradients[DEPTH:], alone.gradients, strict=True):
        assert_close(both, one)


def test_a_learners_own_class_is_recorded():
    """Anything with an attention_map: another name, another signature, keywords, called inside the package's block."""

    class Mine(nn.Module):
        def attention_map(self, x, bias=None, *, sharpness=1.0):
            return (sharpness * x @ x.transpose(1, 2)).softmax(-1)[:, None]

        def forward(self, x, bias=None, *, sharpness=1.0):
            return self.attention_map(x, bias, sharpness=sharpness)[:, 0] @ x

    torch.manual_seed(0)
    layer, x = Mine(), torch.randn(2, 5, 8)
    with record_attention(layer) as maps:
        layer(x, sharpness=3.0)
    assert_close(maps[0], layer.attention_map(x, sharpness=3.0))
    assert maps.geometry == [None]
    block = TransformerBlock(embed_dim=8, num_heads=2, attention=layer)
    with record_attention(block) as maps:
        block(x)
    assert_close(maps[0], layer.attention_map(block.norm1(x)))


def test_a_model_without_attention_is_refused():
    with (
        pytest.raises(ValueError, match="model=Linear has no module with an attention_map"),
        record_attention(nn.Linear(2, 2)),
    ):
        pass


# From weights to figures


def random_maps(layers: int = DEPTH) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return list(torch.randn(layers, BATCH, HEADS, TOKENS, TOKENS, dtype=torch.float64).softmax(-1))


@pytest.mark.parametrize("residual", [0.0, 0.5, 0.9])
def test_rows_of_rollout_sum_to_one(residual):
    rolled = rollout(random_maps(), residual)
    assert rolled.shape == (BATCH, TOKENS, TOKENS)
    assert (rolled >= 0).all()
    assert_close(rolled.sum(-1), torch.ones(BATCH, TOKENS, dtype=torch.float64))


def test_rollout_multiplies_later_layers_from_the_left():
    maps = random_maps(2)
    mean = [0.5 * torch.eye(TOKENS, dtype=torch.float64) + 0.5 * m.mean(1) for m in maps]
    assert_close(rollout(maps), mean[1] @ mean[0])
    assert not torch.allclose(rollout(maps), mean[0] @ mean[1], atol=1e-3)


def test_rollout_of_attention_to_itself_is_the_identity():
    eye = torch.eye(TOKENS).expand(BATCH, HEADS, -1, -1)
    assert_close(rollout([eye, eye]), eye[:, 0])


def test_gradient_rollout_by_hand():
    maps = random_maps(2)
    gradients = [torch.randn_like(m) for m in maps]
    eye = torch.eye(TOKENS, dtype=torch.float64)
    first, second = ((m * g).relu().mean(1) for m, g in zip(maps, gradients, strict=True))
    assert_close(gradient_rollout(maps, gradients), (eye + second) @ (eye + first))
    assert_close(gradient_rollout(maps, [torch.zeros_like(m) for m in maps]), eye.expand(BATCH, -1, -1))


def test_distance_of_known_maps():
    """Each patch looks at itself, at its neighbor to the right (the last at the first), or at all alike."""
    itself = known_map(ROWS, COLS, lambda r, c: (r, c))
    assert_close(attention_distance(itself, (ROWS, COLS)), torch.zeros(1, 1))
    right = known_map(ROWS, COLS, lambda r, c: (r, (c + 1) % COLS))
    in_patches = torch.tensor([[(3 * 1 + 3) / 4]])  # three steps of 1, and one back over 3 columns
    assert_close(attention_distance(right, (ROWS, COLS)), in_patches)
    assert_close(attention_distance(right, (ROWS, COLS), patch_size=(7, 5)), 5 * in_patches)
    down = known_map(ROWS, COLS, lambda r, c: ((r + 1) % ROWS, c))
    assert_close(attention_distance(down, (ROWS, COLS), patch_size=(7, 5)), torch.tensor([[7 * (1 + 1 + 2) / 3]]))
    diagonal = known_map(2, 2, lambda r, c: (1 - r, 1 - c))
    assert_close(attention_distance(diagonal, (2, 2), patch_size=(3, 4)), torch.tensor([[5.0]]))
    alike = torch.full((1, 1, 3, 3), 1 / 3)
    assert_close(attention_distance(alike, (1, 3)), torch.tensor([[(1 + 2 / 3 + 1) / 3]]))


def test_distance_leaves_the_class_token_out_on_both_sides():
    right = known_map(ROWS, COLS, lambda r, c: (r, (c + 1) % COLS), prefix=1)
    with_class = 0.25 * right
    with_class[..., 0] = 0.75  # most attention goes to the class token
    with_class[..., 0, :] = 1 / TOKENS
    assert_close(attention_distance(with_class, (ROWS, COLS)), attention_distance(right[..., 1:, 1:], (ROWS, COLS)))


def test_the_class_tokens_row_on_the_grid():
    attention = torch.arange(TOKENS * TOKENS, dtype=torch.float32).reshape(1, 1, TOKENS, TOKENS)
    picture = class_attention_map(attention, (ROWS, COLS))
    assert picture.shape == (1, 1, ROWS, COLS)
    assert picture[0, 0].flatten().tolist() == list(range(1, TOKENS))


def test_entropy_of_known_rows():
    rows = torch.tensor([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [0, 0, 0, 1]])
    expected = torch.tensor([0, math.log(4), math.log(2), 0])
    assert_close(attention_entropy(rows[None, None])[0, 0], expected)
