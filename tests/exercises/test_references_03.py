"""Lesson 03: references against PyTorch and the package, right answers in other words, wrong ones of strangers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from answers import answer
from equivalent_03 import EQUIVALENT
from mutants import mutants
from torch.testing import assert_close

from vitcourse import TransformerBlock
from vitcourse.exercises.bank.layer_norm import layer_norm
from vitcourse.exercises.bank.pre_norm_block import pre_norm_block
from vitcourse.exercises.catalog import find
from vitcourse.exercises.check import check
from vitcourse.exercises.judge import is_right
from vitcourse.exercises.observe import RAISED
from vitcourse.exercises.variants import compiled, whole_source

SIGNATURES = {
    "sincos_2d": "(rows, cols, dim)",
    "relative_bias": "(table, rows, cols)",
    "layer_norm": "(x, weight, bias, eps)",
    "pre_norm_block": "(x, norm1, attention, norm2, mlp)",
}


@pytest.fixture(autouse=True)
def one_thread():
    """On a busy machine threads wait for one another a hundred times longer than these small products take."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("eps", [1e-6, 0.1])
def test_layer_norm_is_that_of_pytorch(shape, eps):
    torch.manual_seed(0)
    x, weight, bias = 3 + torch.randn(shape), torch.randn(5), torch.randn(5)
    assert_close(layer_norm(x, weight, bias, eps), F.layer_norm(x, (5,), weight, bias, eps))


def test_pre_norm_block_is_transformer_block():
    torch.manual_seed(0)
    block, x = TransformerBlock(embed_dim=8, num_heads=2), torch.randn(2, 3, 8)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter)
    assert_close(pre_norm_block(x, block.norm1, block.attention, block.norm2, block.mlp), block(x))


def written(name, body):
    text = "\n".join(f"    {line}" if line else "" for line in body.strip("\n").split("\n"))
    return answer(f"def {name}{SIGNATURES[name]}:\n{text}\n", name)


