"""`count_parameters` (lesson 04): how many numbers a model learns."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import torch
from torch import nn

from ...cost.counted import count_parameters
from ..spec import Exercise, Property, probe, seeded, wrong


class _Tied(nn.Module):
    """Embedding and head of one weight; beside it a parameter of its own, of three axes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.head = nn.Linear(3, 7)
        self.head.weight = self.embedding.weight
        self.class_token = nn.Parameter(torch.zeros(1, 2, 3))


def _partly_frozen() -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 3), nn.GELU(), nn.Linear(3, 5, bias=False))
    model[0].weight.requires_grad_(False)
    return model


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
            lambda g: {"model": seeded(g, _normed)},
            "models without shared weights",
            "models without frozen parameters",
        ),
        probe(
            "two linear layers, one without bias, one with a frozen weight",
            lambda g: {"model": seeded(g, _partly_frozen)},
            "models without shared weights",
            "models without buffers",
        ),
        probe(
            "an embedding and a head that share a weight, and a parameter of shape (1, 2, 3)",
            lambda g: {"model": seeded(g, _Tied)},
            "models without buffers",
            "models without frozen parameters",
        ),
    ),
    observe=lambda value, arguments: [
        isinstance(value, Integral),
        *(p.requires_grad for p in arguments["model"].parameters()),
    ],
    properties=(
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
            within it, and not the model.""",
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
    ),
)
