"""`layer_norm` (lesson 03): each token to mean 0 and variance 1, then a scale and a shift for each channel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Normalize along the last axis, then scale and shift each channel (Ba et al. 2016).

    x: (..., dim); weight, bias: (dim,). Returns (..., dim).
    """
    mean = x.mean(dim=-1, keepdim=True)  # (..., 1)
    variance = x.var(dim=-1, unbiased=False, keepdim=True)  # (..., 1)
    return (x - mean) / (variance + eps).sqrt() * weight + bias


def _instance_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.instance_norm(x, eps=eps) * weight + bias


def _arguments(x: Tensor, g: torch.Generator, eps: float) -> Arguments:
    weight = 1.5 + 0.5 * normal(g, x.shape[-1]).tanh()  # never near 0
    return {"x": x, "weight": weight.to(x), "bias": normal(g, x.shape[-1]).to(x), "eps": eps}


def _with_a_constant_row(g: torch.Generator) -> Arguments:
    x = normal(g, 2, 3, 4, 6)
    x[0, 1, 2] = 0.75
    return _arguments(x, g, 0.01)


def _far_from_zero(g: torch.Generator) -> Arguments:
    # Multiples of 1/64: sum and mean of 8 of them are exact in float32, in whatever order one adds.
    x = 96 + (64 * normal(g, 5, 8)).round() / 64
    return _arguments(x.float(), g, 1e-6)


def _undone(value: Tensor, arguments: Arguments) -> Tensor:
    """What was there before weight and bias."""
    return ((value - arguments["bias"]) / arguments["weight"]).double()


def _is_precise(value: Tensor, arguments: Arguments) -> bool:
    """False only where the result is right in float32 and not in float64."""
    right = layer_norm(**arguments)
    near = torch.allclose(value, right, rtol=1e-5, atol=1e-6)
    return right.dtype != torch.float64 or not near or torch.allclose(value, right, rtol=1e-7, atol=1e-9)


def _mean_is_zero(value: Tensor, arguments: Arguments) -> bool:
    means = _undone(value, arguments).mean(dim=-1)
    return torch.allclose(means, torch.zeros_like(means), atol=1e-4)


def _size_is_right(value: Tensor, arguments: Arguments) -> bool:
    """False only where each row has the right direction, and another length."""
    x, undone = arguments["x"].double(), _undone(value, arguments)
    centered = x - x.mean(dim=-1, keepdim=True)
    wanted = centered / (centered.square().mean(dim=-1, keepdim=True) + arguments["eps"]).sqrt()
    lengths = [rows.norm(dim=-1, keepdim=True).clamp(min=1e-12) for rows in (undone, wanted)]
    if not torch.allclose(undone / lengths[0], wanted / lengths[1], atol=1e-5):
        return True
    return torch.allclose(lengths[0], lengths[1], rtol=1e-5)