RIGHT = {
    "sincos_2d": [
        """
out = torch.zeros(rows*cols, dim)
for r in range(rows):
    for c in range(cols):
        for k in range(dim//4):
            w = 10000 ** (-4*k/dim)
            p = r*cols+c
            out[p,k]=math.sin(r*w); out[p,dim//4+k]=math.cos(r*w)
            out[p,dim//2+k]=math.sin(c*w); out[p,3*dim//4+k]=math.cos(c*w)
return out
""",
        """
omega = 1. / 10000 ** (torch.arange(dim // 4) / (dim / 4.))
y, x = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")
y = y.flatten()[:, None] * omega[None, :]
x = x.flatten()[:, None] * omega[None, :]
return torch.cat((y.sin(), y.cos(), x.sin(), x.cos()), dim=1)
""",
        """
k = torch.arange(0, dim // 2, 2, dtype=torch.float32)
omega = torch.exp(-math.log(10000.0) * k / (dim // 2))
def axis(n):
    a = torch.einsum("m,d->md", torch.arange(n).float(), omega)
    return torch.hstack([torch.sin(a), torch.cos(a)])
return torch.cat([axis(rows).repeat_interleave(cols, 0), axis(cols).repeat(rows, 1)], dim=1)
""",
        """
import numpy as np
omega = 10000.0 ** (-4 * np.arange(dim // 4) / dim)
grid = np.stack(np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij")).reshape(2, -1)
parts = []
for c in grid:
    a = np.outer(c, omega)
    parts += [np.sin(a), np.cos(a)]
return torch.from_numpy(np.concatenate(parts, axis=1)).float()
""",
        """
p = torch.arange(rows * cols)
w = 10000 ** (-torch.linspace(0, 1, dim // 4 + 1)[:-1])
a, b = (p // cols)[:, None] * w, (p % cols)[:, None] * w
return torch.cat([a.sin(), a.cos(), b.sin(), b.cos()], -1)
""",
    ],
    "relative_bias": [
        """
n = rows * cols
p = torch.arange(n)
dr = p[:, None] // cols - p[None] // cols
dc = p[:, None] % cols - p[None] % cols
idx = (dr + rows - 1) * (2 * cols - 1) + dc + cols - 1
m = idx.max() + 1
full = torch.zeros(n + 1, n + 1, dtype=torch.long)
full[1:, 1:] = idx
full[0, :] = table.shape[1] - 3
full[:, 0] = table.shape[1] - 2
full[0, 0] = table.shape[1] - 1
return table[:, full]
""",
        """
n = rows * cols
out = torch.zeros(len(table), n + 1, n + 1, dtype=table.dtype, device=table.device)
for q in range(n):
    for k in range(n):
        a, b = q // cols - k // cols, q % cols - k % cols
        out[:, q + 1, k + 1] = table[:, (a + rows - 1) * (2 * cols - 1) + b + cols - 1]
out[:, 0, 1:] = table[:, -3, None]
out[:, 1:, 0] = table[:, -2, None]
out[:, 0, 0] = table[:, -1]
return out
""",
        """
coords = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")).flatten(1)
rel = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
rel[:, :, 0] += rows - 1
rel[:, :, 1] += cols - 1
rel[:, :, 0] *= 2 * cols - 1
idx = F.pad(rel.sum(-1), (1, 0, 1, 0))
L = table.size(1)
idx[0, 0:] = L - 3
idx[0:, 0] = L - 2
idx[0, 0] = L - 1
return table.T[idx.view(-1)].view(*idx.shape, -1).permute(2, 0, 1).contiguous()
""",
        """
h = table.shape[0]
grid = table[:, :-3].reshape(h, 2 * rows - 1, 2 * cols - 1)
r, c = torch.arange(rows), torch.arange(cols)
dr, dc = r[:, None] - r + rows - 1, c[:, None] - c + cols - 1
b = grid[:, dr[:, None, :, None], dc[None, :, None, :]].reshape(h, rows * cols, rows * cols)
n = rows * cols
top = table[:, -3:-2, None].expand(h, 1, n)
left = table[:, -2:-1, None].expand(h, n, 1)
corner = table[:, -1:, None]
return torch.cat([torch.cat([corner, top], 2), torch.cat([left, b], 2)], 1)
""",
        """
grid = table[:, :-3].unflatten(1, (2 * rows - 1, 2 * cols - 1))
per_query = [grid[:, r:r + rows, c:c + cols].flip(1, 2).flatten(1) for r in range(rows) for c in range(cols)]
bias = F.pad(torch.stack(per_query, 1), (1, 0, 1, 0))
bias[:, 0] = table[:, -3, None]
bias[:, :, 0] = table[:, -2, None]
bias[:, 0, 0] = table[:, -1]
return bias
""",
    ],
    "layer_norm": [
        """
mean = x.mean(-1, keepdim=True)
std = torch.sqrt(torch.var(x, dim=-1, keepdim=True, unbiased=False) + eps)
return weight * (x - mean) / std + bias
""",
        """
var, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
return torch.addcmul(bias, (x - mean) * torch.rsqrt(var + eps), weight)
""",
        """
d = x.shape[-1]
mu = x.sum(-1)[..., None] / d
c = x - mu
var = (c * c).sum(-1)[..., None] / d
return c / torch.sqrt(var + eps) * weight + bias
""",
        """
flat = x.reshape(-1, x.shape[-1])
rows = []
for r in flat:
    c = r - r.mean()
    rows.append(c * (c.pow(2).mean() + eps) ** -0.5 * weight + bias)
return torch.stack(rows).reshape(x.shape)
""",
        """
c = x - x.mean(-1, True)
v = torch.einsum("...d,...d->...", c, c) / x.size(-1)
return torch.einsum("...d,...,d->...d", c, (v + eps).rsqrt(), weight) + bias
""",
        """
m = x.mean(axis=-1, keepdims=True)
s = x.std(dim=-1, keepdim=True, unbiased=False)
return weight * ((x - m) / (s ** 2 + eps).sqrt()) + bias
""",
        """
x = x - x.mean(dim=-1, keepdim=True)
x = x / torch.sqrt((x ** 2).mean(dim=-1, keepdim=True) + eps)
return weight * x + bias
""",
    ],
    "pre_norm_block": [
        """
h = x + attention(norm1(x))
return h + mlp(norm2(h))
""",
        """
a = norm1(x)
a = attention(a)
x = torch.add(x, a)
m = mlp(norm2(x))
return m + x
""",
        """
residual = x
x = norm1(x)
x = attention(x)
x = residual + x
residual = x
x = norm2(x)
x = mlp(x)
return residual + x
""",
        """
for norm, branch in ((norm1, attention), (norm2, mlp)):
    x = x + branch(norm(x))
return x
""",
        """
x = x.clone()
x = x + attention(norm1(x))
out = mlp(norm2(x))
out = out + x
return out
""",
        """
a = attention(norm1(x))
return x + a + mlp(norm2(x + a))
""",
    ],
}


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, bodies in RIGHT.items() for body in bodies])
def test_other_right_answers_pass(name, body):
    result = check(written(name, body))
    assert result.passed, result.message


