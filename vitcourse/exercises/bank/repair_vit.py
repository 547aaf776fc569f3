"""`repair_vit` (lesson 04): a forward pass with five mistakes in it, to be mended."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...vit import VisionTransformer
from ..spec import Arguments, Exercise, Property, normal, probe, seeded, wrong
from ..variants import edited, source


def repair_vit(images: Tensor, model: Any) -> Tensor:
    """The forward pass of a Vision Transformer with class token and learned positions, written out.

    images: (batch, channels, height, width). Returns the logits, (batch, classes).
    """
    maps = model.patch_embedding.projection(images)  # (batch, dim, rows, cols)
    patches = maps.flatten(2).transpose(1, 2)  # (batch, patches, dim)
    batch, _, dim = patches.shape
    class_token = model.class_token.expand(batch, 1, dim)
    x = torch.cat([class_token, patches], dim=1) + model.positions  # (batch, tokens, dim)
    tokens = x.shape[1]
    for block in model.blocks:
        heads = block.attention.num_heads
        h = block.norm1(x)
        q, k, v = block.attention.qkv(h).chunk(3, dim=-1)
        q, k, v = (part.reshape(batch, tokens, heads, dim // heads).transpose(1, 2) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) / (dim // heads) ** 0.5  # (batch, heads, tokens, tokens)
        mixed = scores.softmax(dim=-1) @ v
        mixed = mixed.transpose(1, 2).reshape(batch, tokens, dim)
        x = x + block.attention.projection(mixed)
        h = block.norm2(x)
        x = x + block.mlp.contract(F.gelu(block.mlp.expand(h)))
    x = model.norm(x)
    return model.classifier(x[:, 0])


FIVE = (
    wrong(
        "class token without a position",
        """Row 0 of `model.positions` gets no gradient: the class token has no position, its row plays no part. Look at
        the beginning: which comes first, the class token or the positions?""",
        "[class_token, patches], dim=1) + model.positions",
        "[class_token, patches + model.positions[:, 1:]], dim=1)",
    ),
    wrong(
        "heads cut without a transpose",
        """Each head holds all channels of a few tokens, cut into pieces, instead of a few channels of all tokens.
        Shuffle the tokens that enter a layer, and its outputs are not the same ones shuffled; with one head you would
        see nothing. Look where queries, keys and values get their axis of heads.""",
        "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
        "reshape(batch, heads, tokens, dim // heads)",
    ),
    wrong(
        "scaled by the whole dim",
        """With several heads the attention weights are closer to equal than the model's own; with one head you would
        see nothing. The scores are divided by too much: how many products does one score sum up, within one head? Look
        at what the scores are divided by.""",
        "/ (dim // heads) ** 0.5",
        "/ dim**0.5",
    ),
    wrong(
        "residual from the normed tokens",
        """Set the weights of a block to zero, and it has to hand its input on as it is. Yours hands on something else:
        the mean and the size of each token are lost on the way. Look at what attention's output is added to.""",
        "x = x + block.attention",
        "x = h + block.attention",
    ),
    wrong(
        "one norm twice",
        """In every block one layer norm gets no gradient: it is never called, and the other one does its work too.
        Look at what goes into attention, and at what goes into the MLP.""",
        "block.norm2(x)",
        "block.norm1(x)",
    ),
)

# What the lesson gives to the learner.
BROKEN = edited(source(repair_vit), [edit for mistake in FIVE for edit in mistake.edits])


def _mended_but(*edits: tuple[str, str]) -> Callable[[Tensor, Any], Tensor]:
    """The mended code with a mistake of another kind. No `edits`: all sets with the five would be too many to try."""

    @cache
    def made() -> Callable[[Tensor, Any], Tensor]:
        names = dict(globals())
        exec(edited(source(repair_vit), edits), names)
        function: Callable[[Tensor, Any], Tensor] = names["repair_vit"]
        return function

    return lambda images, model: made()(images, model)


class _LayersAlone(VisionTransformer):
    """A model whose layers may be called, and which does not do the exercise's work."""

    def __init__(self, **sizes: Any) -> None:
        super().__init__(**sizes)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.5)
        for module in (self, *self.blocks, *(block.attention for block in self.blocks)):
            module.forward = self.refuse
        self.embed = self.encode = self.pool = self.head = self.refuse  # type: ignore[assignment]

    def refuse(self, *_: Any) -> Any:
        raise RuntimeError(
            "this runs a whole part of the model: the model, a block, its attention, or one of the model's methods. "
            "Mend the lines that write it out; the layers in them may be called"
        )


