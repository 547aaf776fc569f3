"""Lesson 06: right answers that are written in another way than the package's pass."""

from __future__ import annotations

import pytest
from answers import answer

from vitcourse.exercises.check import check

CLASS_ATTENTION_MAP = [
    "return attention[:, :, 0, 1:].reshape(*attention.shape[:2], *grid)",
    'return rearrange(attention[:, :, 0, 1:], "b h (r c) -> b h r c", r=grid[0])',
    "return torch.stack([A[:, 0, 1:].view(-1, *grid) for A in attention])",
    "return attention.narrow(2, 0, 1).narrow(3, 1, grid[0] * grid[1]).squeeze(2).unflatten(-1, grid)",
]
ROLLOUT = [
    """
    A = torch.stack(list(maps)).mean(dim=2)
    A = A + torch.eye(A.shape[-1], dtype=A.dtype, device=A.device)
    A = A / A.sum(dim=-1, keepdim=True)
    R = A[0]
    for layer in A[1:]:
        R = layer @ R
    return R
    """,
    """
    R = torch.eye(maps[0].shape[-1]).to(maps[0]).repeat(len(maps[0]), 1, 1)
    for A in maps:
        R = 0.5 * R + 0.5 * torch.einsum("bij,bjk->bik", A.mean(1), R)
    return R
    """,
    """
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    layers = [(identity + A.mean(dim=1)) / 2 for A in maps]
    R = layers.pop()
    while layers:
        R = torch.bmm(R, layers.pop())
    return R
    """,
    """
    out = []
    for image in range(len(maps[0])):
        R = torch.eye(maps[0].shape[-1]).to(maps[0])
        for A in maps:
            R = (torch.eye(len(R)).to(R) / 2 + sum(A[image]) / len(A[image]) / 2).matmul(R)
        out.append(R)
    return torch.stack(out)
    """,
]
ATTENTION_DISTANCE = [
    """
    places = torch.cartesian_prod(torch.arange(float(grid[0])), torch.arange(float(grid[1]))).to(attention.device)
    a = attention[:, :, 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * torch.cdist(places, places)).sum(dim=-1).mean(dim=-1)
    """,
    """
    rows, cols = grid
    number = torch.arange(rows * cols, device=attention.device)
    y, x = number // cols, number % cols
    d = ((y[:, None] - y) ** 2 + (x[:, None] - x) ** 2).to(attention.dtype).sqrt()
    a = attention[..., 1:, 1:]
    return torch.einsum("bhij,ij->bh", a / a.sum(-1, keepdim=True), d) / (rows * cols)
    """,
    """
    rows, cols = grid
    total = 0
    for i in range(rows * cols):
        row = attention[:, :, 1 + i, 1:]
        row = row / row.sum(dim=-1, keepdim=True)
        for j in range(rows * cols):
            total = total + row[:, :, j] * math.dist((i // cols, i % cols), (j // cols, j % cols))
    return total / (rows * cols)
    """,
    """
    ys, xs = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    p = torch.stack([ys.flatten(), xs.flatten()], dim=-1).to(attention)
    d = (p[:, None] - p[None]).norm(dim=-1)
    a = F.normalize(attention[:, :, 1:, 1:], p=1, dim=-1)
    return (a * d).sum(-1).mean(-1)
    """,
]
RIGHT = [
    (signature, body)
    for signature, bodies in {
        "class_attention_map(attention, grid)": CLASS_ATTENTION_MAP,
        "rollout(maps)": ROLLOUT,
        "attention_distance(attention, grid)": ATTENTION_DISTANCE,
    }.items()
    for body in bodies
]


@pytest.mark.parametrize(("signature", "body"), RIGHT)
def test_other_right_answers_pass(signature, body):
    text = body.strip("\n") if body.startswith("\n") else f"    {body}"
    result = check(answer(f"def {signature}:\n{text}\n"))
    assert result.passed, result.message