# Wrong answers that are in no bank, and what is said of them: the diagnosis, or a piece of the message.
FOREIGN = {
    "sincos_2d": [
        (
            """
omega = 10000 ** (-4*torch.arange(dim//4)/dim)
r=torch.arange(rows).repeat_interleave(cols).float(); c=torch.arange(cols).repeat(rows).float()
y=r[:,None]*omega; x=c[:,None]*omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1).half().float()
""",
            "in half precision on the way",
        ),
        (
            """
omega = 10000 ** (-4*torch.arange(dim//4).flip(0)/dim)
r=torch.arange(rows).repeat_interleave(cols).float(); c=torch.arange(cols).repeat(rows).float()
y=r[:,None]*omega; x=c[:,None]*omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "frequencies from slow to fast",
        ),
        (
            """
omega = 10000 ** (-4*torch.arange(dim//4)/dim)
r=torch.arange(rows).repeat_interleave(cols).float(); c=torch.arange(cols).repeat(rows).float()
r=r/(rows-1)*2*torch.pi; c=c/(cols-1)*2*torch.pi
y=r[:,None]*omega; x=c[:,None]*omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "coordinates from 0 to 2 pi, divided by 0",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4)/(dim//4-1))
r=torch.arange(rows).repeat_interleave(cols).float(); c=torch.arange(cols).repeat(rows).float()
y=r[:,None]*omega; x=c[:,None]*omega
return torch.cat([x.sin(), x.cos(), y.sin(), y.cos()], 1)
""",
            "as in vit-pytorch",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
x, y = torch.meshgrid(torch.arange(cols), torch.arange(rows), indexing="ij")
y = y.flatten()[:, None] * omega; x = x.flatten()[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "column by column",
        ),
        (
            """
omega = 10000 ** (torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "From channel to channel the codes become wilder",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols)[:, None] / omega; x = (p%cols)[:, None] / omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "From channel to channel the codes become wilder",
        ),
        (
            """
omega = 1000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Order and coordinates are right: at each",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//rows)[:, None] * omega; x = (p%rows)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "rows that end too early",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//rows)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Frequencies and channels are right: each of",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols - (rows-1)/2)[:, None] * omega; x = (p%cols - (cols-1)/2)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Frequencies and channels are right: each of",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.stack([y.sin(), y.cos(), x.sin(), x.cos()], 2).flatten(1)
""",
            "Each position has its right numbers, but its",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), y.sin(), y.cos()], 1)
""",
            "Frequencies and channels are right: each of",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
omega = omega.flip(0)
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "frequencies from slow to fast",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
a = torch.arange(rows)[:, None]*omega; b = torch.arange(cols)[:, None]*omega
a = torch.cat([a.sin(), a.cos()],1); b = torch.cat([b.sin(), b.cos()],1)
return torch.cat([a.repeat(cols,1), b.repeat(rows,1)],1)
""",
            "Frequencies and channels are right: each of",
        ),
        (
            """
omega = 10000 ** (-torch.arange(dim//4) / (dim/4))
a = torch.arange(rows)[:, None]*omega; b = torch.arange(cols)[:, None]*omega
a = torch.cat([a.sin(), a.cos()],1); b = torch.cat([b.sin(), b.cos()],1)
return torch.cat([a.repeat_interleave(cols,0), b.repeat_interleave(rows,0)],1)
""",
            "Frequencies and channels are right: each of",
        ),
        (
            """
omega = 10000 ** (-4*torch.arange(1, dim//4+1) / dim)
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Order and coordinates are right: at each",
        ),
        (
            """
omega = 10000 ** (-4*torch.arange(dim//4) / dim)
p = torch.arange(rows*cols)
y = torch.deg2rad((p//cols)[:, None] * omega); x = torch.deg2rad((p%cols)[:, None] * omega)
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Order and coordinates are right: at each",
        ),
        (
            """
out = torch.zeros(rows*cols, dim)
for r in range(rows):
    for c in range(cols):
        for k in range(dim//4):
            w = 10000 ** (-2*k/dim)
            p = r*cols+c
            out[p,2*k]=math.sin(r*w); out[p,2*k+1]=math.cos(r*w)
            out[p,dim//2+2*k]=math.sin(c*w); out[p,dim//2+2*k+1]=math.cos(c*w)
return out
""",
            "sines and cosines interleaved + frequencies of a single axis",
        ),
        (
            """
out = torch.zeros(rows*cols, dim)
for r in range(rows):
    for c in range(cols):
        for k in range(dim//4):
            w = 10000 ** (-4*k/dim)
            p = (r*rows+c) % (rows*cols)
            out[p,k]=math.sin(r*w); out[p,dim//4+k]=math.cos(r*w)
            out[p,dim//2+k]=math.sin(c*w); out[p,3*dim//4+k]=math.cos(c*w)
return out
""",
            "it should be",
        ),
        (
            """
k = torch.arange(dim//4)
omega = 10000. ** -4 * k / dim
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1)
""",
            "Order and coordinates are right: at each",
        ),
        (
            """
k = torch.arange(dim//4)
omega = 10000. ** (-4 * k / dim)
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y, x], 1).sin() + torch.cat([y, x], 1).cos()
""",
            "Your result has shape",
        ),
        (
            """
k = torch.arange(dim//2)
omega = 10000. ** (-2 * k / dim)
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return torch.cat([y.sin(), x.cos()], 1)
""",
            "sine of the row, cosine of the column",
        ),
        (
            """
k = torch.arange(dim//4)
omega = 10000. ** (-4 * k / dim)
p = torch.arange(rows*cols)
y = (p//cols)[:, None] * omega; x = (p%cols)[:, None] * omega
return F.normalize(torch.cat([y.sin(), y.cos(), x.sin(), x.cos()], 1), dim=1)
""",
            "times what they should be",
        ),
    ],
    "relative_bias": [
        (
            """
n = rows*cols; p = torch.arange(n)
r, c = p//cols, p%cols
dr = r[None] - r[:, None] + rows - 1; dc = c[None] - c[:, None] + cols - 1
idx = dr*(2*cols-1) + dc
return F.pad(table[:, idx], (1,0,1,0))
""",
            "key minus query + class token without bias",
        ),
        (
            """
n = rows*cols
out = table.new_zeros(len(table), n+1, n+1)
for q in range(1, n):
    for k in range(1, n):
        dr = (q-1)//cols - (k-1)//cols + rows-1
        dc = (q-1)%cols - (k-1)%cols + cols-1
        out[:, q, k] = table[:, dr*(2*cols-1)+dc]
out[:, 0, 1:] = table[:, -3, None]
out[:, 1:, 0] = table[:, -2, None]
out[:, 0, 0] = table[:, -1]
return out
""",
            "Some of your numbers are 0, and no entry of",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
r, c = p//rows, p%rows
dr = r[:, None] - r[None] + rows - 1; dc = c[:, None] - c[None] + cols - 1
idx = dr*(2*cols-1) + dc
L = table.shape[1]
full = torch.zeros(n+1, n+1, dtype=torch.long)
full[1:, 1:] = idx
full[0, 1:] = L-3
full[1:, 0] = L-2
full[0, 0] = L-1
return table[:, full]
""",
            "rows of the grid taken for its columns",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
r, c = p//cols, p%cols
dr = r[:, None] - r[None] + cols - 1; dc = c[:, None] - c[None] + rows - 1
idx = dr*(2*cols-1) + dc
L = table.shape[1]
full = torch.zeros(n+1, n+1, dtype=torch.long)
full[1:, 1:] = idx
full[0, 1:] = L-3
full[1:, 0] = L-2
full[0, 0] = L-1
return table[:, full]
""",
            "shifts exchanged",
        ),
        (
            """
grid = table[:, :-3].unflatten(1, (2 * rows - 1, 2 * cols - 1))
b = grid.unfold(1, rows, 1).unfold(2, cols, 1).reshape(len(table), rows*cols, rows*cols)
bias = F.pad(b, (1, 0, 1, 0))
bias[:, 0] = table[:, -3, None]
bias[:, :, 0] = table[:, -2, None]
bias[:, 0, 0] = table[:, -1]
return bias
""",
            "coordinates added",
        ),
        (
            """
n = rows*cols
out = table.new_zeros(len(table), n+1, n+1)
for q in range(1, n+1):
    for k in range(1, n+1):
        dr = q//cols - k//cols + rows-1
        dc = q%cols - k%cols + cols-1
        out[:, q, k] = table[:, dr*(2*cols-1)+dc]
out[:, 0, 1:] = table[:, -3, None]
out[:, 1:, 0] = table[:, -2, None]
out[:, 0, 0] = table[:, -1]
return out
""",
            "tokens taken for patches",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
r, c = p//cols, p%cols
dr = r[None] - r[:, None] + rows - 1; dc = c[None] - c[:, None] + cols - 1
idx = dr*(2*cols-1) + dc
L = table.shape[1]
full = torch.zeros(n+1, n+1, dtype=torch.long)
full[1:, 1:] = idx
full[0, 1:] = L-3
full[1:, 0] = L-2
full[0, 0] = L-2
return table[:, full]
""",
            "key minus query + corner from column 0",
        ),
        (
            """
coords = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")).flatten(1)
rel = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
rel[:, :, 0] += rows - 1
rel[:, :, 0] *= 2 * cols - 1
idx = F.pad(rel.sum(-1), (1, 0, 1, 0))
L = table.size(1)
idx[0, 0:] = L - 3
idx[0:, 0] = L - 2
idx[0, 0] = L - 1
return table[:, idx]
""",
            "columns not moved",
        ),
        (
            """
coords = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")).flatten(1)
rel = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
rel[:, :, 0] += rows - 1
rel[:, :, 1] += cols - 1
rel[:, :, 0] *= 2 * cols - 1
idx = F.pad(rel.sum(-1), (1, 0, 1, 0))
L = table.size(1)
idx[0, 0:] = L - 3
idx[0:, 0] = L - 2
return table[:, idx]
""",
            "corner from column 0",
        ),
        (
            """
coords = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="xy")).flatten(1)
rel = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0).contiguous()
rel[:, :, 0] += rows - 1
rel[:, :, 1] += cols - 1
rel[:, :, 0] *= 2 * cols - 1
idx = F.pad(rel.sum(-1), (1, 0, 1, 0))
L = table.size(1)
idx[0, 0:] = L - 3
idx[0:, 0] = L - 2
idx[0, 0] = L - 1
return table[:, idx]
""",
            "patches numbered column by column",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad(dr*(2*cols-1) + dc + rows - 1 + cols - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "Between patches every pair reads an entry that",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//rows - p[None]//rows; dc = p[:, None]%rows - p[None]%rows
idx = F.pad((dr+cols-1)*(2*rows-1) + dc + rows - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "table read column by column + patches numbered column by column",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows-1)*(2*cols-1) + dc + cols - 1, (1,0,1,0))
return table[:, idx]
""",
            "class token reads entry 0",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows-1)*(2*cols-1) + dc + cols - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0] = L - 1; idx[0, :] = L - 3; idx[:, 0] = L - 2
return table[:, idx]
""",
            "corner from column 0",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = (p[:, None]//cols - p[None]//cols).abs(); dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows-1)*(2*cols-1) + dc + cols - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "Patches with different offsets read the same",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[None]%cols - p[:, None]%cols
idx = F.pad((dr+rows-1)*(2*cols-1) + dc + cols - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "columns: key minus query",
        ),
        (
            """
b = vc.relative_bias(table, rows, cols)
return b.transpose(1, 2)
""",
            "keys by queries",
        ),
        (
            """
b = vc.relative_bias(table, rows, cols)
return b.mean(0, keepdim=True).expand_as(b)
""",
            "Some of your numbers are no entries of that",
        ),
        (
            """
b = vc.relative_bias(table, rows, cols)
return b[:1].expand_as(b)
""",
            "Some of your numbers are no entries of that",
        ),
        (
            """
b = vc.relative_bias(table, rows, cols)
return b.softmax(-1)
""",
            "Some of your numbers are no entries of that",
        ),
        (
            """
b = vc.relative_bias(table, rows, cols)
return b[0]
""",
            "Your result has shape",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows-1)*(2*rows-1) + dc + cols - 1, (1,0,1,0))
L = table.size(1)
idx[0, 0:] = L - 2; idx[0:, 0] = L - 3; idx[0, 0] = L - 1
return table[:, idx]
""",
            "stride from the rows + class token's entries exchanged",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows)*(2*cols-1) + dc + cols - 1, (1,0,1,0)) 
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "rows moved by one too many",
        ),
        (
            """
n = rows*cols; p = torch.arange(n)
dr = p[:, None]//cols - p[None]//cols; dc = p[:, None]%cols - p[None]%cols
idx = F.pad((dr+rows-1)*(2*cols+1) + dc + cols - 1, (1,0,1,0)).clamp(max=table.size(1)-1)
L = table.size(1)
idx[0, 0:] = L - 3; idx[0:, 0] = L - 2; idx[0, 0] = L - 1
return table[:, idx]
""",
            "Patches with different offsets read the same",
        ),
        (
            """
grid = table[:, :-3].unflatten(1, (2 * rows - 1, 2 * cols - 1))
per_query = [grid[:, r:r + rows, c:c + cols].flatten(1) for r in range(rows) for c in range(cols)]
bias = F.pad(torch.stack(per_query, 1), (1, 0, 1, 0))
bias[:, 0] = table[:, -3, None]
bias[:, :, 0] = table[:, -2, None]
bias[:, 0, 0] = table[:, -1]
return bias
""",
            "coordinates added",
        ),
        ("return vc.relative_bias(table, rows, cols).float()", "Your result is float32"),
    ],
    "layer_norm": [
        (
            """
m=x.mean(-1,keepdim=True)
v=x.var(-1,unbiased=False,keepdim=True)
mu=m
return (x-mu)/(torch.sqrt(v+eps)*weight)+bias
""",
            "divided by the weight",
        ),
        (
            """
m=x.mean(-1,keepdim=True)
v=x.var(-1,unbiased=False,keepdim=True)
return (x-m)/torch.sqrt(v)+eps*weight+bias
""",
            "eps times the weight",
        ),
        (
            """
m=x.mean((-2,-1),keepdim=True)
v=x.var((-2,-1),unbiased=False,keepdim=True)
return (x-m)/(v+eps).sqrt()*weight+bias
""",
            "over the last two axes",
        ),
        (
            """
m=x.mean(2,keepdim=True)
v=x.var(2,unbiased=False,keepdim=True)
return (x-m)/(v+eps).sqrt()*weight+bias
""",
            "over axis 2",
        ),
        (
            """
b,t,d = x.shape
m=x.mean(-1,keepdim=True)
v=((x-m)**2).sum(-1,keepdim=True)/d
return (x-m)/(v+eps).sqrt()*weight+bias
""",
            "three axes expected",
        ),
        ("return F.instance_norm(x, eps=eps)*weight+bias", "instance norm"),
        (
            """
std = x.std(dim=-1, keepdim=True)
return (x - x.mean(-1, keepdim=True)) / (std + eps) * weight + bias
""",
            "unbiased variance + eps outside the root",
        ),
        (
            """
std = x.std(dim=-1, keepdim=True, unbiased=False)
return (x - x.mean(-1, keepdim=True)) / (std + eps) * weight + bias
""",
            "eps outside the root",
        ),
        (
            """
mean = x.mean(-1)
var = x.var(-1, unbiased=False)
return (x - mean) / torch.sqrt(var + eps) * weight + bias
""",
            "keepdim forgotten",
        ),
        ("return F.layer_norm(x, x.shape[-1:], weight, bias)", "a fixed eps of 1e-5"),
        ("return F.layer_norm(x, x.shape[1:], eps=eps) * weight + bias", "over the whole image"),
        (
            """
x = x - x.mean(-1, keepdim=True)
return x / torch.sqrt((x**2).mean(-1, keepdim=True)) + eps * weight + bias
""",
            "eps times the weight",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps**2) * weight + bias
""",
            "The mean is taken away rightly, but the numbers",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) * torch.sqrt(v + eps) * weight + bias
""",
            "The mean is taken away rightly, but the numbers",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m / torch.sqrt(v + eps)) * weight + bias
