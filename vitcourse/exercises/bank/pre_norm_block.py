"""`pre_norm_block` (lesson 03): two branches beside the residual stream."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...attention import MultiHeadAttention
from ...encoder import MLP
from ..spec import Arguments, Exercise, Property, normal, probe, seeded, wrong

Layer = Callable[[Tensor], Tensor]


def pre_norm_block(x: Tensor, norm1: Layer, attention: Layer, norm2: Layer, mlp: Layer) -> Tensor:
    """One encoder block (Dosovitskiy et al. 2021, eq. 2 and 3).

    x: (batch, tokens, dim); norm1, attention, norm2, mlp: functions of such a tensor. Returns (batch, tokens, dim).
    """
    x = x + attention(norm1(x))
    return x + mlp(norm2(x))


def _layers(g: torch.Generator, dim: int, heads: int) -> Arguments:
    """Small layers of PyTorch and of the package, as after some training: the norms scale and shift too."""

    def make() -> nn.Module:
        layers = nn.ModuleDict(
            dict(
                norm1=nn.LayerNorm(dim),
                attention=MultiHeadAttention(embed_dim=dim, num_heads=heads),
                norm2=nn.LayerNorm(dim),
                mlp=MLP(embed_dim=dim, hidden_dim=2 * dim),
            )
        )
        for parameter in layers.parameters():
            nn.init.normal_(parameter, std=0.7)
        return layers.requires_grad_(False)

    return dict(seeded(g, make).items())


def _trained(batch: int, tokens: int, dim: int, heads: int) -> Callable[[torch.Generator], Arguments]:
    return lambda g: {"x": normal(g, batch, tokens, dim)} | _layers(g, dim, heads)


def _plain(**replaced: Layer) -> Callable[[torch.Generator], Arguments]:
    """Functions that everybody can follow by hand in the place of the layers."""

    def half(x: Tensor) -> Tensor:
        return x / 2

    def mixed(x: Tensor) -> Tensor:
        return x.cumsum(dim=1)

    def plus_steps(x: Tensor) -> Tensor:
        return x + torch.arange(3, 3 + x.shape[-1]).to(x)

    def squared(x: Tensor) -> Tensor:
        return x * x

    layers = dict(norm1=half, attention=mixed, norm2=plus_steps, mlp=squared) | replaced
    return lambda g: {"x": normal(g, 2, 3, 5)} | layers


def nothing(x: Tensor) -> Tensor:
    """A branch that adds nothing."""
    return torch.zeros_like(x)


def _lost(silent: str) -> Callable[[Tensor, Arguments], bool]:
    """Does something come of the other branch? Asked where just this one adds nothing."""

    def holds(value: Tensor, arguments: Arguments) -> bool:
        only = [name for name in ("attention", "mlp") if arguments[name] is nothing] == [silent]
        return not only or not torch.allclose(value, arguments["x"])

    return holds


def _holds_where(without: tuple[str, ...]) -> Callable[[Tensor, Arguments], bool]:
    """Is the result right, where just these branches add nothing? Elsewhere it is not asked."""

    def holds(value: Tensor, arguments: Arguments) -> bool:
        silent = tuple(name for name in ("attention", "mlp") if arguments[name] is nothing)
        if silent and without and torch.allclose(value, arguments["x"]):
            return True  # that is another property's
        return silent != without or torch.allclose(value, pre_norm_block(**arguments))

    return holds


EXERCISE = Exercise(
    name="pre_norm_block",
    lesson="03",
    reference=pre_norm_block,
    stub="(x, norm1, attention, norm2, mlp)",
    minutes=4,
    difficulty=1,
    piece=True,
    axes=("image", "token", "channel"),
    batch=("x",),
    probes=(
        probe(
            "an attention and an MLP that return zeros",
            _plain(attention=nothing, mlp=nothing),
            "a block in which a branch adds nothing",
        ),
        probe(
            "an MLP that returns zeros, beside plain functions",
            _plain(mlp=nothing),
            "a block in which a branch adds nothing",
        ),
        probe(
            "an attention that returns zeros, beside plain functions",
            _plain(attention=nothing),
            "a block in which a branch adds nothing",
        ),
        probe("plain functions in the place of the four layers", _plain()),
        probe("2 images of 3 tokens with 4 channels, layers with 2 heads", _trained(2, 3, 4, 2)),
    ),
    hints=(
        "If attention and MLP both returned zeros, what should come out of the block?",
        "Two steps of the same shape. Each reads the stream through its norm, and adds what it finds to the stream. "
        "The second one starts from what the first one left.",
        "Two lines, one for each formula above. In each the sum of the stream and of branch(norm(stream)); in the "
        "second the stream is the first line's result.",
    ),
    properties=(
        Property(
            "nothing added",
            "Here attention and MLP return zeros: nothing is added to the stream, so the block should hand on `x` as "
            "it is. Yours does not: something changes the stream itself, or leaves it out.",
            _holds_where(("attention", "mlp")),
        ),
        Property(
            "what the attention found is lost",
            "Here the MLP returns zeros, and your block returns `x` as it came: nothing is left of what the attention "
            "found. It is never called, its output is dropped, or the last sum starts from the first `x`.",
            _lost("mlp"),
        ),
        Property(
            "what the MLP found is lost",
            "Here the attention returns zeros, and your block returns `x` as it came: nothing is left of what the MLP "
            "found. It is never called, or its output is dropped.",
            _lost("attention"),
        ),
        Property(
            "attention's half",
            "Here the MLP returns zeros, so that only the first half of the block is seen, the one with the attention. "
            "It is wrong: see which norm it reads through, and what is added to what.",
            _holds_where(("mlp",)),
        ),
        Property(
            "the MLP's half",
            "Here the attention returns zeros, so that only the second half of the block is seen, the one with the "
            "MLP. It is wrong: see which norm it reads through, and what is added to what.",
            _holds_where(("attention",)),
        ),
        Property(
            "from half to half",
            "Each half of the block is right by itself, with a branch that adds nothing in the other. Together they "
            "are not: what the second half reads, or what it adds to, is not what the first half left.",
            _holds_where(()),
        ),
    ),
    misconceptions=(
        wrong(
            "post-norm",
            """Stack your blocks, and the tokens that come out always have the norm's size, whatever came in: you
            normalize the sum, as the first Transformer did (post-norm). Here the norm lies on the branch: the branch
            reads a normalized copy, and the stream itself is never normalized.""",
            ("x = x + attention(norm1(x))", "x = norm1(x + attention(x))"),
            ("return x + mlp(norm2(x))", "return norm2(x + mlp(x))"),
        ),
        wrong(
            "norm behind the branches",
            """With branches of zeros your block still shifts the tokens. You normalize what attention and MLP return,
            just before it is added. Here each norm stands before its branch: it is what the branch reads. Or is your
            body right, and the parameters stand in another order? They come by place: x, norm1, attention, norm2,
            mlp.""",
            ("attention(norm1(x))", "norm1(attention(x))"),
            ("mlp(norm2(x))", "norm2(mlp(x))"),
        ),
        wrong(
            "norm behind the attention",
            """`norm1` is called with what the attention returns. The attention should read a normalized copy of the
            tokens.""",
            "attention(norm1(x))",
            "norm1(attention(x))",
        ),
        wrong(
            "norm behind the MLP",
            "`norm2` is called with what the MLP returns. The MLP should read a normalized copy of the tokens.",
            "mlp(norm2(x))",
            "norm2(mlp(x))",
        ),
        wrong(
            "no skip connections",
            """With branches of zeros your block returns zeros: what came in is lost. Each branch's output takes the
            place of the stream, and is not added to it. A stack of such blocks makes all tokens the same vector.""",
            ("x = x + attention", "x = attention"),
            ("return x + mlp", "return mlp"),
        ),
        wrong(
            "no skip connection around the attention",
            "What came in is lost at the attention: its output takes the place of the stream, and is not added to it.",
            "x = x + attention",
            "x = attention",
        ),
        wrong(
            "no skip connection around the MLP",
            """What the first half left is lost at the MLP: its output takes the place of the stream, and is not added
            to it.""",
            "return x + mlp",
            "return mlp",
        ),
        wrong(
            "branches added to the normed tokens",
            """With branches of zeros your block returns normalized tokens, not what came in. You overwrite the stream
            by its normalized copy, and add to that. The copy is for the branch alone.""",
            ("x = x + attention(norm1(x))", "x = norm1(x)\n    x = x + attention(x)"),
            ("return x + mlp(norm2(x))", "x = norm2(x)\n    return x + mlp(x)"),
        ),
        wrong(
            "attention added to the normed tokens",
            """With branches of zeros your block changes the tokens. The attention's output is added to the normalized
            copy of the tokens. The copy is for the attention to read; the sum starts from the stream itself.""",
            "x = x + attention(norm1(x))",
            "x = norm1(x)\n    x = x + attention(x)",
        ),
        wrong(
            "MLP added to the normed tokens",
            """With branches of zeros your block changes the tokens. The MLP's output is added to the normalized copy of
            the tokens. The copy is for the MLP to read; the sum starts from the stream itself.""",
            "return x + mlp(norm2(x))",
            "x = norm2(x)\n    return x + mlp(x)",
        ),
        wrong(
            "second sum from the first x",
            """Make the MLP return zeros: your block returns what came in, and the attention has no effect. The MLP
            reads the right tokens, but its output is added to those from before the attention.""",
            ("x = x + attention", "y = x + attention"),
            ("norm2(x)", "norm2(y)"),
        ),
        wrong(
            "branches side by side",
            """Both branches read what came in, and both are added: the MLP does not see what the attention found. Some
            models do this to save time (parallel blocks). Here the second half starts from the first half's result.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "return x + attention(norm1(x)) + mlp(norm2(x))",
        ),
        wrong(
            "MLP reads the attention's output alone",
            """Make the attention return zeros: your MLP no longer sees the tokens. It reads what the attention
            returned, where it should read the stream, to which that has been added.""",
            ("x = x + attention(norm1(x))", "y = attention(norm1(x))\n    x = x + y"),
            ("norm2(x)", "norm2(y)"),
        ),
        wrong(
            "one residual around both",
            """Make the attention return zeros: your MLP no longer sees the tokens. The MLP is applied to the
            attention's output, and what came in is added once, at the end. There are two sums, one after each
            branch.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "return x + mlp(norm2(attention(norm1(x))))",
        ),
        wrong(
            "MLP before attention",
            "The halves are right, but in the other order: your tokens think before they talk.",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "x = x + mlp(norm2(x))\n    return x + attention(norm1(x))",
        ),
        wrong(
            "norm1 for both",
            """The MLP reads through `norm1`, and `norm2` is never called. Each norm has weights of its own; with fresh
            ones, all 1 and 0, you would not notice.""",
            "norm2(x)",
            "norm1(x)",
        ),
        wrong(
            "norm2 for both",
            """The attention reads through `norm2`, and `norm1` is never called. Each norm has weights of its own; with
            fresh ones, all 1 and 0, you would not notice.""",
            "norm1(x)",
            "norm2(x)",
        ),
        wrong(
            "norms exchanged",
            """The attention reads through `norm2` and the MLP through `norm1`. Each norm has weights of its own; with
            fresh ones, all 1 and 0, you would not notice.""",
            ("attention(norm1(x))", "attention(norm2(x))"),
            ("mlp(norm2(x))", "mlp(norm1(x))"),
        ),
        wrong(
            "no norm before the attention",
            """The attention reads the tokens as they are; `norm1` is never called. In a deep stack its scores would
            grow.""",
            "norm1(x)",
            "x",
        ),
        wrong(
            "no norm before the MLP",
            "The MLP reads the tokens as they are; `norm2` is never called. In a deep stack its inputs would grow.",
            "norm2(x)",
            "x",
        ),
        wrong(
            "changes x",
            """The result is right, but the caller's `x` is another one after the call, and no gradient arrives: the
            first sum is written into the tensor that was passed in. A new tensor for the sum leaves both alone.""",
            "x = x + attention",
            "x += attention",
        ),
        wrong(
            "second sum from x, through norm1",
            """Make the MLP return zeros: your block returns what came in, and the attention has no effect. The MLP's
            output is added to the tokens from before the attention. It also reads through `norm1`; `norm2` is never
            called.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "y = x + attention(norm1(x))\n    return x + mlp(norm1(y))",
        ),
        wrong(
            "parameters in another order, norms last",
            """Your `norm1` is an attention here, and your `mlp` a norm: the parameters stand in another order than in
            the stub, and what is handed over goes by place, not by name. The order is x, norm1, attention, norm2,
            mlp.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "x = x + norm1(norm2(x))\n    return x + attention(mlp(x))",
        ),
        wrong(
            "parameters in another order, norms first",
            """Your `norm2` is an attention here, and your `attention` a norm: the parameters stand in another order
            than in the stub, and what is handed over goes by place, not by name. The order is x, norm1, attention,
            norm2, mlp.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "x = x + norm2(norm1(x))\n    return x + mlp(attention(x))",
        ),
        wrong(
            "post-norm, no skip connection around the MLP",
            """Your block returns normalized tokens, whatever came in: the norms are called on the results (post-norm),
            where each branch should read through its norm. And at the MLP what came in is lost: its output takes the
            place of the stream.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "x = norm1(x + attention(x))\n    return norm2(mlp(x))",
        ),
        wrong(
            "the MLP's half is missing",
            """`mlp` and `norm2` are never called, or what they return is dropped: your block ends after its first half.
            The tokens have talked, and not yet thought.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "return x + attention(norm1(x))",
        ),
        wrong(
            "the attention's half is missing",
            """`attention` and `norm1` are never called, or what they return is dropped: your block has its second half
            alone. No token hears of another.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "return x + mlp(norm2(x))",
        ),
        wrong(
            "nothing happens",
            """Your block returns `x` as it came: neither attention nor MLP has an effect.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "return x",
        ),
        wrong(
            "attention subtracted",
            "The attention's output is subtracted from the stream, where it should be added to it.",
            "x + attention",
            "x - attention",
        ),
        wrong(
            "MLP subtracted",
            "The MLP's output is subtracted from the stream, where it should be added to it.",
            "x + mlp",
            "x - mlp",
        ),
        wrong(
            "multiplied by the attention",
            """With branches of zeros your block returns zeros: stream and attention's output are multiplied. A branch
            adds to the stream; where it finds nothing, the stream goes on as it is.""",
            "x + attention",
            "x * attention",
        ),
        wrong(
            "multiplied by the MLP",
            """With branches of zeros your block returns zeros: stream and MLP's output are multiplied. A branch adds to
            the stream; where it finds nothing, the stream goes on as it is.""",
            "x + mlp",
            "x * mlp",
        ),
        wrong(
            "MLP in the attention's place",
            "The MLP is called twice, and the attention never: no token hears of another.",
            "attention(",
            "mlp(",
        ),
        wrong(
            "attention in the MLP's place",
            "The attention is called twice, and the MLP never: both halves of your block are the same layer.",
            "mlp(",
            "attention(",
        ),
        wrong(
            "attention left out of its half",
            """The attention is never called: the normalized copy itself is added to the stream. The copy is for the
            attention to read.""",
            "attention(norm1(x))",
            "norm1(x)",
        ),
        wrong(
            "MLP left out of its half",
            """The MLP is never called: the normalized copy itself is added to the stream. The copy is for the MLP to
            read.""",
            "mlp(norm2(x))",
            "norm2(x)",
        ),
        wrong(
            "MLP added twice",
            """The MLP is called two times: two of its outputs are added to the stream. A block has one MLP step, after
            the attention.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "x = x + attention(norm1(x))\n    x = x + mlp(norm2(x))\n    return x + mlp(norm2(x))",
        ),
        wrong(
            "MLP of the MLP",
            "The MLP is called two times, the second time with its own output. Once is enough.",
            "mlp(norm2(x))",
            "mlp(mlp(norm2(x)))",
        ),
        wrong(
            "three arguments for the attention",
            """It stops at `attention`, which gets three tensors. PyTorch's own layer, `nn.MultiheadAttention`, takes
            queries, keys and values and returns two things. The one here takes the tokens, and returns tokens.""",
            "attention(norm1(x))",
            "attention(norm1(x), norm1(x), norm1(x))[0]",
        ),
        wrong(
            "attention of the first image alone",
            """Every image is given what the attention found in the first one: its output is cut down to its first
            entry. PyTorch's own layer returns two things, of which the first is meant. The one here returns tokens, all
            of them.""",
            "attention(norm1(x))",
            "attention(norm1(x))[0]",
        ),
        wrong(
            "result of the attention normalized",
            """With branches of zeros your block does not hand on what came in: after the first half the stream itself
            is normalized by `norm1`. A norm belongs on a branch; the branch reads a copy.""",
            "x = x + attention(norm1(x))",
            "x = norm1(x + attention(x))",
        ),
        wrong(
            "result of the MLP normalized",
            """With branches of zeros your block does not hand on what came in: at its end the stream itself is
            normalized by `norm2`. A norm belongs on a branch; the branch reads a copy.""",
            "return x + mlp(norm2(x))",
            "return norm2(x + mlp(x))",
        ),
        wrong(
            "normalized once more at the end",
            """With branches of zeros your block does not hand on what came in: `norm2` is called on the branch, as it
            should be, and once more on the stream at the end. Only a whole model has a norm there.""",
            "return x + mlp(norm2(x))",
            "return norm2(x + mlp(norm2(x)))",
        ),
        wrong(
            "x added twice",
            """With branches of zeros your block returns twice what came in: the second half starts from the first one's
            result, which holds `x` already, and you add it again.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "y = x + attention(norm1(x))\n    return x + y + mlp(norm2(y))",
        ),
        wrong(
            "second norm of the normed tokens",
            """Make the attention return zeros: your MLP reads tokens that were normalized twice, by `norm1` and then by
            `norm2`. It should read the stream, through `norm2` alone.""",
            "x = x + attention(norm1(x))\n    return x + mlp(norm2(x))",
            "h = norm1(x)\n    x = x + attention(h)\n    return x + mlp(norm2(h))",
        ),
    ),
)
