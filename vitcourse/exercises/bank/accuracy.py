"""`accuracy` (lesson 05): the share of images that a model reads correctly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..spec import Arguments, Exercise, Property, normal, probe, seeded, wrong


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share, 0 to 1, of images whose largest logit is the label's; measured in eval mode, without gradients."""
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(images)
    model.train(was_training)
    right = logits.argmax(dim=1) == labels
    return int(right.sum()) / len(labels)


def _probability_of_the_truth(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        p = model(images).softmax(dim=1)
    model.train(was_training)
    return float(p[torch.arange(len(labels)), labels].mean())


def _above_one_half(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        p = model(images).softmax(dim=1)
    model.train(was_training)
    return float((p[torch.arange(len(labels)), labels] > 0.5).double().mean())


def _mean_over_classes(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        answers = model(images).argmax(dim=1)
    model.train(was_training)
    shares = [(answers[labels == label] == label).double().mean() for label in labels.unique()]
    return float(torch.stack(shares).mean())


class _Noting(nn.Module):
    """Hands logits on, and notes whether they would carry gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded = False

    def forward(self, logits: Tensor) -> Tensor:
        self.recorded |= logits.requires_grad
        return logits


def _model(classes: int, chance: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), chance, nn.Linear(5, classes), _Noting())


def _measured(
    g: torch.Generator, chance: nn.Module, batch: int, classes: int, training: bool, all_right: bool = False
) -> Arguments:
    """A model whose answers differ between its two modes, and labels: its answers, some of them changed."""
    torch.set_grad_enabled(True)  # an answer may have switched it off for good
    model = seeded(g, lambda: _model(classes, chance))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * normal(g, *parameter.shape))  # unsure: probabilities below one half
    images = normal(g, batch, 1, 2, 3)
    with torch.no_grad():
        order = model.eval()(images).argsort(dim=1, descending=True)
    labels = order[:, 0].clone()
    if not all_right:
        labels[1::4], labels[2::4] = order[1::4, 1], order[2::4, -1]  # nearly right, and far from it
    return {"model": model.train(training), "images": images, "labels": labels}


def _left_behind(value: Any, arguments: Arguments) -> Any:
    model = arguments["model"]
    recorded = next(module.recorded for module in model.modules() if isinstance(module, _Noting))
    trainable = all(parameter.requires_grad for parameter in model.parameters())
    mode = "training" if all(module.training for module in model.modules()) else "eval"
    return [
        *(tensor.clone() for tensor in model.state_dict().values()),
        f"a model in {mode} mode, {'a' if recorded else 'no'} graph of the computation, "
        f"{'trainable' if trainable else 'frozen'} parameters, gradients {'on' if torch.is_grad_enabled() else 'off'}",
    ]


# A dropout that drops all: as dropout does, it makes the two modes differ, and there is no chance in it.
EXERCISE = Exercise(
    name="accuracy",
    lesson="05",
    reference=accuracy,
    stub="(model, images, labels)",
    minutes=5,
    difficulty=1,
    piece=True,
    observe=_left_behind,
    probes=(
        probe(
            "seven images, four classes, and a model with dropout in training mode",
            lambda g: _measured(g, nn.Dropout(1.0), batch=7, classes=4, training=True),
        ),
        probe(
            "ten images, six classes, and a model with batch norm in training mode",
            lambda g: _measured(g, nn.BatchNorm1d(5), batch=10, classes=6, training=True),
        ),
        probe(
            "eleven images, three classes, and a model in eval mode that is always right",
            lambda g: _measured(g, nn.Dropout(1.0), batch=11, classes=3, training=False, all_right=True),
            "models that are in eval mode already",
        ),
        probe(
            "one image, and a model with dropout in training mode",
            lambda g: _measured(g, nn.Dropout(1.0), batch=1, classes=4, training=True),
            "a batch of one",
        ),
    ),
    hints=(
        "What is the model's answer for an image, given its logits? And what is different about a model while it "
        "is measured?",
        "The answer is the place of the largest logit in each row. Before: note the model's mode, switch to the "
        "other one if need be, record no gradients. After: put back what you found.",
        "`model.training` is the mode; `model.train(mode)` sets either. `argmax` along the axis of the classes "
        "gives answers, `==` compares them with the labels, and the share of True is the result.",
    ),
    properties=(
        Property(
            "between 0 and 1",
            "An accuracy is a share: it lies between 0 and 1. In percent it would be a hundred times as much, and "
            "a count would grow with the number of images.",
            lambda value, arguments: 0 <= value <= 1,
        ),
    ),
    misconceptions=(
        wrong(
            "dropout left on",
            """The model is measured in the mode in which it came: in training mode dropout removes part of what it
            knows, so the figure is too low and different each time, and batch norm learns from the test images.""",
            "    model.eval()\n",
            "",
        ),
        wrong(
            "graph recorded",
            """The figure is right, but the model records the way to its logits, as if `backward` would follow. Over
            a whole test set that costs memory for nothing; PyTorch has to be told beforehand that no gradients are
            wanted.""",
            "with torch.no_grad():",
            "if True:",
        ),
        wrong(
            "left in eval mode",
            """The figure is right, but the model stays in eval mode. Whoever goes on to train it trains without
            dropout, and no error tells.""",
            "    model.train(was_training)\n",
            "",
        ),
        wrong(
            "in percent",
            "Your number is 100 times too large: it is in percent. The exercise asks for a share from 0 to 1.",
            "int(right.sum()) / len(labels)",
            "100 * int(right.sum()) / len(labels)",
        ),
        wrong(
            "always back to training",
            """The figure is right, but a model that came in eval mode is in training mode afterwards: its next
            prediction is made with dropout on. What was found must be put back.""",
            "model.train(was_training)",
            "model.train()",
        ),
        wrong(
            "training mode switched on",
            """The model is put into training mode for the measurement: dropout removes part of what it knows, and
            batch norm learns from the test images. Measuring wants the other mode.""",
            "model.eval()",
            "model.train()",
        ),
        wrong(
            "largest over the batch",
            """The largest number is looked for along the batch: for each class you get the image that fits it best.
            That is as many answers as there are classes, so with other numbers of images the comparison fails or is
            meaningless. The question is which class fits each image best.""",
            "argmax(dim=1)",
            "argmax(dim=0)",
        ),
        wrong(
            "largest of the whole table",
            """Your accuracy is 0, or nearly: without an axis, `argmax` gives one number for the whole table, the
            place of its largest entry counted through all rows, and that is compared with every label.""",
            "argmax(dim=1)",
            "argmax()",
        ),
        wrong(
            "whole numbers only",
            """Your accuracy is always 0 or 1: the division drops what stands behind the point, or the share was
            rounded.""",
            "int(right.sum()) / len(labels)",
            "int(right.sum()) // len(labels)",
        ),
        wrong(
            "counted, not divided",
            """Your number grows with the number of images: you count the right answers, and a share of them is
            asked for.""",
            "int(right.sum()) / len(labels)",
            "int(right.sum())",
        ),
        wrong(
            "divided by the classes",
            """Your number can exceed 1: the count of right answers is divided by the number of classes instead of
            the number of images.""",
            "/ len(labels)",
            "/ logits.shape[1]",
        ),
        wrong(
            "divided by the pixels",
            """Your number is far too small: the count of right answers is divided by the number of all pixels,
            `numel` of the images, instead of the number of images.""",
            "/ len(labels)",
            "/ images.numel()",
        ),
        wrong(
            "distance of the classes",
            """Your number says how far answers and labels lie apart as numbers. Classes are names: reading a 3 as a
            4 is no smaller mistake than reading it as a 9. An answer is right or wrong.""",
            "logits.argmax(dim=1) == labels",
            "(logits.argmax(dim=1) - labels).abs()",
        ),
        wrong(
            "mean over classes",
            """Your number is right only where all classes have as many images: you average the share of each class.
            Here every image counts the same, so a frequent class counts more.""",
            function=_mean_over_classes,
        ),
        wrong(
            "the errors",
            """Your number is high for a bad model: it is the share of wrong answers, the error rate. A perfect
            model should get 1.""",
            "== labels",
            "!= labels",
        ),
        wrong(
            "normalized over the batch",
            """Your answer for an image depends on the other images: a softmax along the batch comes before the
            comparison, and changes which class is largest. No softmax is needed, and one over the classes would
            change nothing.""",
            "logits.argmax(dim=1)",
            "logits.softmax(dim=0).argmax(dim=1)",
        ),
        wrong(
            "one of the first two",
            """Your figure is too high: an answer counts as right when the label is among the two largest logits.
            Only the largest is the answer.""",
            "logits.argmax(dim=1) == labels",
            "(logits.topk(2, dim=1).indices == labels[:, None]).any(dim=1)",
        ),
        wrong(
            "the logit, not its place",
            """Your accuracy is 0, or nearly: the largest logit itself is compared with the label. A label is a
            class's number; what is needed is the place where the largest logit stands.""",
            "logits.argmax(dim=1)",
            "logits.max(dim=1).values",
        ),
        wrong(
            "smallest logit",
            "A perfect model would get 0: the answer is read where the logit is smallest, at the least likely class.",
            "argmax",
            "argmin",
        ),
        wrong(
            "mean probability",
            """Your number is the mean probability that the true classes get, which says how sure the model is. The
            accuracy counts an answer as right or wrong, however sure it was.""",
            function=_probability_of_the_truth,
        ),
        wrong(
            "only above one half",
            """Your figure is too low: an answer counts only if its probability exceeds one half. With more than two
            classes the largest may well be smaller than that, and it is the answer still.""",
            function=_above_one_half,
        ),
    ),
)