""",
            "only the mean divided",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return x - m / torch.sqrt(v + eps) * weight + bias
""",
            "only the mean divided and scaled",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps) * (1 + weight) + bias
""",
            "one added to the weight",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return ((x - m) / torch.sqrt(v + eps)).clamp(-2, 2) * weight + bias
""",
            "Take `weight` and `bias` back out of your",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (m - x) / torch.sqrt(v + eps) * weight + bias
""",
            "mean minus x",
        ),
        (
            """
m = x.median(-1, keepdim=True).values; v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps) * weight + bias
""",
            "median",
        ),
        (
            """
m = x.mean(-2, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps) * weight + bias
""",
            "Take `weight` and `bias` back out of your",
        ),
        (
            """
m = x.mean(); v = x.var()
return (x - m) / torch.sqrt(v + eps) * weight + bias
""",
            "Take `weight` and `bias` back out of your",
        ),
        (
            """
with torch.no_grad():
    m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps) * weight + bias
""",
            "radient",
        ),
        (
            """
lo = x.min(-1, keepdim=True).values; hi = x.max(-1, keepdim=True).values
return (x - lo) / (hi - lo + eps) * weight + bias
""",
            "smallest to 0, largest to 1",
        ),
        (
            "return F.normalize(x - x.mean(-1, keepdim=True), dim=-1) * weight + bias",
            "divided by the length",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return (x - m) / torch.sqrt(v + eps) @ weight + bias
""",
            "It raises",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = ((x - m)**2).sum(-1, keepdim=True) / (x.shape[-1] - 1)
