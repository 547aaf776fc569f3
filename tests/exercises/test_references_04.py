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
from vitcourse.exercises.variants import edited, source, variant

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


WHOLE = ("model(images)", "model.classifier(model.encode(model.embed(images))[:, 0])")


@pytest.mark.parametrize("call", [*WHOLE, "model.head(model.classifier.weight)", "model.pool(model.positions)"])
def test_the_model_does_not_do_the_work(call):
    result = check(answer(f"def repair_vit(images, model):\n    return {call}"))
    assert result.passed is False
    assert "a whole part of the model" in result.message


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
    return model.classifier(model.norm(x).select(1, 0))
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


# Wrong answers of strangers, and what is said of them: the diagnosis, or a piece of the message.
FOREIGN = {
    "embed_tokens": [
        ("return torch.cat([class_token, patches], 1) + positions", "class token not repeated"),
        ("return torch.cat([class_token, patches], 0) + positions", "joined along the images"),
        (
            """
x = patches.clone()
x[:, :1] = class_token
return x + positions
""",
            "one row too few for the positions",
        ),
        (
            """
x=torch.cat([class_token.expand(len(patches), -1, -1), patches], 1)
return torch.cat([x, positions.expand(len(x),-1,-1)], -1)
""",
            "positions joined along the channels",
        ),
        (
            "return torch.cat([class_token.expand_as(patches), patches], 1) + positions",
            "as many class tokens as patches",
        ),
        ("return torch.stack([class_token.expand(len(patches), -1, -1), patches], 1) + positions", "stacked"),
        ("return F.pad(patches, (0,0,1,0)) + class_token + positions", "class token added to every token"),
        ("return F.pad(patches, (0,0,1,0), value=1.0) + positions", "ones for the class token"),
        (
            "return torch.cat([patches + positions[:, 1:], class_token.expand(len(patches), -1, -1)], 1)",
            "class token last, without a position",
        ),
    ],
    "count_parameters": [
        (
            """
model.eval()
return sum(p.numel() for p in model.parameters())
""",
            "puts the model into evaluation mode",
        ),
        (
            """
model.float()
return sum(p.numel() for p in model.parameters())
""",
            "casts the model to float32",
        ),
        (
            """
sum(p.sum() for p in model.parameters() if p.requires_grad).backward()
return sum(p.numel() for p in model.parameters())
""",
            "leaves gradients behind",
        ),
        (
            """
for p in model.parameters(): p.requires_grad_(True)
return sum(p.numel() for p in model.parameters())
""",
            "thaws the model",
        ),
        (
            "return sum(__import__('math').prod(s) for s in {p.shape for p in model.parameters()})",
            "equal shapes counted once",
        ),
        ("return sum({p.numel() for p in model.parameters()})", "equal sizes counted once"),
        (
            """
layers = [m for m in model.modules() if hasattr(m, "weight")]
biases = [m.bias for m in layers if getattr(m, "bias", None) is not None]
return sum(m.weight.numel() for m in layers) + sum(b.numel() for b in biases)
""",
            "children alone",
        ),
        ("return int(sum(p.sum() for p in model.parameters()))", "Your count is the sum of the weights' values"),
        ("return int(sum((p != 0).sum() for p in model.parameters()))", "zeros left out"),
        ("return sum(p.numel() for n, p in model.named_parameters() if 'weight' in n)", "what is called weight"),
        (
            """
layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.LayerNorm, nn.Conv2d))]
return sum(p.numel() for m in layers for p in m.parameters())
""",
            "Your count is right for some kinds of layers",
        ),
        ("return sum(p.shape[0]*p.shape[-1] for p in model.parameters())", "first axis times the last"),
        (
            """
trained = [p for p in model.parameters() if p.requires_grad]
return sum(p.numel() for p in [*trained, *model.buffers()])
""",
            "frozen ones left out, buffers counted",
        ),
    ],
    "interpolate_positions": [
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, scale_factor=(new_grid[0]/rows, new_grid[1]/cols), mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "sizes from a factor",
        ),
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, scale_factor=((new_grid[0]+0.1)/rows, (new_grid[1]+0.1)/cols), mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "sizes from a factor, 0.1 added",
        ),
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 2, 1).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "old picture transposed",
        ),
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, cols, rows, -1).permute(0, 3, 2, 1).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 3, 2, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "column by column, in and out",
        ),
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic")
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pos, pre], dim=1)
""",
            "class token behind the patches + no antialiasing",
        ),
        (
            """
rows, cols = old_grid
k = 1
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "one row before the grid, always",
        ),
        (
            """
rows, cols = old_grid
k = 0
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "no row before the grid, ever",
        ),
        (
            """
rows, cols = old_grid
k = max(1, positions.shape[1] - rows * cols)
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "It is right for one or two rows before the g",
        ),
        (
            """
rows, cols = old_grid
k = 1
rows = cols = int((positions.shape[1]-1)**0.5)
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=new_grid, mode="bicubic")
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "as in DeiT",
        ),
        (
            """
rows, cols = old_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.pad(pos, (0, new_grid[1]-cols, 0, new_grid[0]-rows))
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "Each number of yours is one of the old ones,",
        ),
        (
            """
rows, cols = new_grid
k = positions.shape[1] - rows * cols
pre, pos = positions[:, :k], positions[:, k:]
pos = pos.reshape(1, rows, cols, -1).permute(0, 3, 1, 2).float()
pos = F.interpolate(pos, size=old_grid, mode="bicubic", antialias=True)
pos = pos.permute(0, 2, 3, 1).reshape(1, -1, positions.shape[2]).to(positions.dtype)
return torch.cat([pre, pos], dim=1)
""",
            "grids exchanged",
        ),
    ],
}


@pytest.mark.parametrize(("name", "body", "said"), [(name, *pair) for name, pairs in FOREIGN.items() for pair in pairs])
def test_a_foreign_wrong_answer_is_told_what_it_is(name, body, said):
    lines = "\n".join(f"    {line}" for line in body.strip().split("\n"))
    result = check(answer(f"def {name}({ARGUMENTS[name]}):\n{lines}\n", name))
    assert result.passed is False
    assert said == result.diagnosis or said in result.message


HALF_MENDED = (
    ("reshape(batch, tokens, heads, dim // heads).transpose(1, 2)", "reshape(batch, tokens, heads, dim // heads)"),
    ("F.gelu(block.mlp.expand(h))", 'F.gelu(block.mlp.expand(h), approximate="tanh")'),
    ("model.class_token.expand(batch, 1, dim)", "model.class_token"),
    ("+ model.positions", "+ model.positions.detach()"),
)
SAID = (
    "heads not moved before the tokens",
    "GELU by its approximation",
    "class token not repeated",
    "positions outside the graph",
)


@pytest.mark.parametrize(("edit", "said"), zip(HALF_MENDED, SAID, strict=True), ids=SAID)
def test_what_is_mended_by_half_is_told(edit, said):
    text = edited(source(repair_vit), [edit])
    assert check(answer(text.replace("model: Any", "model"), "repair_vit")).diagnosis == said
