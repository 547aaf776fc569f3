"""The residual stream seen from outside: what each branch adds to it, and how signal and gradient fare over depth.

The functions run the blocks' own layers in another wiring (norm before, after or nowhere; with or without the skip
connections; with one kind of branch alone), so that one set of weights can be compared with itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .encoder import TransformerBlock
from .errors import check_tokens, require_one_of

Norm = Literal["pre", "post", "none"]
Blocks = Sequence[TransformerBlock] | nn.ModuleList


@dataclass(frozen=True)
class DepthProfile:
    """How signal and gradient fare over depth; each has depth + 1 entries, from the tokens that enter to the last.

    Attributes:
        activation: root mean square (RMS) of the tokens.
        gradient: RMS of the gradient with respect to them, of a scalar whose gradient at the last tokens has RMS 1.
        difference: RMS of what is left of the tokens once their mean over the tokens of an image is taken away,
            over ``activation``: 0 where all tokens are the same.
    """

    activation: list[float]
    gradient: list[float]
    difference: list[float]


def residual_stream(
    blocks: Blocks,
    tokens: Float[Tensor, "batch tokens dim"],
    *,
    norm: Norm = "pre",
    residual: bool = True,
    attention: bool = True,
    mlp: bool = True,
) -> list[Float[Tensor, "batch tokens dim"]]:
    """The tokens before the first block, after each attention and after each MLP: 2 * depth + 1 tensors.

    Args:
        blocks: of a model, in order.
        tokens: (batch, tokens, dim), as the first block gets them.
        norm: layer norm before each branch ("pre", as in ViT), after each addition ("post", as in Vaswani et al.
            2017), or "none".
        residual: whether a branch's output is added to its input, or takes its place.
        attention, mlp: whether these branches run; one that does not leaves the tokens as they are.

    Raises:
        ValueError: no block, an unknown ``norm``, tokens of another shape.
    """
    require_one_of("norm", norm, ("pre", "post", "none"))
    stream = [tokens]
    for i, (layer_norm, branch) in enumerate(_branches(blocks, tokens)):
        x = stream[-1]
        if (attention, mlp)[i % 2]:
            out = branch(layer_norm(x) if norm == "pre" else x)
            x = x + out if residual else out
            x = layer_norm(x) if norm == "post" else x
        stream.append(x)
    return stream


def depth_profile(
    blocks: Blocks,
    tokens: Float[Tensor, "batch tokens dim"],
    direction: Float[Tensor, "batch tokens dim"],
    *,
    norm: Norm = "pre",
    residual: bool = True,
) -> DepthProfile:
    """Activations, gradients and differences between tokens after each block.

    Args:
        blocks, tokens, norm, residual: as for :func:`residual_stream`.
        direction: the gradient with which the backward pass starts at the last tokens; it is scaled to RMS 1.

    Raises:
        ValueError: as :func:`residual_stream`.
    """
    start = tokens.detach().clone().requires_grad_()
    after_blocks = residual_stream(blocks, start, norm=norm, residual=residual)[::2]
    gradients = torch.autograd.grad(after_blocks[-1], after_blocks, grad_outputs=direction / _rms(direction))
    states = [x.detach() for x in after_blocks]
    return DepthProfile(
        activation=[_rms(x) for x in states],
        gradient=[_rms(g) for g in gradients],
        difference=[_rms(x - x.mean(dim=1, keepdim=True)) / max(_rms(x), 1e-30) for x in states],
    )


def gradient_by_path(
    blocks: Blocks,
    tokens: Float[Tensor, "batch tokens dim"],
    direction: Float[Tensor, "batch tokens dim"],
) -> Float[Tensor, "paths batch tokens dim"]:
    """The gradient at the input of pre-norm blocks, sorted by how many branches its paths pass.

    Each of the 2 * depth branches doubles the paths from output to input (Veit et al. 2016): around it, by the skip
    connection, or through it. Entry k of the result is the sum over all paths through exactly k branches; entry 0 is
    the one path that takes all skip connections; the sum over k is the gradient.

    Args:
        blocks, tokens: as for :func:`residual_stream`.
        direction: the gradient with which the backward pass starts at the last tokens.

    Returns:
        (2 * depth + 1, batch, tokens, dim).
    """
    stream = residual_stream(blocks, tokens.detach())
    by_path = [direction]
    for (layer_norm, branch), x in reversed(list(zip(_branches(blocks, tokens), stream[:-1], strict=True))):
        x = x.detach().requires_grad_()
        out = branch(layer_norm(x))
        through = [torch.autograd.grad(out, x, grad_outputs=g, retain_graph=True)[0] for g in by_path]
        around = [*by_path, torch.zeros_like(direction)]
        by_path = [around[0], *(a + t for a, t in zip(around[1:], through, strict=True))]
    return torch.stack(by_path)


def _branches(blocks: Blocks, tokens: Tensor) -> list[tuple[nn.Module, nn.Module]]:
    """Each branch with its norm, in the order in which the stream meets them: attention, MLP, attention, ..."""
    if not len(blocks):
        raise ValueError("blocks is empty; expected at least one TransformerBlock")
    pairs: list[tuple[nn.Module, nn.Module]] = []
    for block in cast("Sequence[TransformerBlock]", blocks):
        check_tokens(tokens, block.norm1.normalized_shape[0])
        pairs += [(block.norm1, block.attention), (block.norm2, block.mlp)]
    return pairs


def _rms(x: Tensor) -> float:
    return x.square().mean().sqrt().item()