return (x - m) / torch.sqrt(v + eps) * weight
""",
            "unbiased variance + bias forgotten",
        ),
        (
            """
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return weight * (x - m) / torch.sqrt(v - eps) + bias
""",
            "The mean is taken away rightly, but the numbers",
        ),
        (
            """
x = x.float()
m = x.mean(-1, keepdim=True); v = x.var(-1, keepdim=True, unbiased=False)
return weight * (x - m) / torch.sqrt(v + eps) + bias
""",
            "Your numbers are right to about seven digits",
        ),
        (
            """
x -= x.mean(-1, keepdim=True)
x /= torch.sqrt(x.square().mean(-1, keepdim=True) + eps)
x *= weight
x += bias
return x
""",
            "radient",
        ),
        (
            """
m = x.mean(1, keepdim=True); v = x.var(2, keepdim=True, unbiased=False)
return weight * (x - m) / torch.sqrt(v + eps) + bias
""",
            "Take `weight` and `bias` back out of your",
        ),
    ],
    "pre_norm_block": [
        (
            """
y = x+attention(norm1(x))
return x+mlp(norm1(y))
""",
            "second sum from x, through norm1",
        ),
        (
            """
x=norm1(x+attention(x))
return norm2(mlp(x))
""",
            "post-norm, no skip connection around the MLP",
        ),
        ("return x + attention(norm1(x))", "the MLP's half is missing"),
        ("return x + mlp(norm2(x))", "the attention's half is missing"),
        (
            """
