"""`count_parameters` (lesson 04): how many numbers a model's parameters hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations
from math import prod
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from ...cost.counted import count_parameters
from ..spec import Arguments, Exercise, Property, probe, seeded, wrong


class _Tied(nn.Module):
    """Embedding and head of one weight; beside it a parameter of its own, of three axes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.head = nn.Linear(3, 7)
        self.head.weight = self.embedding.weight
        self.class_token = nn.Parameter(torch.zeros(1, 2, 3))


def _partly_frozen() -> nn.Module:
    """As somebody left it in the middle of something: in evaluation mode, with gradients."""
    first, last = nn.Linear(4, 3), nn.Linear(3, 4, bias=False)
    first.weight.requires_grad_(False)
    for parameter in (first.bias, last.weight):
        parameter.grad = torch.ones_like(parameter)
    return nn.Sequential(first, nn.GELU(), last).eval()


def _normed() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 5), nn.BatchNorm2d(3), nn.Sequential(nn.Linear(6, 4), nn.LayerNorm(4)))


def _not_shared(model: nn.Module) -> int:
    return sum(p.numel() for module in model.modules() for p in module.parameters(recurse=False))


def _children(model: nn.Module) -> int:
    return sum(p.numel() for child in model.children() for p in child.parameters())


def _nested_twice(model: nn.Module) -> int:
    return sum(p.numel() for module in model.modules() for p in module.parameters())


def _own_alone(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters(recurse=False))


def _weights_alone(model: nn.Module) -> int:
    return sum(p.numel() for name, p in model.named_parameters() if "bias" not in name)


def _linear_layers(model: nn.Module) -> int:
    layers: list[Any] = [module for module in model.modules() if isinstance(module, (nn.Linear, nn.Conv2d))]
    return sum(layer.weight.numel() + (0 if layer.bias is None else layer.bias.numel()) for layer in layers)


def _frozen(model: nn.Module) -> int:
    count = count_parameters(model)
    model.requires_grad_(False)
    return count


def _changed(change: Callable[[nn.Module], Any]) -> Callable[[nn.Module], int]:
    """The right count, after the model has been changed."""

    def count(model: nn.Module) -> int:
        change(model)
        return count_parameters(model)

    return count


def _backward(model: nn.Module) -> None:
    parameters = [p for p in model.parameters() if p.requires_grad]
    for parameter, gradient in zip(parameters, torch.autograd.grad(_sum(parameters), parameters), strict=True):
        parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def _sum(parameters: Iterable[Tensor]) -> Tensor:
    return torch.stack([p.double().sum() for p in parameters]).sum()


def _of(*kinds: type[nn.Module]) -> Callable[[nn.Module], int]:
    return lambda model: sum(p.numel() for m in model.modules() if isinstance(m, kinds) for p in m.parameters())


def _whole_kinds_are_there(value: Any, arguments: Arguments) -> bool:
    """Is it the count of some kinds of layers, with all others left out? Small counts are so by accident."""
    if value < count_parameters(arguments["model"]) / 4:
        return True
    kinds: Counter[type] = Counter()
    for module in arguments["model"].modules():
        kinds[type(module)] += sum(p.numel() for p in module.parameters(recurse=False))
    counts = [count for count in kinds.values() if count]
    return all(value != sum(some) for size in range(1, len(counts)) for some in combinations(counts, size))


def _left(model: nn.Module) -> dict[str, Any]:
    """All that counting must leave as it is."""
    return {
        "training mode of the modules": [module.training for module in model.modules()],
        "dtypes of the parameters": [str(p.dtype).removeprefix("torch.") for p in model.parameters()],
        "`requires_grad` of the parameters": [p.requires_grad for p in model.parameters()],
        "sums of the gradients in `.grad`": [
            "none" if p.grad is None else round(float(p.grad.sum()), 3) for p in model.parameters()
        ],
    }


