"""`rollout` (lesson 06): attention through all layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...maps.reduce import rollout
from ..spec import Arguments, Exercise, Property, probe, wrong
from .class_attention_map import maps as attention_maps


def _mean_of_all(maps: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(maps)).mean(dim=(0, 2))


def _first_layer_missing(maps: Sequence[Tensor]) -> Tensor:
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype).expand(len(maps[0]), -1, -1)
    return rollout(maps[1:]) if len(maps) > 1 else identity


def _last_layer_missing(maps: Sequence[Tensor]) -> Tensor:
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype).expand(len(maps[0]), -1, -1)
    return rollout(maps[:-1]) if len(maps) > 1 else identity


def _first_layer_alone(maps: Sequence[Tensor]) -> Tensor:
    return rollout(maps[:1])


def _first_layer_twice(maps: Sequence[Tensor]) -> Tensor:
    return rollout([maps[0], *maps])


def _first_layer_without_skip(maps: Sequence[Tensor]) -> Tensor:
    total = maps[0].mean(dim=1)
    return rollout(maps[1:]) @ total if len(maps) > 1 else total


def _starts_at_the_first_map(maps: Sequence[Tensor]) -> Tensor:
    return rollout(maps) @ maps[0].mean(dim=1)


def _each_head_alone(maps: Sequence[Tensor]) -> Tensor:
    heads = range(maps[0].shape[1])
    return torch.stack([rollout([attention[:, h : h + 1] for attention in maps]) for h in heads]).mean(dim=0)


def _heads_kept(maps: Sequence[Tensor]) -> Tensor:
    heads = range(maps[0].shape[1])
    return torch.stack([rollout([attention[:, h : h + 1] for attention in maps]) for h in heads], dim=1)


def _over_images(maps: Sequence[Tensor]) -> Tensor:
    return rollout([attention.transpose(0, 1) for attention in maps])


def _skip_once(maps: Sequence[Tensor]) -> Tensor:
    total = rollout(maps, residual=0.0)
    return 0.5 * torch.eye(total.shape[-1], dtype=total.dtype) + 0.5 * total


def _halves(value: Tensor, arguments: Arguments) -> bool:
    shares = (0.1, 0.2, 0.25, 0.3, 1 / 3, 0.4, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9)
    return not any(torch.allclose(value, rollout(arguments["maps"], share), rtol=1e-4, atol=1e-5) for share in shares)


def _rows_sum_to_1(value: Tensor, arguments: Arguments) -> bool:
    total = value.sum(dim=-1)
    return torch.allclose(total, torch.ones_like(total), rtol=1e-4, atol=1e-5)


def _layers(maps: Sequence[Tensor]) -> list[Tensor]:
    identity = torch.eye(maps[0].shape[-1], dtype=maps[0].dtype, device=maps[0].device)
    return [(identity + attention.mean(dim=1)) / 2 for attention in maps]


def _mean_of_layers(maps: Sequence[Tensor]) -> Tensor:
    return torch.stack(_layers(maps)).mean(dim=0)


def _sum_of_layers(maps: Sequence[Tensor]) -> Tensor:
    return torch.stack(_layers(maps)).sum(dim=0)


def _starts_from_equal_shares(maps: Sequence[Tensor]) -> Tensor:
    return torch.full_like(maps[0][:, 0], 1 / maps[0].shape[-1])


def _starts_from_zeros(maps: Sequence[Tensor]) -> Tensor:
    return torch.zeros_like(maps[0][:, 0])


def _starts_from_ones(maps: Sequence[Tensor]) -> Tensor:
    return torch.ones_like(maps[0][:, 0])


def _diagonal_set(maps: Sequence[Tensor], scale: float = 1.0) -> Tensor:
    total = rollout(maps, residual=1.0)
    for attention in maps:
        layer = scale * attention.mean(dim=1)
        layer.diagonal(dim1=1, dim2=2).fill_(0.5)
        total = layer @ total
    return total


def _diagonal_set_after_halving(maps: Sequence[Tensor]) -> Tensor:
    return _diagonal_set(maps, 0.5)


def _last_layer_again_and_again(maps: Sequence[Tensor]) -> Tensor:
    return torch.linalg.matrix_power(_layers(maps)[-1], len(maps))


def _first_layer_again_and_again(maps: Sequence[Tensor]) -> Tensor:
    return torch.linalg.matrix_power(_layers(maps)[0], len(maps))


def _heads_normalized(maps: Sequence[Tensor], reduce: Callable[[Tensor], Tensor]) -> Tensor:
    total = rollout(maps, residual=1.0)
    for attention in maps:
        layer = total.new_tensor(1.0).expand(total.shape[-1]).diag() + reduce(attention)
        total = layer / layer.sum(dim=-1, keepdim=True) @ total
    return total


def _maximum_brought_to_sum_1(maps: Sequence[Tensor]) -> Tensor:
    return _heads_normalized(maps, lambda attention: attention.amax(dim=1))


def _minimum_brought_to_sum_1(maps: Sequence[Tensor]) -> Tensor:
    return _heads_normalized(maps, lambda attention: attention.amin(dim=1))


def _after_each_layer(maps: Sequence[Tensor]) -> Tensor:
    return torch.stack([rollout(maps[: number + 1]) for number in range(len(maps))])


# The maps come as a tuple, of which `check` takes no gradients: maps are recorded outside the graph. Whoever divides
# each layer by its rows' sums, as published code does, has the same numbers and other gradients.
LAYER = "(residual * identity + (1 - residual) * attention.mean(dim=1)) @ total"

EXERCISE = Exercise(
    name="rollout",
    lesson="06",
    reference=rollout,
    stub="(maps)",
    minutes=5,
    gradients=False,
    difficulty=2,
    axes=("image", "row", "column"),
    probes=(
        probe(
            "3 layers, 2 images, 4 heads, 6 tokens",
            lambda g: {"maps": tuple(attention_maps(g, 2, 4, 6, 6) for _ in range(3))},
        ),
        probe(
            "one layer, 3 images, 2 heads, 5 tokens",
            lambda g: {"maps": (attention_maps(g, 3, 2, 5, 5),)},
            "one layer",
        ),
        probe(
            "4 layers, 2 images, one head, 7 tokens, float32",
            lambda g: {"maps": tuple(attention_maps(g, 2, 1, 7, 7, dtype=torch.float32) for _ in range(4))},
            "one head",
            "float32 inputs",
        ),
        probe(
            "2 layers, one image, 3 heads, 4 tokens, float32",
            lambda g: {"maps": tuple(attention_maps(g, 1, 3, 4, 4, dtype=torch.float32) for _ in range(2))},
            "a single image",
            "float32 inputs",
        ),
    ),
    properties=(
        Property(
            "rows sum to 1",
            "The rows of your result do not sum to 1. A row is what a token has become a mixture of; each layer's "
            "matrix has rows that sum to 1, and so has their product.",
            _rows_sum_to_1,
        ),
        Property(
            "halves",
            "Rows sum to 1 and the layers are multiplied, but the skip connection has another share than attention. In "
            "each layer both count for one half.",
            _halves,
        ),
    ),
    hints=(
        "Before the first layer every token is itself alone. Which matrix says that?",
        "For each layer: the mean over heads, then the mixture with the skip connection, half and half. How it acts on "
        "what was there before is the formula's last factor.",
        "`I = torch.eye(tokens, dtype=..., device=...)`, both taken from a map, and `R = I` to start. Then, in a loop "
        "over the maps: `M = 0.5 * I + 0.5 * A.mean(dim=1)`, and the product of `M` and `R` is the next `R`. `@` "
        "multiplies for each image of the batch; the newest layer's matrix stands on the left.",
    ),
    misconceptions=(
        wrong(
            "no skip connection",
            """Rows sum to 1, but all rows are almost alike: the attention matrices alone are multiplied. A block adds
            its input to what attention brings; without that half, every token forgets itself at once.""",
            "residual * identity + (1 - residual) * attention.mean(dim=1)",
            "attention.mean(dim=1)",
        ),
        wrong(
            "skip connection added in full",
            """Your rows sum to 2 after one layer, to 4 after two: the identity is added in full, and so is attention.
            The two halves of a layer have to make 1 together.""",
            LAYER,
            "(identity + attention.mean(dim=1)) @ total",
        ),
        wrong(
            "half of the identity alone",
            """Your rows do not sum to 1 but grow with each layer: only the skip connection is halved, attention counts
            in full.""",
            "(1 - residual) * attention",
            "attention",
        ),
        wrong(
            "half of the attention alone",
            """Your rows do not sum to 1 but grow with each layer: only attention is halved, the skip connection counts
            in full.""",
            "residual * identity",
            "identity",
        ),
        wrong(
            "identity outside the product",
            """One layer is right. With several the skip connection forgets the layers before: only attention is
            multiplied with them, since `@` binds before `+`. Both halves of a layer act on what was there.""",
            LAYER,
            "residual * identity + (1 - residual) * attention.mean(dim=1) @ total",
        ),
        wrong(
            "mixed without a product",
            """One layer is right. With several the layers are averaged, the later the more weight: no product of
            matrices is taken. A token that looks at a mixture takes from all that is mixed in it.""",
            LAYER,
            "residual * total + (1 - residual) * attention.mean(dim=1)",
        ),
        wrong(
            "mean of all layers",
            """Rows sum to 1, but the layers are averaged and not multiplied, and there is no skip connection. A token
            that looks at a mixture takes from all that is mixed in it, which is a product.""",
            function=_mean_of_all,
        ),
        wrong(
            "first layer missing",
            """The result depends on all maps but the first: with one layer it is the identity. The loop begins one
            layer too late.""",
            function=_first_layer_missing,
        ),
        wrong(
            "last layer missing",
            """The result depends on all maps but the last: with one layer it is the identity. The loop ends one layer
            too early.""",
            function=_last_layer_missing,
        ),
        wrong(
            "first layer only",
            """One layer is right. With several only the first one counts: the function returns before the loop has gone
            through all of them.""",
            function=_first_layer_alone,
        ),
        wrong(
            "layers in reverse order",
            """With several layers the order is reversed: your first layer acts last. With one layer this does not show.
            A matrix acts on what stands at its right, and the product of matrices depends on the order.""",
            ("total = (", "total = total @ ("),
            ("mean(dim=1)) @ total", "mean(dim=1))"),
        ),
        wrong(
            "last layer only",
            """One layer is right. With several only the last one counts: each starts from the identity again, instead
            of from what the layers before it have made.""",
            "@ total",
            "@ identity",
        ),
        wrong(
            "layers multiplied entry by entry",
            """Almost everything off the diagonal has vanished: `*` multiplies entry by entry, and the identity is 0
            there. To follow mixtures of mixtures takes the product of matrices.""",
            "@ total",
            "* total",
        ),
        wrong(
            "layers added",
            """Your rows sum to more than 1, by 1 for every layer: the layers are added. A layer mixes what the one
            before has mixed, which is a product.""",
            "@ total",
            "+ total",
        ),
        wrong(
            "maximum over the heads",
            """Your rows sum to more than 1: of the heads you take the largest weight, not the mean. Some published code
            does that; the rollout of this lesson takes the mean.""",
            "attention.mean(dim=1)",
            "attention.amax(dim=1)",
        ),
        wrong(
            "minimum over the heads",
            """Your rows sum to less than 1: of the heads you take the smallest weight, not the mean. Some published
            code offers that; the rollout of this lesson takes the mean.""",
            "attention.mean(dim=1)",
            "attention.amin(dim=1)",
        ),
        wrong(
            "sum over the heads",
            """One head is right. With several your rows grow beyond 1: the heads are summed, so that attention counts
            once for each of them.""",
            "attention.mean(dim=1)",
            "attention.sum(dim=1)",
        ),
        wrong(
            "first head only",
            "One head is right. With several only the first counts; the formula takes the mean of all.",
            "attention.mean(dim=1)",
            "attention[:, 0]",
        ),
        wrong(
            "columns for rows",
            """Your columns sum to 1 and your rows do not: each map is transposed, while the layers keep their order.
            Row i of a map says what token i takes from the others, and it stays a row.""",
            "attention.mean(dim=1)",
            "attention.mean(dim=1).transpose(-2, -1)",
        ),
        wrong(
            "a half in every entry",
            """Your rows sum to far more than 1: the half of the skip connection is added to every entry, by
            broadcasting. A token keeps half of *itself*; that concerns the diagonal alone.""",
            "residual * identity",
            "residual",
        ),
        wrong(
            "class token's row alone",
            """You return the class token's look at the patches. The function gives the whole matrix, a row for each
            token; whoever wants one row takes it from there.""",
            "return total",
            "return total[:, 0, 1:]",
        ),
        wrong(
            "class token's row",
            """You return the class token's row. The function gives the whole matrix, a row for each token; whoever
            wants one row takes it from there.""",
            "return total",
            "return total[:, 0]",
        ),
        wrong(
            "first layer twice",
            """Even one layer is wrong: you start from the first layer's matrix, and the loop then takes it once more.
            Before the first layer nothing is mixed.""",
            function=_first_layer_twice,
        ),
        wrong(
            "first layer without skip connection",
            """Even one layer is wrong: you start from the first attention map as it is, without its half of the
            identity. The first layer is a layer like the others.""",
            function=_first_layer_without_skip,
        ),
        wrong(
            "starts at the first map",
            """Even one layer is wrong: you start from the first attention map, and then the loop begins with it again.
            Before the first layer nothing is mixed.""",
            function=_starts_at_the_first_map,
        ),
        wrong(
            "heads mixed at the end",
            """One layer is right, and one head is. Otherwise you follow each head through all layers alone and take the
            mean at the end. But heads meet in every layer: their outputs are merged before the next one begins.""",
            function=_each_head_alone,
        ),
        wrong(
            "heads kept apart",
            """The axis of heads is still there. Heads meet in every layer, when their outputs are merged: the mean over
            them belongs into each layer.""",
            function=_heads_kept,
        ),
        wrong(
            "mean over the images",
            """Your result has one matrix for each head, not for each image: the mean is taken over the batch. Which of
            a map's axes counts the heads?""",
            function=_over_images,
        ),
        wrong(
            "skip connection once",
            """Rows sum to 1 and one layer is right. With several the skip connection comes in only once, after the
            product of all attention maps. Every layer has one of its own.""",
            function=_skip_once,
        ),
        wrong(
            "brought to sum 1 twice over",
            """Rows sum to 1, but the halves are wrong: attention counts for a third. A sum of two parts is divided by
            their total, and something is counted twice.""",
            "residual * identity + (1 - residual) * attention.mean(dim=1)",
            "(2 * identity + attention.mean(dim=1)) / 3",
        ),
        wrong(
            "result transposed",
            """Your columns sum to 1 and your rows do not: the right numbers stand there, but transposed. Row i of the
            result says what token i has become a mixture of; with you column i does.""",
            "return total",
            "return total.transpose(1, 2)",
        ),
        wrong(
            "a second softmax",
            """Rows sum to 1, but your attention is nearly flat. The maps are weights and have been through a softmax
            already; a second one makes numbers between 0 and 1 almost equal.""",
            "attention.mean(dim=1)",
            "attention.mean(dim=1).softmax(dim=-1)",
        ),
        wrong(
            "a second softmax in each head",
            """Rows sum to 1, but your attention is nearly flat. The maps are weights and have been through a softmax
            already; a second one makes numbers between 0 and 1 almost equal.""",
            "attention.mean(dim=1)",
            "attention.softmax(dim=-1).mean(dim=1)",
        ),
        wrong(
            "softmax of the mixture",
            """Rows sum to 1, but all numbers are nearly alike: each layer's mixture goes through a softmax. Its rows
            sum to 1 by themselves, since both halves do.""",
            LAYER,
            "(residual * identity + (1 - residual) * attention.mean(dim=1)).softmax(dim=-1) @ total",
        ),
        wrong(
            "softmax of the result",
            """Rows sum to 1, but all numbers are nearly alike: the result goes through a softmax. Its rows sum to 1 by
            themselves, since each layer's do.""",
            "return total",
            "return total.softmax(dim=-1)",
        ),
        wrong(
            "equal shares for the identity",
            """Rows sum to 1, but the diagonal is too small: in place of the identity stands a matrix of equal numbers.
            The skip connection keeps the token *itself*, not a share of every token.""",
            "residual * identity",
            "residual * torch.ones_like(identity) / len(identity)",
        ),
        wrong(
            "starts from equal shares",
            """All your numbers are 1 over the number of tokens: at the start each token is taken to be an equal mixture
            of all, and no mixing changes that. Before the first layer each token is itself alone.""",
            function=_starts_from_equal_shares,
        ),
        wrong(
            "starts from zeros",
            """All your numbers are 0: the product starts from a matrix of zeros, and whatever is multiplied with it is
            0. Before the first layer each token is itself alone.""",
            function=_starts_from_zeros,
        ),
        wrong(
            "starts from ones",
            """All your numbers are 1: the product starts from a matrix full of ones, and rows that sum to 1 leave it as
            it is. Before the first layer each token is itself alone.""",
            function=_starts_from_ones,
        ),
        wrong(
            "maximum over the heads, brought to sum 1",
            """Rows sum to 1, and one head is right. Of several heads you take the largest weight, and bring the rows to
            sum 1 again. Some published code does that; the rollout of this lesson takes the mean.""",
            function=_maximum_brought_to_sum_1,
        ),
        wrong(
            "minimum over the heads, brought to sum 1",
            """Rows sum to 1, and one head is right. Of several heads you take the smallest weight, and bring the rows
            to sum 1 again. Some published code offers that; the rollout of this lesson takes the mean.""",
            function=_minimum_brought_to_sum_1,
        ),
        wrong(
            "mean of the layers' mixtures",
            """Rows sum to 1 and one layer is right. With several the layers are averaged and not multiplied. A token
            that looks at a mixture takes from all that is mixed in it, which is a product.""",
            function=_mean_of_layers,
        ),
        wrong(
            "sum of the layers' mixtures",
            """One layer is right. With several your rows sum to the number of layers: layers are added and not
            multiplied. A token that looks at a mixture takes from all that is mixed in it, which is a product.""",
            function=_sum_of_layers,
        ),
        wrong(
            "diagonal set to one half",
            """Your rows do not sum to 1: each diagonal is set to one half, whatever attention stood there, and the
            other weights are not halved. The half of the identity is added to the half of attention.""",
            function=_diagonal_set,
        ),
        wrong(
            "diagonal set after halving",
            """Your rows sum to less than 1: attention is halved, but then its diagonal is overwritten, so that what
            each token gives to itself by attention is lost. The half of the identity is added to it.""",
            function=_diagonal_set_after_halving,
        ),
        wrong(
            "last layer again and again",
            """One layer is right. With several, each step multiplies by the matrix of the last layer: the others play
            no part. Every layer has maps of its own.""",
            function=_last_layer_again_and_again,
        ),
        wrong(
            "first layer again and again",
            """One layer is right. With several, each step multiplies by the matrix of the first layer: the others play
            no part. Every layer has maps of its own.""",
            function=_first_layer_again_and_again,
        ),
        wrong(
            "columns of each layer brought to sum 1",
            """Your rows do not sum to 1: in each layer the columns are divided by their sums. A row says what one token
            is mixed from, so it is along a row that shares make 1.""",
            LAYER,
            "(lambda layer: layer / layer.sum(dim=1, keepdim=True))(identity + attention.mean(dim=1)) @ total",
        ),
        wrong(
            "columns of the result brought to sum 1",
            """Your columns sum to 1 and your rows do not: the result is divided by the sums of its columns. A row says
            what one token is mixed from, and rows sum to 1 by themselves.""",
            "return total",
            "return total / total.sum(dim=1, keepdim=True)",
        ),
        wrong(
            "result after each layer",
            """There is an axis too many: you return what has come about after each layer. Asked for is what there is
            after the last one.""",
            function=_after_each_layer,
        ),
        wrong(
            "patches alone",
            """One row and one column are missing: the class token is cut off. The function gives the whole matrix, a
            row for each token; whoever wants a part takes it from there.""",
            "return total",
            "return total[:, 1:, 1:]",
        ),
        wrong(
            "identity taken away",
            """Your rows sum to 0: at the end the identity is subtracted. What a token keeps of itself belongs to the
            mixture.""",
            "return total",
            "return total - identity",
        ),
    ),
)