x = x + mlp(norm1(x))
return x + mlp(norm2(x))
""",
            "MLP in the attention's place",
        ),
        (
            """
x = x + attention(norm1(x))
return x + norm2(x)
""",
            "MLP left out of its half",
        ),
        (
            """
h=norm1(x)
x = x + attention(h,h,h)[0]
return x+mlp(norm2(x))
""",
            "three arguments for the attention",
        ),
        (
            """
h=norm1(x)
x = x + attention(h)[0]
return x+mlp(norm2(x))
""",
            "attention of the first image alone",
        ),
        ("return x + mlp(norm2(attention(norm1(x))))", "one residual around both"),
        (
            """
x = x + norm1(attention(x))
return x + norm2(mlp(x))
""",
            "norm behind the branches",
        ),
        (
            """
x = x + attention(norm1(x))
return norm2(x + mlp(x))
""",
            "result of the MLP normalized",
        ),
        (
            """
x = norm1(x + attention(x))
return x + mlp(norm2(x))
""",
            "result of the attention normalized",
        ),
        (
            """
n = norm1(x)
x = x + attention(n)
return x + mlp(n)
""",
            "branches side by side + norm1 for both",
        ),
        (
            """
n = norm1(x)
a = attention(n)
return x + a + mlp(norm2(a))
""",
            "MLP reads the attention's output alone",
        ),
        (
            """
