"""Lesson 07's exercises: references against PyTorch, right answers written otherwise, and wrong ones from elsewhere."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from answers import answer
from einops import rearrange
from torch.testing import assert_close

from vitcourse.comparison import neighbor_bias
from vitcourse.exercises.bank.attention_as_convolution import attention_as_convolution
from vitcourse.exercises.bank.conv2d import conv2d
from vitcourse.exercises.catalog import NAMES
from vitcourse.exercises.check import check

pytestmark = pytest.mark.skipif("conv2d" not in NAMES, reason="another lesson's exercises alone")


@pytest.fixture(autouse=True)
def one_thread():
    """Probes are tiny: on a busy machine a second thread costs more than it brings."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 5), (4, 1)])
def test_conv2d_is_pytorchs(stride, padding, kernel):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 8, 11, generator=generator)
    weight, bias = torch.randn(4, 3, *kernel, generator=generator), torch.randn(4, generator=generator)
    assert_close(conv2d(images, weight, bias, stride, padding), F.conv2d(images, weight, bias, stride, padding))


@pytest.mark.parametrize("size", [1, 3, 5])
def test_attention_is_a_convolution_in_the_interior(size):
    generator = torch.Generator().manual_seed(0)
    images, weight = torch.randn(2, 3, 6, 8, generator=generator), torch.randn(4, 3, size, size, generator=generator)
    maps = neighbor_bias(6, 8, size).softmax(dim=-1)
    got = attention_as_convolution(rearrange(images, "n c h w -> n (h w) c"), maps, weight)
    inner = (..., slice(size // 2, 6 - size // 2), slice(size // 2, 8 - size // 2))
    wanted = F.conv2d(images, weight, padding=size // 2)
    assert_close(rearrange(got, "n (h w) f -> n f h w", h=6)[inner], wanted[inner])


CONV = "def conv2d(images, weight, bias, stride, padding):\n"
ERROR = (
    "def equivariance_error(features, images, pixels):\n    from vitcourse.comparison import translate as T\n"
    "    cells = pixels * features(images).shape[-1] / images.shape[-1]\n"
)
ATTENTION = "def attention_as_convolution(pixels, maps, weight):\n"

PLACES = f"""{CONV}
    n, c, h, w = images.shape
    f, _, r, k = weight.shape
    x = images.new_zeros(n, c, h + 2 * padding, w + 2 * padding)
    x[:, :, padding : padding + h, padding : padding + w] = images
    rows, cols = (h + 2 * padding - r) // stride + 1, (w + 2 * padding - k) // stride + 1
    y = images.new_zeros(n, f, rows, cols)
    for i in range(rows):
        for j in range(cols):
            window = x[:, :, i * stride : i * stride + r, j * stride : j * stride + k]
            y[:, :, i, j] = (window[:, None] * weight).sum(dim=(2, 3, 4)) + bias
    return y
"""
ENTRIES = f"""{CONV}
    padded = F.pad(images, (padding, padding, padding, padding))
    r, k = weight.shape[-2:]
    rows, cols = (padded.shape[2] - r) // stride, (padded.shape[3] - k) // stride
    y = bias[None, :, None, None]
    for a in range(r):
        for b in range(k):
            seen = padded[:, :, a : a + stride * rows + 1 : stride, b : b + stride * cols + 1 : stride]
            y = y + torch.einsum("fc, nchw -> nfhw", weight[:, :, a, b], seen)
    return y
"""
COLUMNS = f"""{CONV}
    columns = F.unfold(images, weight.shape[2:], padding=padding, stride=stride)
    rows = (images.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    return (weight.flatten(1) @ columns + bias[:, None]).unflatten(2, (rows, -1))
"""
SEVEN_LOOPS = f"""{CONV}
    n, c, h, w = images.shape
    f, _, r, k = weight.shape
    x = F.pad(images, [padding] * 4)
    rows, cols = (h + 2 * padding - r) // stride + 1, (w + 2 * padding - k) // stride + 1
    y = torch.zeros(n, f, rows, cols, dtype=images.dtype, device=images.device)
    for s in range(n):
        for g in range(f):
            for i in range(rows):
                for j in range(cols):
                    total = bias[g]
                    for d in range(c):
                        for a in range(r):
                            for b in range(k):
                                total = total + weight[g, d, a, b] * x[s, d, i * stride + a, j * stride + b]
                    y[s, g, i, j] = total
    return y
"""


def error(
    before="features(images)",
    after="features(T(images, pixels))",
    moved="T(before, cells)",
    above="(after - moved).norm()",
    below="(before - before.mean(dim=(-2, -1), keepdim=True)).norm()",
    returned="(above / below).item()",
):
    return (
        f"{ERROR}    before, after = {before}, {after}\n    moved = {moved}\n"
        f"    above, below = {above}, {below}\n    return {returned}\n"
    )


def attention(body):
    return f"{ATTENTION}    {body}\n"


def einsum(equation="hqk, nkc, fch -> nqf", maps="maps", pixels="pixels", weight="weight", after=""):
    return attention(f'return torch.einsum("{equation}", {maps}, {pixels}, {weight}.flatten(2)){after}')


RIGHT = {
    "conv2d, a loop over places": PLACES,
    "conv2d, a loop over the kernel": ENTRIES,
    "conv2d, F.unfold": COLUMNS,
    "conv2d, seven loops": SEVEN_LOOPS,
    "conv2d, thinned out at the end": f"""{CONV}
    padded = F.pad(images, [padding] * 4)
    windows = padded.unfold(2, weight.shape[2], 1).unfold(3, weight.shape[3], 1)[:, :, ::stride, ::stride]
    return torch.tensordot(windows, weight, dims=([1, 4, 5], [1, 2, 3])).permute(0, 3, 1, 2) + bias.view(1, -1, 1, 1)
""",
    "error, norms": error(),
    "error, roots of means": error(
        above="(after - moved).pow(2).mean().sqrt()",
        below="before.var(dim=(2, 3), unbiased=False).mean().sqrt()",
        returned="float(above) / float(below)",
    ),
    "error, one image at a time": f"""{ERROR}
    above = below = 0.0
    for image in images.split(1):
        before = features(image)
        above += (features(T(image, pixels)) - T(before, cells)).square().sum().item()
        below += (before - before.mean((2, 3))[..., None, None]).square().sum().item()
    return math.sqrt(above / below)
""",
    "error, without gradients": f"""{ERROR}
    with torch.no_grad():
        before, after = features(images), features(images.roll(pixels, dims=-1))
        rest = cells - math.floor(cells)
        moved = (1 - rest) * before.roll(math.floor(cells), -1) + rest * before.roll(math.floor(cells) + 1, -1)
        flat = before.flatten(2)
        return (torch.dist(after, moved) / torch.linalg.norm(flat - flat.mean(-1, keepdim=True))).item()
""",
    "attention, a loop over heads": f"""{ATTENTION}
    out = 0
    for head in range(len(maps)):
        row, col = divmod(head, weight.shape[-1])
        out = out + maps[head] @ pixels @ weight[:, :, row, col].T
    return out
""",
    "attention, einsum": einsum(),
    "attention, linear": f"""{ATTENTION}
    heads = (maps @ pixels[:, None]).transpose(1, 2).flatten(2)
    return F.linear(heads, weight.permute(0, 2, 3, 1).flatten(1))
""",
    "attention, projected first": attention(
        "return (maps @ (pixels[:, None] @ weight.flatten(2).permute(2, 1, 0))).sum(dim=1)"
    ),
}


@pytest.mark.parametrize("title", RIGHT)
def test_other_right_answers_pass(title):
    result = check(answer(RIGHT[title]))
    assert result.passed, result.message
    assert "PyTorch's own" not in result.message


@pytest.mark.parametrize(
    "body",
    [
        "return F.conv2d(images, weight, bias, stride, padding)",
        "return torch.convolution(images, weight, bias, [stride] * 2, [padding] * 2, [1] * 2, False, [0] * 2, 1)",
        "layer = nn.Conv2d(1, 1, 1, stride, padding)\n    return layer._conv_forward(images, weight, bias)",
    ],
)
def test_pytorchs_own_convolution_passes_with_a_word(body):
    result = check(answer(f"{CONV}    {body}\n"))
    assert result.passed, result.message
    assert "PyTorch's own" in result.message


WINDOW = "window[:, None]"
SUM = "(window[:, None] * weight).sum(dim=(2, 3, 4))"
# Wrong answers that are not edits of the references, and what each is called: a misconception, or what fails.
WRONG: dict[str, tuple[str, str]] = {
    "conv2d, step by one": (
        PLACES.replace("i * stride : i * stride + r", "i : i + r").replace("j * stride : j * stride + k", "j : j + k"),
        "size by the stride, step by one",
    ),
    "conv2d, one place too few": (PLACES.replace("// stride + 1", "// stride"), "last row and column left out"),
    "conv2d, one border counted": (PLACES.replace("2 * padding -", "padding -"), "padding at the beginning alone"),
    "conv2d, no border at the left": (PLACES.replace("padding : padding + w]", ": w]"), "padding 0"),
    "conv2d, turned around": (PLACES.replace(WINDOW, "window.flip(2, 3)[:, None]"), "kernel flipped"),
    "conv2d, turned around and no bias": (
        PLACES.replace(WINDOW, "window.flip(2, 3)[:, None]").replace(" + bias", ""),
        "kernel flipped + no bias",
    ),
    "conv2d, window upside down": (PLACES.replace(WINDOW, "window.flip(2)[:, None]"), "kernel upside down"),
    "conv2d, zeros of the default dtype": (
        PLACES.replace("y = images.new_zeros(", "y = torch.zeros("),
        "float32 always",
    ),
    "conv2d, cast": (
        PLACES.replace("y = images.new", "images, weight = images.float(), weight.float()\n    y = images.new"),
        "float32 always",
    ),
    "conv2d, last entry of the loop": (
        ENTRIES.replace("y = y + torch", "y = bias[None, :, None, None] + torch"),
        "last entry of the kernel only",
    ),
    "conv2d, bias in the loop": (ENTRIES.replace("seen)", "seen) + bias[:, None, None]"), "bias"),
    "conv2d, a border of a half": (
        PLACES.replace("new_zeros(n, c", "new_full((n, c").replace("2 * padding)\n", "2 * padding), 0.5)\n", 1),
        "padding 0",
    ),
    "conv2d, stride and padding exchanged": (
        PLACES.replace("    n, c,", "    stride, padding = padding, stride\n    n, c,"),
        "stride and padding exchanged",
    ),
    "conv2d, channels last": (PLACES.replace("return y", "return y.permute(0, 2, 3, 1)"), "shape"),
    "conv2d, width before height": (PLACES.replace("return y", "return y.mT"), "shape"),
    "conv2d, NumPy": (PLACES.replace("return y", "return y.detach().numpy()"), "kind"),
    "conv2d, no gradient": (PLACES.replace("= images\n", "= images.data\n"), "gradient"),
    "conv2d, writes into the images": (PLACES.replace("return y", "images += 1\n    return y"), "untouched"),
    "conv2d, last channel alone": (PLACES.replace(SUM, f"{SUM[:-20]})[:, :, -1].sum(dim=(2, 3))"), "last channel only"),
    "conv2d, first image alone": (PLACES.replace(WINDOW, "window[:1, None]"), "a batch of one"),
    "conv2d, mean over the images": (PLACES.replace(WINDOW, "window.mean(0)[None, None]"), "batch"),
    "conv2d, bias within the sum": (
        PLACES.replace(SUM + " + bias", "(window[:, None] * weight + bias[:, None, None, None]).sum(dim=(2, 3, 4))"),
        "bias once for each product",
    ),
    "conv2d, square kernels alone": (
        COLUMNS.replace("weight.shape[2:]", "weight.shape[3]"),
        "square images and kernels",
    ),
    "conv2d, rows counted by the width": (
        COLUMNS.replace("images.shape[2]", "images.shape[3]").replace("weight.shape[2])", "weight.shape[3])"),
        "square images and kernels",
    ),
    "conv2d, bias of each window's mean": (PLACES.replace(WINDOW, "(window - window.mean())[:, None]"), "batch"),
    "conv2d, minus the bias": (PLACES.replace("+ bias", "- bias"), "bias subtracted"),
    "conv2d, a border as wide as the stride": (
        COLUMNS.replace("padding=padding", "padding=stride").replace("2 * padding", "2 * stride"),
        "shape",
    ),
    "error, a tensor": (error(returned="above / below"), "kind"),
    "error, moved to the left": (error(after="features(images.roll(-pixels, -1))"), "images moved the other way"),
    "error, images moved down": (error(after="features(images.roll(pixels, -2))"), "exact maps have no error"),
    "error, always patches of 4": (error(moved="T(before, pixels / 4)"), "exact maps have no error"),
    "error, always patches of 2": (error(moved="T(before, pixels / 2)"), "exact maps have no error"),
    "error, cut off at the right": (
        error(after="features(F.pad(images, (pixels, 0))[..., :-pixels])"),
        "images lose what leaves",
    ),
    "error, moved back": (error(after="T(features(T(images, pixels)), -cells)", moved="before"), "moved back"),
    "error, whole cells": (error(moved="before.roll(int(cells), -1)"), "whole cells only"),
    "error, standard deviation": (
        error(below="before.std()"),
        "standard deviation of everything below the line",
    ),
    "error, both maps below": (error(below="before.norm() + after.norm()"), "both maps below the line"),
    "error, the moved map below": (error(below="after.norm()"), "moved map below the line"),
    "error, the mean of all": (error(below="(before - before.mean()).norm()"), "one mean for everything"),
    "error, mean of each row": (
        error(below="(before - before.mean(dim=-1, keepdim=True)).norm()"),
        "mean of each row below the line",
    ),
    "error, largest entries": (
        error(above="(after - moved).abs().max()", below="(before - before.mean()).abs().max()"),
        "one mean for everything",
    ),
    "error, mean absolute, not divided": (
        error(above="(after - moved).abs().mean()", below="torch.tensor(1.0)"),
        "mean difference alone",
    ),
    "error, percent": (error(returned="100 * (above / below).item()"), "scale"),
    "error, rounded": (error(returned="round((above / below).item(), 4)"), "rounded"),
    "error, first image": (
        error(before="features(images[:1])", after="features(T(images[:1], pixels))"),
        "first image only",
    ),
    "error, not moved, mean kept": (
        error(moved="before", below="before.norm()"),
        "map not moved + mean not taken away",
    ),
    "error, by pixels, mean kept": (
        error(moved="T(before, pixels)", below="before.norm()"),
        "map moved by pixels + mean not taken away",
    ),
    "error, nothing returned": (error(returned="None"), "kind"),
    "error, always 0": (f"{ERROR}    return 0.0\n", "constant"),
    "error, both to the left": (
        error(after="features(T(images, -pixels))", moved="T(before, -cells)"),
        "both moved to the left",
    ),
    "error, upside down": (error(returned="(below / above).item()"), "fraction upside down"),
    "error, upside down, plain numbers": (error(returned="below.item() / above.item()"), "fraction upside down"),
    "error, two cells half and half": (
        error(moved="0.5 * (before.roll(math.floor(cells), -1) + before.roll(math.ceil(cells), -1))"),
        "two cells half and half",
    ),
    "error, rounded up": (error(moved="before.roll(math.ceil(cells), -1)"), "rounded up to whole cells"),
    "error, root mean square alone": (
        error(returned="(after - moved).square().mean().sqrt().item()"),
        "root mean square alone",
    ),
    "error, spectral norms": (
        error(above="torch.linalg.matrix_norm(after - moved, 2).sum()"),
        "maps that move along exactly",
    ),
    "attention, by columns": (einsum("hkq, nkc, fch -> nqf"), "maps transposed"),
    "attention, mixed first": (
        attention('return torch.einsum("qk, nkc, fc -> nqf", maps.sum(0), pixels, weight.sum((2, 3)))'),
        "kernel summed",
    ),
    "attention, mean of the maps": (
        attention('return torch.einsum("qk, nkc, fc -> nqf", maps.mean(0), pixels, weight.mean((2, 3)))'),
        "heads averaged + kernel averaged",
    ),
    "attention, reshaped": (
        attention(
            "return (maps @ pixels[:, None]).reshape(*pixels.shape[:2], -1) @ weight.permute(0, 2, 3, 1).flatten(1).T"
        ),
        "heads reshaped without moving axes",
    ),
    "attention, kernel as it lies": (
        attention("return (maps @ pixels[:, None]).transpose(1, 2).flatten(2) @ weight.flatten(1).T"),
        "kernel flattened channel by channel",
    ),
    "attention, filters first": (einsum("hqk, nkc, fch -> nfq"), "shape"),
    "attention, heads kept": (einsum("hqk, nkc, fch -> nhqf"), "heads not added"),
    "attention, heads reversed": (einsum(maps="maps.flip(0)"), "kernel flipped"),
    "attention, scaled": (einsum(after=" / pixels.shape[-1] ** 0.5"), "scaled by the channels"),
    "attention, mean of channels": (einsum(after=" / pixels.shape[-1]"), "averaged over the channels"),
    "attention, first channel": (einsum(pixels="pixels[..., :1]", weight="weight[:, :1]"), "first channel only"),
    "attention, the next head": (einsum(maps="maps.roll(1, 0)"), "one head"),
    "attention, weights left out": (attention('return torch.einsum("hqk, nkc -> nqc", maps, pixels)'), "no weights"),
    "attention, kernels of 3": (
        attention(
            "terms = [maps[3 * a + b] @ pixels @ weight[:, :, a, b].T for a in range(3) for b in range(3)]\n"
            "    return sum(terms)"
        ),
        "kernels of 3 x 3",
    ),
    "attention, channels summed": (
        attention('return torch.einsum("hqk, nk, fh -> nqf", maps, pixels.sum(-1), weight.flatten(2).sum(1))'),
        "channels summed separately",
    ),
    "attention, softmax again": (einsum(maps="maps.softmax(-1)"), "softmax of the maps"),
    "attention, softmax over queries": (einsum(maps="maps.softmax(1)"), "softmax over the queries"),
    "attention, no maps": (attention("return pixels @ weight.sum((2, 3)).T"), "pixel of the query"),
    "attention, first image": (einsum(pixels="pixels[:1].expand_as(pixels)"), "a batch of one"),
    "attention, both transposed": (
        einsum("hkq, nkc, fch -> nqf", weight="weight.mT"),
        "maps transposed + kernel column by column",
    ),
    "attention, last turn of the loop": (
        f"""{ATTENTION}
    for head in range(len(maps)):
        out = maps[head] @ pixels @ weight.flatten(2)[:, :, head].T
    return out
""",
        "last head only",
    ),
    "attention, one after another": (
        f"""{ATTENTION}
    out = 0
    for head in range(len(maps)):
        pixels = maps[head] @ pixels
        out = out + pixels @ weight.flatten(2)[:, :, head].T
    return out
""",
        "heads one after another",
    ),
    "attention, heads counted down the columns": (
        f"""{ATTENTION}
    size, out = weight.shape[-1], 0
    for a in range(size):
        for b in range(size):
            out = out + maps[a + b * size] @ pixels @ weight[:, :, a, b].T
    return out
""",
        "kernel column by column",
    ),
    "attention, zeros of the default dtype": (
        f"""{ATTENTION}
    out = torch.zeros(*pixels.shape[:2], len(weight))
    for head in range(len(maps)):
        out += (maps[head] @ pixels @ weight.flatten(2)[:, :, head].T).float()
    return out
""",
        "dtype",
    ),
}


@pytest.mark.parametrize("title", WRONG)
def test_wrong_answers_from_elsewhere_are_named(title):
    source, name = WRONG[title]
    result = check(answer(source))
    assert result.passed is False
    assert (result.diagnosis or result.failed or "").startswith(name), result.message
