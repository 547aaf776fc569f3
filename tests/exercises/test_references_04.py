"""Lesson 04: the mended model against the package's, all that is left of its five mistakes, other right answers."""

from __future__ import annotations

import ast
import time
from itertools import combinations
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from answers import answer
from torch import nn
from torch.testing import assert_close

from vitcourse import VisionTransformer
from vitcourse.exercises import judge as judging
from vitcourse.exercises.bank.repair_vit import BROKEN, EXERCISE, FIVE, repair_vit
from vitcourse.exercises.check import check
from vitcourse.exercises.guarded import guarded
from vitcourse.exercises.variants import variant

LESSON = Path(__file__).parents[2] / "lessons/04_full_model.py"


def random_model(**sizes):
    torch.manual_seed(0)
    model = VisionTransformer(patch_size=4, num_classes=7, **sizes)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model.eval()


@pytest.mark.parametrize("heads", [1, 2, 3])
def test_the_mended_model_is_the_model(heads):
    model = random_model(img_size=(8, 20), in_channels=2, embed_dim=18, depth=3, num_heads=heads, mlp_ratio=2.0)
    images = torch.randn(4, 2, 8, 20)
    assert_close(repair_vit(images, model), model(images), rtol=1e-4, atol=1e-4)


SUBSETS = [some for size in range(1, 6) for some in combinations(FIVE, size)]


@pytest.mark.parametrize("left", SUBSETS, ids=["".join(str(FIVE.index(m) + 1) for m in some) for some in SUBSETS])
def test_what_is_left_of_the_five_is_recognised_within_a_second(left, monkeypatch):
    monkeypatch.setattr(judging, "SECONDS", 30.0)  # of the clock, which runs on while other processes work
    function = variant(EXERCISE, *left)
    for remembered in (judging.right, judging.answer_of, judging.seen_of):
        remembered.cache_clear()
    with guarded(seconds=60):
        started = time.thread_time()
        verdict = judging.judge(EXERCISE, function)
        seconds = time.thread_time() - started
    assert verdict.diagnosis == " + ".join(m.name for m in left)
    assert seconds < 1.0


def test_there_are_31_of_them():
    assert len(SUBSETS) == 31


def broken(*mistakes):
    return variant(EXERCISE, *mistakes)


@pytest.mark.parametrize("mistakes", [*((m,) for m in FIVE), FIVE], ids=[*(m.name for m in FIVE), "all five"])
def test_a_broken_model_keeps_every_shape_and_learns(mistakes):
    """The exercise says so. The task: which of four patches is bright?"""
    torch.manual_seed(0)
    model = VisionTransformer(
        img_size=8, patch_size=4, in_channels=1, num_classes=4, embed_dim=12, depth=2, num_heads=3, mlp_ratio=2.0
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        labels = torch.randint(4, (32,))
        bright = F.one_hot(labels, 4).float().reshape(32, 1, 2, 2)
        images = F.interpolate(bright, scale_factor=4) + 0.5 * torch.randn(32, 1, 8, 8)
        logits = broken(*mistakes)(images, model)
        assert logits.shape == (32, 4)
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) / 5 < losses[0] - 0.3


def test_the_symptoms_are_true():
    """What the messages of the five say can be seen."""
    model = random_model(img_size=(8, 20), in_channels=1, embed_dim=18, depth=2, num_heads=3, mlp_ratio=2.0)
    images = torch.randn(2, 1, 8, 20)
    position, heads, scale, residual, norm = FIVE
    broken(position)(images, model).sum().backward()
    assert model.positions.grad[:, 0].abs().sum() == 0 < model.positions.grad[:, 1:].abs().sum()
    model.zero_grad()
    broken(norm)(images, model).sum().backward()
    assert all(block.norm2.weight.grad is None or block.norm2.weight.grad.abs().sum() == 0 for block in model.blocks)
    alone = random_model(img_size=(8, 20), in_channels=1, embed_dim=18, depth=2, num_heads=1, mlp_ratio=2.0)
    for mistake in (heads, scale):
        assert_close(broken(mistake)(images, alone), alone(images), rtol=1e-4, atol=1e-4)
        assert (broken(mistake)(images, model) - model(images)).abs().max() > 0.01
    with torch.no_grad():
        for block in model.blocks:
            for layer in (block.attention.projection, block.mlp.contract):
                nn.init.zeros_(layer.weight), nn.init.zeros_(layer.bias)
        assert_close(model(images), model.classifier(model.norm(model.embed(images)))[:, 0])
        assert (broken(residual)(images, model) - model(images)).abs().max() > 0.01