x = attention(norm1(x)) + mlp(norm2(x))
return x
""",
            "Here attention and MLP return zeros: nothing is",
        ),
        (
            """
residual = x
x = attention(norm1(x)) + residual
x = mlp(norm2(x)) + residual
return x
""",
            "second sum from the first x",
        ),
        (
            """
x += attention(norm1(x))
x += mlp(norm2(x))
return x
""",
            "which belongs to the caller",
        ),
        (
            """
x = x + attention(norm1(x))
x = x + mlp(norm2(x))
""",
            "Is there a `return`",
        ),
        (
            """
x = x + attention(norm1(x))
x = x + mlp(norm2(x)) + x
return x
""",
            "Here attention and MLP return zeros: nothing is",
        ),
        (
            """
x = x + attention(norm1(x))
return norm2(x + mlp(norm2(x)))
""",
            "normalized once more at the end",
        ),
        ("return x + mlp(attention(norm1(x)))", "Here the MLP returns zeros, and your block re"),
        (
            """
x = x * attention(norm1(x))
return x * mlp(norm2(x))
""",
            "multiplied by the attention + multiplied by the MLP",
        ),
        (
            """
x = x + attention(norm1(x)).detach()
return x + mlp(norm2(x))
""",
            "radient",
        ),
        (
            """