LOOP = """
    I = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    R = I.expand(len(maps[0]), -1, -1)
    for A in maps:
        M = 0.5 * I + 0.5 * A.mean(dim=1)
        R = M @ R
    return R
"""
MEASURED = """
    places = torch.cartesian_prod(torch.arange(float(grid[0])), torch.arange(float(grid[1]))).to(attention)
    d = torch.cdist(places, places)
    a = attention[:, :, 1:, 1:]
    a = a / a.sum(dim=-1, keepdim=True)
    return (a * d).sum(dim=-1).mean(dim=-1)
"""
# Wrong answers that are not edits of the references, and what each is called: a misconception, or what fails.
WRONG = {
    "class_attention_map(attention, grid)": {
        "class token not cut off": "    return attention[:, :, 0].unflatten(-1, grid)",
        "class token not cut off, reshaped": "    return attention[:, :, 0].view(*attention.shape[:2], *grid)",
        "index on the heads' axis": "    return attention[:, 0, :, 1:].unflatten(-1, grid)",
        "first image's maps alone": "    return attention[0][:, 0, 1:].unflatten(-1, grid)",
        "another token's row": "    return attention[:, :, -1, 1:].unflatten(-1, grid)",
        "looks at itself": "    return torch.diagonal(attention, 0, 2, 3)[..., 1:].unflatten(-1, grid)",
    },
    "rollout(maps)": {
        "result transposed": LOOP.replace("return R", "return R.transpose(1, 2)"),
        "no skip connection + layers in reverse order": LOOP.replace("M = 0.5 * I + 0.5 * A", "M = A").replace(
            "M @ R", "R @ M"
        ),
        "halves": LOOP.replace("0.5 * I", "0.9 * I").replace("0.5 * A", "0.1 * A"),
        "a second softmax": LOOP.replace("dim=1)", "dim=1).softmax(-1)"),
        "equal shares for the identity": LOOP.replace("0.5 * I", "0.5 / len(I)"),
        "diagonal set to one half": LOOP.replace("0.5 * I + 0.5 * A", "A").replace(
            "R = M", "M.diagonal(dim1=1, dim2=2).fill_(0.5)\n        R = M"
        ),
        "last layer again and again": LOOP.replace("0.5 * A.", "0.5 * maps[-1]."),
        "columns of each layer brought to sum 1": LOOP.replace("R = M @", "R = (M / M.sum(dim=1, keepdim=True)) @"),
    },
    "attention_distance(attention, grid)": {
        "rounded down": MEASURED.replace("cdist(places, places)", "cdist(places, places).long()"),
        "rounded": MEASURED.replace("cdist(places, places)", "cdist(places, places).round()"),
        "mean over all tokens": MEASURED.replace("mean(dim=-1)", "sum(dim=-1) / attention.shape[-1]"),
        "in patches": MEASURED.replace("return (", "return 1 / math.hypot(*grid) * ("),
        "sums along the wrong axis": MEASURED.replace("a.sum(dim=-1, keepdim=True)", "a.sum(dim=-1)[:, :, None]"),
        "sums without their axis": MEASURED.replace("a.sum(dim=-1, keepdim=True)", "a.sum(dim=-1)"),
        "heads averaged first": MEASURED.replace("attention[:, :,", "attention.mean(1)[:,"),
        "precision": MEASURED.replace("keepdim=True)", "keepdim=True).add(1e-3)"),
    },
}
WRONG_ONES = [(signature, name, body) for signature, bodies in WRONG.items() for name, body in bodies.items()]


@pytest.mark.parametrize(("signature", "name", "body"), WRONG_ONES, ids=[f"{s}: {n}" for s, n, _ in WRONG_ONES])
def test_wrong_answers_from_elsewhere_are_named(signature, name, body):
    body = body.strip("\n")
    result = check(answer(f"def {signature}:\n{body}\n"))
    assert result.passed is False
    assert (result.diagnosis or result.failed or "").startswith(name), result.message