EXERCISE = Exercise(
    name="count_parameters",
    lesson="04",
    reference=count_parameters,
    stub="(model)",
    minutes=3,
    difficulty=1,
    probes=(
        probe(
            "a convolution, a batch norm, and within a Sequential a linear layer and a layer norm",
            lambda g: {"model": seeded(g, _normed).float()},
        ),
        probe(
            "two linear layers, one without bias, one with a frozen weight",
            lambda g: {"model": seeded(g, _partly_frozen)},
        ),
        probe(
            "an embedding and a head that share a weight, and a parameter of shape (1, 2, 3)",
            lambda g: {"model": seeded(g, _Tied)},
        ),
    ),
    observe=lambda value, arguments: {"a whole number": isinstance(value, Integral)} | _left(arguments["model"]),
    properties=(
        Property(
            "how many, not how large",
            "Your count is the sum of the weights' values, and changes with every training step. A weight of shape "
            "(3, 5) counts 15, whatever its numbers are.",
            lambda value, arguments: abs(value - _sum(arguments["model"].parameters()).item()) >= 1,
        ),
        Property(
            "no kind of layer left out",
            "Your count is right for some kinds of layers, and leaves the others out. A list of kinds is never "
            "complete: any module may have parameters, the model itself, too.",
            _whole_kinds_are_there,
        ),
        Property(
            "not too few",
            "Your count is too small: something that belongs to the model is missing. A parameter may have any number "
            "of axes, be frozen, and belong to any module, the model itself included.",
            lambda value, arguments: value >= count_parameters(arguments["model"]),
        ),
        Property(
            "not too many",
            "Your count is too large: something is counted more than once, or counted though it is no parameter.",
            lambda value, arguments: value <= count_parameters(arguments["model"]),
        ),
    ),
    hints=(
        "A module can give you all its parameters, those of the modules within it included. What does each of them "
        "know about its size?",
        "A parameter is a tensor: `shape` gives its axes, `numel()` the product of them. Add up over "
        "`model.parameters()`.",
    ),
    misconceptions=(
        wrong(
            "tensors counted",
            """Your count is very small: it counts the tensors. A weight of shape (3, 5) is one tensor and holds 15
            numbers.""",
            "p.numel() for",
            "1 for",
        ),
        wrong(
            "first axis alone",
            """Your count is too small wherever a parameter has several axes: the length of a tensor is that of its
            first axis alone.""",
            "p.numel()",
            "len(p)",
        ),
        wrong(
            "two axes alone",
            """Weights of linear layers are counted right, a convolution's kernel is not: it has four axes, and two of
            them are left out.""",
            "p.numel()",
            "p.shape[:2].numel()",
        ),
        wrong(
            "axes added",
            "A weight of shape (3, 5) holds 15 numbers, and yours counts 8: the lengths of its axes are added.",
            "p.numel()",
            "sum(p.shape)",
        ),
        wrong(
            "bytes",
            """Your count is a multiple of what it should be: bytes are counted, four or eight for each number. That is
            the memory of the weights.""",
            "p.numel()",
            "p.numel() * p.element_size()",
        ),
        wrong(
            "frozen ones left out",
            """A frozen parameter is not in your count. It is part of the model all the same: it takes memory, and it
            takes part in each prediction. Published sizes count it.""",
            "model.parameters()",
            "model.parameters() if p.requires_grad",
        ),
        wrong(
            "shared ones twice",
            "A weight that two layers share is in your count twice. It is one tensor, held once and learned once.",
            function=_not_shared,
        ),
        wrong(
            "state dict counted",
            """Your count is too large where there is a batch norm, and where weights are shared: a state dict also
            holds buffers, such as running means, which nobody learns, and lists a shared weight under both its
            names.""",
            "p.numel() for p in model.parameters()",
            "p.numel() for p in model.state_dict().values()",
        ),
        wrong(
            "buffers counted",
            """Your count is too large where there is a batch norm: it includes buffers, its running mean and variance
            and a counter. They belong to the model's state, but nobody learns them.""",
            "p.numel() for p in model.parameters()",
            "p.numel() for p in [*model.parameters(), *model.buffers()]",
        ),
        wrong(
            "layers within layers more than once",
            """Your count is far too large: a module gives the parameters of all modules within it as well, and you go
            through all modules on top of that. Each parameter is counted once for every module around it.""",
            function=_nested_twice,
        ),
        wrong(
            "children alone",
            """A parameter that belongs to the model itself is missing, such as a class token: yours asks the layers
            within it, and not the model. Asked layer by layer, a weight that two of them share also counts twice.""",
            function=_children,
        ),
        wrong(
            "own parameters alone",
            """Your count is 0 for most models: it has the parameters that belong to the model itself, and none of the
            layers within it.""",
            function=_own_alone,
        ),
        wrong(
            "biases left out",
            "Your count is a little too small: biases are missing. They are learned, as weights are.",
            function=_weights_alone,
        ),
        wrong(
            "linear layers and convolutions alone",
            """Your count has linear layers and convolutions only. Norms and embeddings have parameters too, and a
            model may hold some of its own: ask for parameters, whatever module they are in.""",
            function=_linear_layers,
        ),
        wrong(
            "parameters of one axis left out",
            """Your count is a little too small: biases and the scales of norms are missing, which have one axis only.
            They are learned, too.""",
            "model.parameters()",
            "model.parameters() if p.ndim > 1",
        ),
        wrong(
            "in millions",
            "Your count is a fraction: it is given in millions. The exercise asks for the number itself, whole.",
            function=lambda model: count_parameters(model) / 1e6,
        ),
        wrong(
            "a float",
            """The count is right, but it comes as a float, with a point and a zero behind it. What is counted is
            whole: something on the way divides, or converts.""",
            function=lambda model: float(count_parameters(model)),
        ),
        wrong(
            "last one alone",
            """Your count is that of one parameter, the last one: in the loop the sum is replaced where it should
            grow.""",
            function=lambda model: list(model.parameters())[-1].numel(),
        ),
        wrong(
            "first one alone",
            "Your count is that of one parameter, the first one: the function returns from within its loop.",
            function=lambda model: next(model.parameters()).numel(),
        ),
        wrong(
            "frozen ones and the model's own left out",
            """Two kinds of parameters are missing: frozen ones, which take part in each prediction all the same, and
            those that belong to the model itself rather than to a layer within it.""",
            function=lambda model: sum(p.numel() for m in model.children() for p in m.parameters() if p.requires_grad),
        ),
        wrong(
            "freezes the model",
            """The count is right, but afterwards no parameter of the model is trainable any more: counting has to
            leave `requires_grad` as it is.""",
            function=_frozen,
        ),
        wrong(
            "thaws the model",
            """The count is right, but afterwards frozen parameters are trainable: whoever froze them would train them
            without noticing. Counting has to leave `requires_grad` as it is.""",
            function=_changed(lambda model: model.requires_grad_(True)),
        ),
        wrong(
            "puts the model into evaluation mode",
            """The count is right, but afterwards the model is in evaluation mode: dropout is off, and a batch norm
            stops following its inputs, in the middle of a training, say. Counting has no need of a mode.""",
            function=_changed(lambda model: model.eval()),
        ),
        wrong(
            "puts the model into training mode",
            """The count is right, but afterwards the model is in training mode, also if it was not before. Counting has
            no need of a mode.""",
            function=_changed(lambda model: model.train()),
        ),
        wrong(
            "casts the model to float64",
            """The count is right, but afterwards the model's weights are float64: `model.double()` changes the model
            itself. How many numbers there are does not depend on their dtype.""",
            function=_changed(lambda model: model.double()),
        ),
        wrong(
            "casts the model to float32",
            """The count is right, but afterwards the model's weights are float32: `model.float()` changes the model
            itself. How many numbers there are does not depend on their dtype.""",
            function=_changed(lambda model: model.float()),
        ),
        wrong(
            "clears the gradients",
            """The count is right, but afterwards the model's gradients are gone. Between `backward` and the optimizer's
            step that would lose a step. Counting needs no gradients.""",
            function=_changed(lambda model: model.zero_grad()),
        ),
        wrong(
            "leaves gradients behind",
            """The count is right, but afterwards each trainable parameter has a gradient more in its `.grad`: your
            function calls `backward`. The next step of training would take it for its own.""",
            function=_changed(_backward),
        ),
        wrong(
            "equal shapes counted once",
            """Your count is too small where two parameters have the same shape: one of them is lost, because shapes are
            collected in a set or as keys. What may be counted once only is the same tensor, not the same shape.""",
            function=lambda model: sum(map(prod, {p.shape for p in model.parameters()})),
        ),
        wrong(
            "equal sizes counted once",
            """Your count is too small where two parameters hold equally many numbers: one of them is lost, because
            sizes are collected in a set or as keys. What may be counted once only is the same tensor.""",
            function=lambda model: sum({p.numel() for p in model.parameters()}),
        ),
        wrong(
            "zeros left out",
            """Your count changes with the values: numbers that are 0 are not in it, such as fresh biases or a new class
            token. They are there to be learned all the same.""",
            function=lambda model: sum(int(p.count_nonzero()) for p in model.parameters()),
        ),
        wrong(
            "what is called weight",
            """Your count is too small: biases are missing, and a parameter whose name is another one, such as a class
            token. What belongs to a model does not depend on its name.""",
            function=lambda model: sum(p.numel() for name, p in model.named_parameters() if "weight" in name),
        ),
        wrong(
            "linear layers alone",
            """Your count has linear layers only. Convolutions, norms and embeddings have parameters too, and a model
            may hold some of its own: ask for parameters, whatever module they are in.""",
            function=_of(nn.Linear),
        ),
        wrong(
            "first axis times the last",
            """Weights of linear layers are counted right; of a kernel's four axes two are left out, and a bias, whose
            first axis is its last one, counts as its square.""",
            "p.numel()",
            "p.shape[0] * p.shape[-1]",
        ),
        wrong(
            "first axis times the second",
            """It stops at the first bias, which has one axis and no second. A parameter may have any number of axes; a
            convolution's kernel has four.""",
            "p.numel()",
            "p.shape[0] * p.shape[1]",
        ),
        wrong(
            "all but the first axis",
            """Your count is too small by a factor that differs from parameter to parameter: the first axis is left
            out, and a bias counts as 1.""",
            "p.numel()",
            "p[0].numel()",
        ),
        wrong(
            "weights of two axes alone",
            """Your count has the parameters of exactly two axes. A bias has one, a convolution's kernel four, a class
            token three.""",
            "model.parameters()",
            "model.parameters() if p.ndim == 2",
        ),
        wrong(
            "four bytes for each number",
            """Your count is four times what it should be: that is the memory of the weights in float32, in bytes. The
            exercise asks how many numbers there are.""",
            "p.numel()",
            "4 * p.numel()",
        ),
        wrong(
            "frozen ones left out, buffers counted",
            """Frozen parameters are missing from your count, and buffers are in it, a batch norm's running mean and
            variance. It should be the other way round: every parameter counts, and a buffer is none.""",
            function=lambda model: (
                sum(p.numel() for p in model.parameters() if p.requires_grad) + sum(b.numel() for b in model.buffers())
            ),
        ),
        wrong(
            "biases alone",
            "Your count is far too small: it has the biases and nothing else.",
            function=lambda model: sum(p.numel() for name, p in model.named_parameters() if "bias" in name),
        ),
    ),
)