x = (x + attention(norm1(x))) / 2
return (x + mlp(norm2(x))) / 2
""",
            "Here attention and MLP return zeros: nothing is",
        ),
        (
            """
x = x + attention(x)
x = norm1(x)
x = x + mlp(x)
return x
""",
            "no norm before the MLP + result of the attention normalized",
        ),
        (
            """
x = torch.cat([x, attention(norm1(x))], dim=-1)
return x
""",
            "Your result has shape",
        ),
        (
            """
x = norm1(x)
a = x + attention(x)
b = norm2(a)
return a + mlp(b)
""",
            "attention added to the normed tokens",
        ),
        (
            """
a = norm1(x) + attention(norm1(x))
return norm2(a) + mlp(norm2(a))
""",
            "branches added to the normed tokens",
        ),
        (
            """
h = x + attention(norm1(x))
return x + h + mlp(norm2(h))
""",
            "x added twice",
        ),
        (
            """
h = x + attention(norm1(x))
return h + mlp(h)
""",
            "no norm before the MLP",
        ),
        (
            """
h = x + mlp(norm1(x))
return h + attention(norm2(h))
""",
            "MLP before attention + norms exchanged",
        ),
        (
            """
h = x - attention(norm1(x))
return h - mlp(norm2(h))
""",
            "attention subtracted + MLP subtracted",
        ),
    ],
}


@pytest.mark.parametrize(("name", "body", "said"), [(name, *pair) for name, pairs in FOREIGN.items() for pair in pairs])
def test_foreign_wrong_answers_are_told_what_they_are(name, body, said):
    result = check(written(name, body))
    assert result.passed is False
    assert said == result.diagnosis or said in result.message


def test_only_what_the_corner_overwrites_is_spared():
    """`1 -> 1 - 1` stands for several mutants in the list of equivalent ones; two of them are the same function."""
    exercise, spared = find("relative_bias"), []
    assert ("relative_bias", "1 -> 1 - 1") in EQUIVALENT
    for change, source in mutants(whole_source(exercise)):
        if change.startswith("1 -> 1 - 1 #"):
            try:
                right = is_right(exercise, compiled(exercise, source))
            except RAISED:
                right = False
            spared += [source] if right else []
    assert len(spared) == 2
    assert all("with_class[0, 1 - 1:]" in source or "with_class[1 - 1:, 0]" in source for source in spared)