@cache
def _built(silent: bool, **sizes: Any) -> nn.Module:
    made: nn.Module = seeded(torch.Generator().manual_seed(0), lambda: _LayersAlone(**sizes))
    for name, parameter in made.named_parameters():
        if silent and "attention.projection" in name:
            nn.init.zeros_(parameter)
    return made


def _copied(module: nn.Module) -> nn.Module:
    """A module with parameters of its own, in a tenth of the time that it takes to build one."""
    made = copy(module)
    made._parameters = {
        name: p if p is None else nn.Parameter(p.detach().clone()) for name, p in module._parameters.items()
    }
    made._modules = {name: None if m is None else _copied(m) for name, m in module._modules.items()}
    return made


def _reached(value: Any, arguments: Arguments) -> dict[str, str]:
    """The parameters that a gradient of the value arrives at, by a walk along the graph: faster than the gradient."""
    names = {id(parameter): name for name, parameter in arguments["model"].named_parameters()}
    reached = dict.fromkeys(names.values(), "no gradient")
    waiting, seen = [getattr(value, "grad_fn", None)], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if id(leaf) in names:
            reached[names[id(leaf)]] = "a gradient"
        waiting += [following for following, _ in node.next_functions]
    return reached


def _inputs(g: torch.Generator, batch: int, height: int, width: int, silent: bool = False, **sizes: Any) -> Arguments:
    model = _built(silent, img_size=(height, width), patch_size=2, in_channels=1, num_classes=7, **sizes)
    return {"images": normal(g, batch, 1, height, width), "model": _copied(model)}