def test_the_lesson_gives_the_broken_source():
    stub = next(
        node
        for node in ast.parse(LESSON.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == "repair_vit"
    )
    (given,) = ast.parse(BROKEN).body
    assert ast.get_docstring(stub)
    assert list(map(ast.dump, stub.body[1:])) == list(map(ast.dump, given.body))


def test_the_broken_source_reads_not_attempted():
    result = check(answer(BROKEN.replace("model: Any", "model"), "repair_vit"))
    assert result.passed is None
    assert "not attempted" in result.heading


@pytest.mark.parametrize("call", ["model(images)", "model.classifier(model.encode(model.embed(images))[:, 0])"])
def test_the_model_does_not_do_the_work(call):
    result = check(answer(f"def repair_vit(images, model):\n    return {call}"))
    assert result.passed is False
    assert "as a whole" in result.message


RIGHT = {
    "embed_tokens": (
        "return torch.cat((class_token.repeat(patches.shape[0], 1, 1), patches), dim=1) + positions",
        """
    first = (class_token + positions[:, :1]).expand(patches.size(0), -1, -1)
    return torch.cat((first, patches + positions[:, 1:]), dim=-2)
        """,
        """
    tokens = patches.new_empty(len(patches), patches.shape[1] + 1, patches.shape[2])
    tokens[:, 0] = class_token[0, 0]
    tokens[:, 1:] = patches
    return tokens + positions
        """,
        "return torch.stack([torch.vstack([class_token[0], image]) + positions[0] for image in patches])",
    ),
    "count_parameters": (
        """
    total = 0
    for p in model.parameters():
        total += math.prod(p.shape)
    return total
        """,
        "return sum(p.numel() for _, p in model.named_parameters())",
        "return sum(p.nelement() for p in {id(p): p for p in model.parameters()}.values())",
        "return nn.utils.parameters_to_vector(model.parameters()).numel()",
    ),
    "interpolate_positions": (
        """
    rows, cols = old_grid
    extra = positions.shape[1] - rows * cols
    grid = positions[:, extra:].reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
    grid = F.interpolate(grid, size=new_grid, mode="bicubic", antialias=True)
    grid = grid.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[-1]).to(positions.dtype)
    return torch.cat((positions[:, :extra], grid), 1)
        """,
        """
    rows, cols = old_grid
    extra = positions.shape[1] - rows * cols
    grid = positions[:, extra:].float().mT.contiguous().view(1, -1, rows, cols)
    grid = F.interpolate(grid, new_grid, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat((positions[:, :extra], grid.flatten(2).mT.type_as(positions)), 1)
        """,
        """
    rows, cols = old_grid
    extra = positions.shape[1] - rows * cols
    planes = [
        F.interpolate(plane.float().reshape(1, 1, rows, cols), new_grid, mode="bicubic", antialias=True)
        for plane in positions[:, extra:].unbind(2)
    ]
    resized = torch.stack([plane.flatten() for plane in planes], -1)[None].to(positions.dtype)
    return torch.cat((positions[:, :extra], resized), 1)
        """,
    ),
    "repair_vit": (
        """
    x = vc.embed_tokens(model.patch_embedding(images), model.class_token, model.positions)
    for block in model.blocks:
        q, k, v = block.attention.queries_keys_values(block.norm1(x))
        x = x + block.attention.projection(vc.merge_heads(F.scaled_dot_product_attention(q, k, v)))
        x = x + block.mlp(block.norm2(x))
    return model.head(model.pool(model.norm(x)))
        """,
        """
    patches = model.patch_embedding.projection(images).flatten(2).mT
    first = (model.class_token + model.positions[:, :1]).expand(len(images), -1, -1)
    x = torch.cat([first, patches + model.positions[:, 1:]], 1)
    for block in model.blocks:
        layer = block.attention
        q, k, v = rearrange(layer.qkv(block.norm1(x)), "b n (t h d) -> t b h n d", t=3, h=layer.num_heads)
        w = (torch.einsum("bhid,bhjd->bhij", q, k) * q.shape[-1] ** -0.5).softmax(-1)
        x = x + layer.projection(rearrange(w @ v, "b h n d -> b n (h d)"))
        x = x + block.mlp.contract(block.mlp.activation(block.mlp.expand(block.norm2(x))))
    return model.classifier(model.norm(x[:, 0]))
        """,
        """
    patches = rearrange(model.patch_embedding.projection(images), "b d r c -> b (r c) d")
    x = torch.cat([model.class_token.expand(len(images), -1, -1), patches], dim=1) + model.positions
    for block in model.blocks:
        h, parts = block.norm1(x), []
        q, k, v = block.attention.qkv(h).split(h.shape[-1], dim=-1)
        width = h.shape[-1] // block.attention.num_heads
        for i in range(block.attention.num_heads):
            own = slice(i * width, (i + 1) * width)
            scores = q[..., own] @ k[..., own].mT / math.sqrt(width)
            parts.append(torch.softmax(scores, dim=2) @ v[..., own])
        x = x + block.attention.projection(torch.cat(parts, dim=-1))
        x = x + block.mlp(block.norm2(x))
    return model.classifier(model.norm(x)[:, 0])
        """,
    ),
}
ARGUMENTS = {
    "embed_tokens": "patches, class_token, positions",
    "count_parameters": "model",
    "interpolate_positions": "positions, old_grid, new_grid",
    "repair_vit": "images, model",
}


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in RIGHT.items() for body in bodies])
def test_another_right_answer_passes(name, body):
    text = f"def {name}({ARGUMENTS[name]}):\n    {body.strip()}"
    result = check(answer(text, name))
    assert result.passed, result.message