EXERCISE = Exercise(
    name="layer_norm",
    lesson="03",
    reference=layer_norm,
    stub="(x, weight, bias, eps)",
    minutes=5,
    difficulty=1,
    piece=True,
    batch=("x",),
    written_by_hand=("layer_norm", "native_layer_norm"),
    probes=(
        probe(
            "2 images of 4 tokens with 6 channels, around 3",
            lambda g: _arguments(3 + 2 * normal(g, 2, 4, 6), g, 0.001),
            "numbers near 0",
        ),
        probe(
            "5 tokens with 3 channels, no images axis, which hardly vary: by about 0.001",
            lambda g: _arguments(1 + 0.001 * normal(g, 5, 3), g, 1e-6),
            "numbers near 0",
            "an `x` of two axes",
        ),
        probe(
            "tokens on a grid, (2, 3, 4, 6), one of them with all its channels equal",
            _with_a_constant_row,
            "numbers near 0",
        ),
        probe("5 tokens with 8 channels around 96, float32", _far_from_zero, "an `x` of two axes"),
    ),
    hints=(
        "How many means does an `x` of shape (2, 4, 6) have: 1, 6 or 8? And what shape must they have, so that "
        "`x` minus the means works?",
        "Mean along the last axis, with that axis kept at length 1; the mean of the squared differences likewise. Then "
        "subtract, divide by a root, scale and shift. The formula says where `eps` stands.",
        "Three lines: `mean = x.mean(...)` with `dim` and `keepdim`; the variance as the same mean of "
        "`(x - mean) ** 2`; then the fraction of the formula, times `weight`, plus `bias`. `weight` and `bias` fit the "
        "last axis by themselves.",
    ),
    properties=(
        Property(
            "precision",
            "Your numbers are right to about seven digits and no more: something on the way is computed in float32, "
            "while `x` is float64.",
            _is_precise,
        ),
        Property(
            "mean",
            "Take `weight` and `bias` back out of your result: each row along the last axis should then have mean 0, "
            "and yours have not. Either the mean is not taken away from each row, or `weight` and `bias` come in "
            "otherwise than as a factor and a term at the end. Do the brackets say what you mean?",
            _mean_is_zero,
        ),
        Property(
            "size",
            "The mean is taken away rightly, but the numbers of a row are all too large or too small by one factor: "
            "what you divide by is not the root in the formula. Look at the variance, at the root, and at `eps`.",
            _size_is_right,
        ),
    ),
    misconceptions=(
        wrong(
            "unbiased variance",
            """Your numbers are a little too small, the more so the fewer channels there are. Your variance divides by
            the number of channels less one, which is what `var` and `std` of PyTorch do unless told otherwise. Layer
            norm takes the plain mean of the squares.""",
            "unbiased=False",
            "unbiased=True",
        ),
        wrong(
            "eps outside the root",
            """Nearly right; where a token hardly varies the numbers are off. You add `eps` to the standard deviation.
            In the formula it is added before the root is taken, and there it weighs far more: the root of a millionth
            is a thousandth.""",
            "(variance + eps).sqrt()",
            "(variance.sqrt() + eps)",
        ),
        wrong(
            "no eps",
            """A token whose channels are all equal becomes `nan`: its variance is 0, and you divide 0 by 0. `eps` is
            there for this, and your function does not use it.""",
            "(variance + eps).sqrt()",
            "variance.sqrt()",
        ),
        wrong(
            "a fixed eps of 1e-5",
            """The numbers are off where a token hardly varies. You add 0.00001, PyTorch's default, whatever `eps` is
            handed in. Vision Transformers use another value.""",
            "variance + eps",
            "variance + 1e-5",
        ),
        wrong(
            "a fixed eps of 1e-6",
            """The numbers are off where a token hardly varies. You add 0.000001, the value of this course's models,
            whatever `eps` is handed in.""",
            "variance + eps",
            "variance + 1e-6",
        ),
        wrong(
            "eps as a lower bound",
            """Right for variances well above `eps`, and off for others. You replace variances that are too small by
            `eps`. The formula adds `eps` to each of them, the large ones too.""",
            "(variance + eps).sqrt()",
            "variance.clamp(min=eps).sqrt()",
        ),
        wrong(
            "divided by the variance",
            """The spread of your result is not 1: a token that varies much comes out small, one that varies little
            comes out large. You divide by the variance itself, which counts in squares.""",
            "(variance + eps).sqrt()",
            "(variance + eps)",
        ),
        wrong(
            "mean left in",
            """Undo `weight` and `bias`, and your tokens do not have mean 0. You divide `x` by the spread around the
            mean, but the mean itself is still in it.""",
            "return (x - mean)",
            "return x",
        ),
        wrong(
            "mean minus x",
            "Before `weight` and `bias` all signs are wrong: what is above its token's mean comes out negative.",
            "return (x - mean)",
            "return (mean - x)",
        ),
        wrong(
            "keepdim forgotten",
            """It stops at the subtraction: `x` has an axis more than its means. A mean along an axis takes this axis
            away, and torch then lines up the wrong ones. Where the sizes happen to agree, it would even go through, and
            be wrong.""",
            ("x.mean(dim=-1, keepdim=True)", "x.mean(dim=-1)"),
            ("unbiased=False, keepdim=True", "unbiased=False"),
        ),
        wrong(
            "one added to the weight",
            """Every channel is spread too widely: you scale by one more than `weight`. Some models store their weights
            that way; here they are meant as they are.""",
            " * weight",
            " * (1 + weight)",
        ),
        wrong(
            "RMS norm",
            """Undo `weight` and `bias`, and your tokens do not have mean 0. You divide by the root of the mean square
            and never take the mean away. That is RMS norm, which language models use; layer norm subtracts the mean
            first, in the fraction and in the variance.""",
            ("x.var(dim=-1, unbiased=False, keepdim=True)", "x.square().mean(dim=-1, keepdim=True)"),
            ("return (x - mean)", "return x"),
        ),
        wrong(
            "variance around zero",
            """Each token has mean 0, but its spread is below 1, far below where the mean is large. Your variance is the
            mean of the squares of `x` itself; it should measure the distances from the mean.""",
            "x.var(dim=-1, unbiased=False, keepdim=True)",
            "x.square().mean(dim=-1, keepdim=True)",
        ),
        wrong(
            "mean of absolute differences",
            """Your numbers are too large by a factor that changes from token to token. You divide by the mean size of
            the differences; the formula takes the mean of their squares, and its root.""",
            ("x.var(dim=-1, unbiased=False, keepdim=True)", "(x - mean).abs().mean(dim=-1, keepdim=True)"),
            ("(variance + eps).sqrt()", "(variance + eps)"),
        ),
        wrong(
            "sum of squares",
            """The more channels there are, the smaller your numbers. Your variance is the sum of the squared
            differences; nothing divides it by their number.""",
            "x.var(dim=-1, unbiased=False, keepdim=True)",
            "(x - mean).square().sum(dim=-1, keepdim=True)",
        ),
        wrong(
            "mean of squares minus square of the mean",
            """Right while the numbers are near 0. Around 96 in float32 the last digits are wrong, and further out all
            of them: you subtract two numbers of about nine thousand to get a variance of about 1, and float32 keeps
            seven digits. On paper both ways are the same.""",
            "x.var(dim=-1, unbiased=False, keepdim=True)",
            "x.square().mean(dim=-1, keepdim=True) - mean.square()",
        ),
        wrong(
            "weight forgotten",
            "Each token is normalized rightly, but all channels have the same spread: `weight` plays no part.",
            " * weight",
            "",
        ),
        wrong(
            "bias forgotten",
            """Normalized and scaled rightly, but nothing is shifted: each channel is off by a constant. `bias` plays no
            part.""",
            " + bias",
            "",
        ),
        wrong(
            "bias before weight",
            """Each channel is off by a constant of its own, 0 only where the weight is 1. You shift first, so that the
            shift is scaled too.""",
            "(x - mean) / (variance + eps).sqrt() * weight + bias",
            "((x - mean) / (variance + eps).sqrt() + bias) * weight",
        ),
        wrong(
            "weight and bias exchanged",
            """The numbers are off in every channel, and no row is normalized wrongly: you multiply by the shift and add
            the scale.""",
            " * weight + bias",
            " * bias + weight",
        ),
        wrong(
            "over the tokens",
            """Every channel has mean 0 over the tokens; a single token has not. You normalize along the last axis but
            one. A token would then depend on all the others; layer norm looks at one token and nothing else.""",
            ("x.mean(dim=-1", "x.mean(dim=-2"),
            ("x.var(dim=-1", "x.var(dim=-2"),
        ),
        wrong(
            "over axis 1",
            """Right for an `x` of two axes, wrong for others: you normalize along axis 1, counted from the left. There
            may be any number of axes before the channels.""",
            ("x.mean(dim=-1", "x.mean(dim=1"),
            ("x.var(dim=-1", "x.var(dim=1"),
        ),
        wrong(
            "over the batch",
            """What one image gets depends on the others: you normalize along the first axis. That is what batch norm
            does while training. Layer norm looks at one token and nothing else.""",
            ("x.mean(dim=-1", "x.mean(dim=0"),
            ("x.var(dim=-1", "x.var(dim=0"),
        ),
        wrong(
            "over all numbers",
            """A single token has neither mean 0 nor variance 1; only all of them together have. You take one mean and
            one variance of the whole tensor, where each token should have its own.""",
            ("x.mean(dim=-1, keepdim=True)", "x.mean()"),
            ("x.var(dim=-1, unbiased=False, keepdim=True)", "x.var(unbiased=False)"),
        ),
        wrong(
            "over the whole image",
            """A single token has neither mean 0 nor variance 1; only the tokens of an image together have. You
            normalize along all axes behind the first, where each token should have its own mean and variance.""",
            ("x.mean(dim=-1, keepdim=True)", "x.mean(dim=tuple(range(1, x.ndim)), keepdim=True)"),
            ("x.var(dim=-1", "x.var(dim=tuple(range(1, x.ndim))"),
        ),
        wrong(
            "changes x",
            """The result is right, but the caller's `x` is another one after the call: its mean is gone. Something is
            written into the tensor that was passed in. In a block `x` is still needed, for the skip connection.""",
            ("variance = x.var", "x -= mean\n    variance = x.var"),
            ("return (x - mean)", "return x"),
        ),
        wrong(
            "divided by the weight",
            """The normalized tokens are divided by `weight`, where they should be multiplied by it: brackets around the
            root and `weight` put both below the fraction.""",
            ".sqrt() * weight",
            ".sqrt() / weight",
        ),
        wrong(
            "eps times the weight",
            """`eps` is not below the fraction: a bracket closes too early, and `eps` times `weight` is added at the
            end. So `weight` plays nearly no part, and a token whose channels are all equal becomes `nan`.""",
            "(variance + eps).sqrt() * weight",
            "variance.sqrt() + eps * weight",
        ),
        wrong(
            "only the mean divided and scaled",
            """Division and product come before the difference: your code divides the mean alone and scales it, and
            takes that from `x`. Without brackets around the difference `x` itself is never normalized.""",
            "return (x - mean) / (variance + eps).sqrt() * weight + bias",
            "return x - mean / (variance + eps).sqrt() * weight + bias",
        ),
        wrong(
            "only the mean divided",
            """Division comes before the difference: your code divides the mean alone, and takes that from `x`. It is
            the difference of both that the formula divides.""",
            "return (x - mean) / (variance + eps).sqrt() * weight + bias",
            "return (x - mean / (variance + eps).sqrt()) * weight + bias",
        ),
        wrong(
            "scaled by weight plus bias",
            """The normalized tokens are multiplied by the sum of `weight` and `bias`, and nothing is added: a bracket
            holds too much.""",
            "* weight + bias",
            "* (weight + bias)",
        ),
        wrong(
            "bias subtracted",
            "`bias` has the wrong sign: it is taken away at the end, where it should be added.",
            " + bias",
            " - bias",
        ),
        wrong(
            "over the last two axes",
            """A single token has neither mean 0 nor variance 1; only the tokens of a row or an image together have.
            Your mean and variance are taken over two axes, tokens and channels. Each token should have its own.""",
            ("x.mean(dim=-1", "x.mean(dim=(-2, -1)"),
            ("x.var(dim=-1", "x.var(dim=(-2, -1)"),
        ),
        wrong(
            "over axis 2",
            """Right for an `x` of three axes, wrong for four, and it fails for two: you normalize along axis 2, counted
            from the left. There may be any number of axes before the channels; count from the other end.""",
            ("x.mean(dim=-1", "x.mean(dim=2"),
            ("x.var(dim=-1", "x.var(dim=2"),
        ),
        wrong(
            "three axes expected",
            """Right for an `x` of three axes; with two or four it fails, where the shape is unpacked into three names.
            There may be any number of axes before the channels.""",
            "mean = x.mean(dim=-1, keepdim=True)",
            "_, _, _ = x.shape\n    mean = x.mean(dim=-1, keepdim=True)",
        ),
        wrong(
            "median",
            """What is in the middle of each token's numbers is taken away, the median. The formula takes away their
            mean.""",
            "x.mean(dim=-1, keepdim=True)",
            "x.median(dim=-1, keepdim=True).values",
        ),
        wrong(
            "smallest to 0, largest to 1",
            """Before `weight` and `bias` your tokens run from 0 to 1: the smallest number is taken away, and the range
            divides. Layer norm works with mean and standard deviation.""",
            ("x.mean(dim=-1, keepdim=True)", "x.amin(dim=-1, keepdim=True)"),
            ("x.var(dim=-1, unbiased=False, keepdim=True)", "x.amax(dim=-1, keepdim=True) - mean"),
            ("(variance + eps).sqrt()", "(variance + eps)"),
        ),
        wrong(
            "instance norm",
            """With one axis before the channels it fails, and with three they come out otherwise: `instance_norm` takes
            the second axis for channels and normalizes all axes behind it. Here the channels are the last axis, and
            each token is normalized alone.""",
            function=_instance_norm,
        ),
        wrong(
            "variance over the tokens",
            """The mean is taken over the channels of a token, the variance over the tokens of a channel. Both belong to
            one token, along the last axis.""",
            "x.var(dim=-1",
            "x.var(dim=-2",
        ),
        wrong(
            "root of eps beside the root",
            """Nearly right where a token varies much: you take the roots of variance and `eps` one by one and add them.
            In the formula they are added first; the root of a sum is less than the sum of the roots.""",
            "(variance + eps).sqrt()",
            "(variance.sqrt() + eps**0.5)",
        ),
        wrong(
            "not divided at all",
            """The mean is taken away, but the spread of a token stays as it was: nothing divides by the root of the
            variance.""",
            " / (variance + eps).sqrt()",
            "",
        ),
        wrong(
            "divided by the length",
            """Each token has length 1 before `weight` and `bias`, so its numbers are the smaller the more channels
            there are: you divide by the root of the sum of the squares, where the formula has their mean.""",
            "(variance + eps).sqrt()",
            "(x - mean).norm(dim=-1, keepdim=True).clamp(min=eps)",
        ),
    ),
)
