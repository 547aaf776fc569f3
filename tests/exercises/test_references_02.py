"""Lesson 02: the references against PyTorch, and right answers that are written in another way."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from answers import answer
from torch import nn
from torch.testing import assert_close

from vitcourse.exercises.bank.multi_head_attention import multi_head_attention
from vitcourse.exercises.catalog import find
from vitcourse.exercises.check import check


def test_multi_head_attention_is_pytorchs_layer():
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(12, 3, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    nn.init.normal_(theirs.out_proj.bias)
    x = torch.randn(2, 5, 12)
    weights = theirs.in_proj_weight, theirs.in_proj_bias, theirs.out_proj.weight, theirs.out_proj.bias
    assert_close(multi_head_attention(x, *weights, 3), theirs(x, x, x)[0])


def test_attention_weights_are_what_pytorchs_function_takes_by():
    q, k = find("attention_weights").probes[0].arguments().values()
    identity = torch.eye(k.shape[-2], dtype=k.dtype).expand(*k.shape[:2], -1, -1)
    assert_close(find("attention_weights").reference(q, k), F.scaled_dot_product_attention(q, k, identity))


ATTENTION_WEIGHTS = [
    "return F.softmax(q @ k.mT / math.sqrt(q.size(-1)), dim=-1)",
    """
    d = torch.tensor(q.shape[-1])
    return torch.softmax(torch.matmul(q, k.transpose(-1, -2)) / torch.sqrt(d), -1)
    """,
    "return torch.einsum('...qd,...kd->...qk', q * q.shape[-1] ** -0.5, k).softmax(-1)",
    """
    scores = torch.matmul(q, k.transpose(-2, -1)) / k.shape[-1] ** 0.5
    e = torch.exp(scores - scores.max(dim=-1, keepdim=True).values)
    return e / e.sum(dim=-1, keepdim=True)
    """,
    """
    scores = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(-1) / q.shape[-1] ** 0.5
    return (scores - scores.logsumexp(dim=-1, keepdim=True)).exp()
    """,
    """
    if q.ndim > 2:
        return torch.stack([attention_weights(a, b) for a, b in zip(q, k)])
    rows = [torch.stack([query @ key for key in k]) for query in q]
    return torch.stack([(row / len(query) ** 0.5).softmax(0) for row, query in zip(rows, q)])
    """,
    "return ((q / q.shape[-1] ** 0.25) @ (k / k.shape[-1] ** 0.25).swapaxes(-1, -2)).softmax(dim=-1)",
    """
    s = q @ k.mT / q.shape[-1] ** 0.5
    return 1 / (s.unsqueeze(-2) - s.unsqueeze(-1)).exp().sum(-1)
    """,
]
SPLIT_HEADS = [
    "return x.view(x.shape[0], x.shape[1], num_heads, -1).transpose(1, 2)",
    """
    b, n, d = x.shape
    return x.reshape(b, n, num_heads, d // num_heads).permute(0, 2, 1, 3).contiguous()
    """,
    "return torch.stack(x.chunk(num_heads, dim=-1), dim=1)",
    "return x.unflatten(-1, (num_heads, -1)).swapaxes(1, 2)",
    """
    size = x.shape[-1] // num_heads
    heads = [x[:, None, :, i * size : (i + 1) * size] for i in range(num_heads)]
    return torch.cat(heads, dim=1)
    """,
    """
    b, n, d = x.shape
    out = x.new_zeros(b, num_heads, n, d // num_heads)
    for i in range(d):
        out[:, i * num_heads // d, :, i % (d // num_heads)] = x[:, :, i]
    return out
    """,
]
MERGE_HEADS = [
    "return x.transpose(1, 2).flatten(2)",
    "return torch.cat(x.unbind(1), dim=-1)",
    """
    b, h, n, d = x.shape
    return x.permute(0, 2, 1, 3).contiguous().view(b, n, h * d)
    """,
    "return torch.cat([x[:, i] for i in range(x.shape[1])], dim=2)",
    "return torch.einsum('bhnd->bnhd', x).reshape(x.shape[0], x.shape[2], -1)",
]
MULTI_HEAD_ATTENTION = [
    """
    q, k, v = (vc.split_heads(part, num_heads) for part in F.linear(x, qkv_weight, qkv_bias).chunk(3, dim=-1))
    return F.linear(vc.merge_heads(F.scaled_dot_product_attention(q, k, v)), out_weight, out_bias)
    """,
    """
    b, n, d = x.shape
    qkv = (x @ qkv_weight.T + qkv_bias).reshape(b, n, 3, num_heads, d // num_heads).permute(2, 0, 3, 1, 4)
    q, k, v = qkv[0], qkv[1], qkv[2]
    a = (q @ k.transpose(-2, -1) * (d // num_heads) ** -0.5).softmax(dim=-1)
    return (a @ v).transpose(1, 2).reshape(b, n, d) @ out_weight.T + out_bias
    """,
    """
    w_q, w_k, w_v = qkv_weight.chunk(3)
    b_q, b_k, b_v = qkv_bias.chunk(3)
    size = x.shape[-1] // num_heads
    out = out_bias
    for i in range(num_heads):
        rows = slice(i * size, (i + 1) * size)
        q, k, v = x @ w_q[rows].T + b_q[rows], x @ w_k[rows].T + b_k[rows], x @ w_v[rows].T + b_v[rows]
        out = out + vc.attention_weights(q, k) @ v @ out_weight[:, rows].T
    return out
    """,
    """
    q, k, v = rearrange(F.linear(x, qkv_weight, qkv_bias), "b n (three h d) -> three b h n d", three=3, h=num_heads)
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.shape[-1])
    out = torch.einsum("bhqk,bhkd->bqhd", F.softmax(scores, dim=-1), v)
    return F.linear(out.flatten(2), out_weight, out_bias)
    """,
    """
    attended = []
    for tokens in x:
        q, k, v = (tokens @ qkv_weight.T + qkv_bias).split(x.shape[-1], dim=1)
        heads = zip(*(part.chunk(num_heads, dim=1) for part in (q, k, v)))
        attended.append(torch.cat([(a @ b.T / a.shape[1] ** 0.5).softmax(1) @ c for a, b, c in heads], dim=1))
    return torch.stack(attended) @ out_weight.T + out_bias
    """,
]
OTHER_WAYS = [
    (name, body)
    for name, bodies in {
        "attention_weights": ATTENTION_WEIGHTS,
        "split_heads": SPLIT_HEADS,
        "merge_heads": MERGE_HEADS,
        "multi_head_attention": MULTI_HEAD_ATTENTION,
    }.items()
    for body in bodies
]


def written(name, body):
    lines = "\n".join(f"    {line}" for line in _dedented(body))
    return answer(f"def {name}{find(name).stub}:\n{lines}\n", name)


def _dedented(body):
    lines = body.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return [line[indent:] for line in lines]


@pytest.mark.parametrize(("name", "body"), OTHER_WAYS)
def test_other_right_answers_pass(name, body):
    result = check(written(name, body))
    assert result.passed, result.message


def test_the_package_s_layer_in_one_call_is_not_counted():
    body = """
    layer = vc.MultiHeadAttention(embed_dim=x.shape[-1], num_heads=num_heads).to(x.dtype)
    weights = {"qkv.weight": qkv_weight, "qkv.bias": qkv_bias}
    weights |= {"projection.weight": out_weight, "projection.bias": out_bias}
    return torch.func.functional_call(layer, weights, x)
    """
    result = check(written("multi_head_attention", body))
    assert result.passed is None
    assert "not yours" in result.message


def test_pytorchs_layer_in_one_call_is_named():
    body = """
    out = F.multi_head_attention_forward(
        *[x.transpose(0, 1)] * 3, x.shape[-1], num_heads, qkv_weight, qkv_bias, None, None, False, 0.0,
        out_weight, out_bias, need_weights=False,
    )[0]
    return out.transpose(0, 1)
    """
    result = check(written("multi_head_attention", body))
    assert result.passed
    assert "multi_head_attention_forward" in result.message