EXERCISE = Exercise(
    name="repair_vit",
    lesson="04",
    reference=repair_vit,
    stub="(images, model)",
    minutes=10,
    difficulty=3,
    axes=("image", "class"),
    batch=("images",),
    observe=_reached,
    unattempted=(BROKEN,),
    together=5,
    probes=(
        probe(
            "two images of 4 x 10 pixels and a model of 2 blocks with 3 heads, dim 15",
            lambda g: _inputs(g, 2, 4, 10, embed_dim=15, depth=2, num_heads=3, mlp_ratio=2.0),
        ),
        probe(
            "three images of 6 x 4 pixels and a model of 1 block with one head, dim 5",
            lambda g: _inputs(g, 3, 6, 4, embed_dim=5, depth=1, num_heads=1, mlp_ratio=2.0),
            "one head",
        ),
        probe(
            "two images of 4 x 6 pixels and a model of one head, dim 4, whose attention adds nothing",
            lambda g: _inputs(g, 2, 4, 6, embed_dim=4, depth=1, num_heads=1, mlp_ratio=3.0, silent=True),
            "one head",
            "a model whose attention adds nothing, so that no patch counts",
        ),
    ),
    properties=(
        Property(
            "the model's own logits",
            "These are not the model's logits, and no mistake that is known explains them alone. Look for the step: "
            "set the weights and biases of every `attention.projection` to zero, and attention adds nothing; those of "
            "`mlp.contract`, and the MLP adds nothing; `positions`, and order counts for nothing. Where your logits "
            "become right, the mistake is in what is silent.",
            lambda value, arguments: False,
        ),
    ),
    hints=(
        "`VisionTransformer`, folded at the end of this lesson, and the block in lesson 03 do the same in methods. "
        "Compare step by step: embedding, attention, the two residual sums, pooling. Five lines have one mistake each.",
        "Compare with `model(images)` after each change. Set a part of the model to zero: if the difference vanishes, "
        "the mistake is in what that part does. Try positions, attention's projection, the weights of `qkv`.",
        "The class token and the patches are joined first, then `model.positions` is added, all rows. Heads: split "
        "the channels where they are, into (batch, tokens, heads, dim // heads), then exchange tokens and heads. "
        "Scores are divided by the root of `dim // heads`. Attention's output is added to `x`. And of the norms, "
        "`block.norm2` is before the MLP.",
    ),
    misconceptions=(
        *FIVE,
        wrong(
            "patches placed twice",
            """The class token has its position now, and the patches have theirs twice: where positions are added to
            all tokens, they must not have been added before.""",
            "[class_token, patches], dim=1) + model.positions",
            "[class_token, patches + model.positions[:, 1:]], dim=1) + model.positions",
        ),
        wrong(
            "class token behind the patches",
            """Token 0 is a patch here: the class token stands at the other end, with the last patch's position, and
            what is read off at the end is the first patch.""",
            function=_mended_but(("[class_token, patches]", "[patches, class_token]")),
        ),
        wrong(
            "scores not scaled",
            """The attention weights are more extreme than the model's own: nothing divides the scores, and they grow
            with the width of a head.""",
            " / (dim // heads) ** 0.5",
            "",
        ),
        wrong(
            "heads not moved before the tokens",
            """The attention weights are heads by heads, not tokens by tokens: within each token its heads are compared
            with one another. The channels are split rightly, but the axis of heads stays behind that of tokens, and
            products of matrices are taken over the last two axes.""",
            "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
            "reshape(batch, tokens, heads, dim // heads)",
        ),
        wrong(
            "heads moved neither there nor back",
            """Every token attends to itself alone: its heads are compared with one another, and no token hears of
            another. Products of matrices are taken over the last two axes, which should be tokens and channels of one
            head; and what was moved there has to be moved back.""",
            function=_mended_but(
                (
                    "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
                    "reshape(batch, tokens, heads, dim // heads)",
                ),
                ("mixed.transpose(1, 2).reshape", "mixed.reshape"),
            ),
        ),
        wrong(
            "scaled by the number of heads",
            """The scores are divided by the square root of the number of heads. What makes a score large is how many
            products it sums up, and that is the width of one head.""",
            function=_mended_but(("/ (dim // heads) ** 0.5", "/ heads**0.5")),
        ),
        wrong(
            "scaled without the root",
            """The attention weights are closer to equal than the model's own: the scores are divided by the width of a
            head itself. Their spread grows with its square root only.""",
            function=_mended_but(("(dim // heads) ** 0.5", "(dim // heads)")),
        ),
        wrong(
            "softmax over the queries",
            """Columns of the attention weights sum to 1, rows do not: what a token gets is no average of values. The
            softmax runs over the wrong axis.""",
            function=_mended_but(("softmax(dim=-1)", "softmax(dim=-2)")),
        ),
        wrong(
            "heads merged without a transpose",
            """The heads are cut right, but put together wrongly: reshaped from (batch, heads, tokens, channels), a
            token gets channels of other tokens. The axis of heads has to go back to where it came from first.""",
            function=_mended_but(("mixed.transpose(1, 2).reshape", "mixed.reshape")),
        ),
        wrong(
            "heads and channels exchanged",
            """The axis of heads is taken from the fast end of the channels: head 0 holds every third channel or so,
            where it should hold the first ones, side by side.""",
            function=_mended_but(
                (
                    "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
                    "reshape(batch, tokens, dim // heads, heads).permute(0, 3, 1, 2)",
                )
            ),
        ),
        wrong(
            "no residual around attention",
            """Set the weights of attention's projection to zero, and the tokens are gone: what attention returns
            replaces them, where it should be added to them.""",
            "x = x + block.attention",
            "x = block.attention",
        ),
        wrong(
            "MLP added to the normed tokens",
            """Attention's residual is right. The MLP's is not: its output is added to the normed tokens, so that their
            mean and size are lost in the second half of the block.""",
            function=_mended_but(("x = x + block.mlp", "x = h + block.mlp")),
        ),
        wrong(
            "norms exchanged",
            """Both norms of a block are called now, each in the other's place: the first one belongs before attention.
            Untrained, when both are alike, you would not notice.""",
            function=_mended_but(
                ("block.norm1(x)", "norm(x)"), ("block.norm2(x)", "block.norm1(x)"), ("= norm(x)", "= block.norm2(x)")
            ),
        ),
        wrong(
            "second norm twice",
            """In every block one layer norm gets no gradient. Before, it was the other one: now the second does the
            work of the first too.""",
            function=_mended_but(("block.norm1(x)", "block.norm2(x)")),
        ),
        wrong(
            "no norm before the MLP",
            """The MLP gets the tokens as they are, at whatever size they have grown to, and a layer norm of each block
            gets no gradient: it is never called.""",
            function=_mended_but(("h = block.norm2(x)", "h = x")),
        ),
        wrong(
            "norm left out at the end",
            """`model.norm` gets no gradient: it is never called. The head then reads tokens of whatever size the
            blocks have left them at.""",
            function=_mended_but(("x = model.norm(x)", "")),
        ),
        wrong(
            "mean over tokens",
            """The logits depend on every token directly: an average goes into the head. This model has a class token,
            which is read alone.""",
            function=_mended_but(("x[:, 0]", "x.mean(dim=1)")),
        ),
        wrong(
            "queries and keys exchanged",
            """The three parts of `qkv` are taken in another order than the model lays them out: queries first, then
            keys, then values. Exchanged, who asks is asked.""",
            function=_mended_but(("q, k, v = block", "k, q, v = block")),
        ),
        wrong(
            "no positions",
            """`model.positions` gets no gradient at all: neither the class token nor the patches have a position, and
            the order of the patches does not matter.""",
            function=_mended_but((" + model.positions", "")),
        ),
        wrong(
            "position for the class token alone",
            """Rows 1 and up of `model.positions` get no gradient: the class token has its position, the patches have
            lost theirs.""",
            function=_mended_but(
                (
                    "[class_token, patches], dim=1) + model.positions",
                    "[class_token + model.positions[:, :1], patches], dim=1)",
                )
            ),
        ),
        wrong(
            "scores multiplied by the scale",
            """The attention weights are far more extreme than the model's own: the scores are multiplied by the root,
            where they should become smaller by it.""",
            function=_mended_but(("/ (dim // heads)", "* (dim // heads)")),
        ),
        wrong(
            "scaled by the number of tokens",
            """What divides the scores depends on the number of tokens. A score is a sum of products over the channels
            of a head, however many tokens there are.""",
            function=_mended_but(("(dim // heads) ** 0.5", "tokens**0.5")),
        ),
        wrong(
            "heads cut with tokens and channels exchanged",
            """Queries, keys and values have the right shape, and the wrong content: the axis of tokens is cut out of
            the channels, and only then moved. Reshape splits an axis in place; first the channels have to be
            split.""",
            function=_mended_but(
                (
                    "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
                    "reshape(batch, heads, dim // heads, tokens).transpose(2, 3)",
                )
            ),
        ),
        wrong(
            "no residual around the MLP",
            """Set the weights of the MLP's second layer to zero, and the tokens are gone: its output replaces them,
            where it should be added to them.""",
            function=_mended_but(("x = x + block.mlp", "x = block.mlp")),
        ),
        wrong(
            "normed tokens added as well",
            """Set the weights of a block to zero, and it should hand its input on as it is. Yours adds the normed
            tokens to it: they belong into attention, not beside it.""",
            function=_mended_but(("x = x + block.attention", "x = x + h + block.attention")),
        ),
        wrong(
            "no norm before attention",
            """A layer norm of each block gets no gradient: it is never called. Attention gets the tokens at whatever
            size they have grown to.""",
            function=_mended_but(("h = block.norm1(x)", "h = x")),
        ),
        wrong(
            "projection left out",
            """`attention.projection` gets no gradient: the heads' outputs are added to the tokens as they are, and no
            head can be weighed against another.""",
            function=_mended_but(("block.attention.projection(mixed)", "mixed")),
        ),
        wrong(
            "softmax over the heads",
            """The attention weights of the heads sum to 1, those of the keys do not: the softmax runs over the axis of
            heads.""",
            function=_mended_but(("softmax(dim=-1)", "softmax(dim=1)")),
        ),
        wrong(
            "no activation in the MLP",
            """The MLP is one linear map: nothing stands between its two layers, so they could as well be a single
            one.""",
            function=_mended_but(("F.gelu(block.mlp.expand(h))", "block.mlp.expand(h)")),
        ),
        wrong(
            "last token read",
            "The logits come from the last token, a patch. The class token stands at the other end of the list.",
            function=_mended_but(("x[:, 0]", "x[:, -1]")),
        ),
        wrong(
            "mean over patches",
            """An average of the patches goes into the head, and the class token is left out. This model was made to be
            read at its class token.""",
            function=_mended_but(("x[:, 0]", "x[:, 1:].mean(dim=1)")),
        ),
        wrong(
            "probabilities instead of logits",
            """Your rows sum to 1: they are probabilities. The exercise asks for logits, as the head gives them; the
            loss takes care of the rest.""",
            function=_mended_but(
                ("return model.classifier(x[:, 0])", "return model.classifier(x[:, 0]).softmax(dim=-1)")
            ),
        ),
        wrong(
            "one block alone",
            """With a model of one block it is right, with two it is not: only one of the blocks has an effect on the
            result.""",
            function=_mended_but(("in model.blocks", "in model.blocks[:1]")),
        ),
        wrong(
            "keys and values exchanged",
            """The three parts of `qkv` are taken in another order than the model lays them out: queries first, then
            keys, then values. Here values are compared with, and keys averaged.""",
            function=_mended_but(("q, k, v = block", "q, v, k = block")),
        ),
        wrong(
            "both residuals from the start of the block",
            """The MLP gets what attention has made, but its output is added to the tokens as they were before
            attention: what attention adds never reaches the next block by itself.""",
            function=_mended_but(
                ("x = x + block.attention.projection(mixed)", "z = x + block.attention.projection(mixed)"),
                ("block.norm2(x)", "block.norm2(z)"),
            ),
        ),
        wrong(
            "attention does not reach the MLP",
            """Attention and MLP stand side by side: both get the block's input. The MLP should get what comes out of
            attention's sum.""",
            function=_mended_but(
                ("x = x + block.attention.projection(mixed)", "z = x + block.attention.projection(mixed)"),
                ("x = x + block.mlp", "x = z + block.mlp"),
            ),
        ),
        wrong(
            "zeros for the class token",
            "`model.class_token` gets no gradient: zeros stand in its place. It is learned, as the positions are.",
            function=_mended_but(("model.class_token.expand(batch, 1, dim)", "patches.new_zeros(batch, 1, dim)")),
        ),
        wrong(
            "patches reshaped without moving axes",
            """Your tokens have the right shape, and mix places and channels: from (batch, dim, rows, cols) the axis of
            channels has to be moved to the end, which reshaping alone never does.""",
            function=_mended_but(("maps.flatten(2).transpose(1, 2)", "maps.reshape(len(maps), -1, maps.shape[1])")),
        ),
        wrong(
            "patches column by column",
            """The patches are read column by column, and positions go row by row: each patch but the first gets the
            position of another.""",
            function=_mended_but(("maps.flatten(2).transpose(1, 2)", "maps.mT.flatten(2).transpose(1, 2)")),
        ),
        wrong(
            "no softmax",
            """The attention weights are the bare scores: they do not sum to 1, and some are negative. The softmax is
            missing.""",
            function=_mended_but(("scores.softmax(dim=-1)", "scores")),
        ),
        wrong(
            "queries, keys and values interleaved",
            """`qkv` lays out all queries, then all keys, then all values. Yours takes them in turns, every third
            number.""",
            function=_mended_but(("chunk(3, dim=-1)", "reshape(batch, tokens, dim, 3).unbind(-1)")),
        ),
        wrong(
            "second norm of the first",
            """What attention has added never reaches the MLP: it gets the tokens that were normed before attention,
            normed once more.""",
            function=_mended_but(("block.norm2(x)", "block.norm2(h)")),
        ),
        wrong(
            "last norm in every block",
            """The last norm is called after each block. It belongs to the end, once: between the blocks the tokens go
            on as they are.""",
            function=_mended_but(("    x = model.norm(x)\n", "        x = model.norm(x)\n")),
        ),
        wrong(
            "ReLU in the MLP",
            """Where the hidden values are far from 0 you would not notice; near 0 they differ. A Vision Transformer's
            MLP has a smoother activation than the one that cuts at 0.""",
            function=_mended_but(("F.gelu", "F.relu")),
        ),
        wrong(
            "class token not repeated",
            """It fails for several images: when class token and patches are joined along the tokens, all other axes
            have to agree, and the class token's first axis has length 1, not that of the batch. Each image needs
            it.""",
            function=_mended_but(("model.class_token.expand(batch, 1, dim)", "model.class_token")),
        ),
        wrong(
            "GELU by its approximation",
            """Nearly right, to about three digits: the MLP's activation is GELU's approximation with tanh. This model
            has the exact one.""",
            function=_mended_but(("F.gelu(block.mlp.expand(h))", 'F.gelu(block.mlp.expand(h), approximate="tanh")')),
        ),
        wrong(
            "the first patch's position for the class token",
            """The class token has a position now, but it shares the first patch's. Row 0 of `model.positions` still
            gets no gradient: that row is for the class token.""",
            function=_mended_but(
                (
                    "[class_token, patches], dim=1) + model.positions",
                    "[class_token + model.positions[:, 1:2], patches + model.positions[:, 1:]], dim=1)",
                )
            ),
        ),
        wrong(
            "patches counted from row 0",
            """The last row of `model.positions` gets no gradient: the class token and the first patch share row 0, and
            each patch after it has the row of the one before.""",
            function=_mended_but(
                (
                    "[class_token, patches], dim=1) + model.positions",
                    "[class_token + model.positions[:, :1], patches + model.positions[:, :-1]], dim=1)",
                )
            ),
        ),
        wrong(
            "one position for all tokens",
            """Rows 1 and up of `model.positions` get no gradient: all tokens share row 0, and the order of the patches
            does not matter.""",
            function=_mended_but(("dim=1) + model.positions", "dim=1) + model.positions[:, :1]")),
        ),
        wrong(
            "positions added twice",
            """Every token has moved twice as far as it should: positions are added to the parts, and once more to the
            whole.""",
            function=_mended_but(("dim=1) + model.positions", "dim=1) + 2 * model.positions")),
        ),
        wrong(
            "class token placed twice",
            """The class token has its position twice, the patches have theirs once: where positions are added to all
            tokens, none must have been added before.""",
            function=_mended_but(("[class_token, patches]", "[class_token + model.positions[:, :1], patches]")),
        ),
        wrong(
            "heads cut without a transpose, softmax over the queries",
            """Two mistakes are in attention. Each head holds all channels of a few tokens, cut into pieces, as the
            lesson gave it. And the softmax runs over the queries now, where it was right: rows of the attention weights
            no longer sum to 1.""",
            function=_mended_but(
                (
                    "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
                    "reshape(batch, heads, tokens, dim // heads)",
                ),
                ("softmax(dim=-1)", "softmax(dim=-2)"),
            ),
        ),
        wrong(
            "channels of a head as its tokens",
            """The attention weights are channels by channels, not tokens by tokens. The channels are split rightly, but
            then the axes of heads and channels are exchanged, and tokens stay before both. The axis of heads has to
            come before that of tokens.""",
            function=_mended_but(
                (
                    "reshape(batch, tokens, heads, dim // heads).transpose(1, 2)",
                    "reshape(batch, tokens, heads, dim // heads).transpose(2, 3)",
                )
            ),
        ),
        wrong(
            "heads merged behind the channels",
            """The heads are cut right, but put together with the axis of heads behind their channels: channels of
            different heads take turns. They should lie side by side, head by head, as they were cut.""",
            function=_mended_but(
                (
                    "mixed.transpose(1, 2).reshape(batch, tokens, dim)",
                    "mixed.permute(0, 2, 3, 1).reshape(batch, tokens, dim)",
                )
            ),
        ),
        wrong(
            "both residuals from the normed tokens",
            """Set the weights of a block to zero, and it has to hand its input on as it is. Yours hands on normed
            tokens: what attention and the MLP return is added to what they read, not to the stream.""",
            function=_mended_but(
                ("x = x + block.attention", "x = h + block.attention"), ("x = x + block.mlp", "x = h + block.mlp")
            ),
        ),
        wrong(
            "last block alone",
            """With a model of one block it is right, with two it is not: the first blocks have no effect on the
            result.""",
            function=_mended_but(("in model.blocks", "in model.blocks[-1:]")),
        ),
        wrong(
            "blocks in reverse",
            """With a model of one block it is right, with two it is not: the blocks are called from the last to the
            first.""",
            function=_mended_but(("in model.blocks", "in model.blocks[::-1]")),
        ),
        wrong(
            "positions outside the graph",
            """The logits are right, but `model.positions` gets no gradient: it is detached on the way, and would never
            be learned.""",
            function=_mended_but(("+ model.positions", "+ model.positions.detach()")),
        ),
    ),
)
