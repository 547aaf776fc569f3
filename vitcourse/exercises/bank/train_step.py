"""`train_step` (lesson 05): one batch, one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spec import Arguments, Exercise, normal, probe, seeded, wrong


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """One step on a batch, the model in training mode; the mean cross-entropy before the step."""
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _without_graph(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    with torch.no_grad():
        loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _squares(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    logits = model(images)
    loss = F.mse_loss(logits.softmax(dim=1), F.one_hot(labels, logits.shape[1]).to(logits))
    loss.backward()
    optimizer.step()
    return loss.item()


def _own_answers(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    logits = model(images)
    loss = F.cross_entropy(logits, logits.argmax(dim=1))
    loss.backward()
    optimizer.step()
    return loss.item()


def _one_image_at_a_time(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    losses = []
    for image, label in zip(images.split(1), labels.split(1), strict=True):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(image), label)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


Optimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def _sgd(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.5, momentum=0.9)


def _adamw(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1)


def _start(
    g: torch.Generator, make: Callable[[], nn.Module], optimizer: Optimizer, batch: int, classes: int, earlier: bool
) -> Arguments:
    """A model and its optimizer; with `earlier`, a batch has been there before and its gradients are left over."""
    torch.set_grad_enabled(True)  # an answer may have switched it off for good
    model = seeded(g, make)
    steps = optimizer(model.parameters())
    if earlier:
        for parameter in model.parameters():
            parameter.grad = normal(g, *parameter.shape)
        steps.step()
    made: list[bool] = []
    steps.register_step_post_hook(lambda *_: made.append(True))
    model.steps_made = made
    images = normal(g, batch, 1, 2, 3)
    return {"model": model, "optimizer": steps, "images": images, "labels": torch.arange(batch) * 2 % classes}


def _linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 4))


def _deeper() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 3))


def _with_batch_norm() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).eval()


def _left_behind(value: Any, arguments: Arguments) -> Any:
    model = arguments["model"]
    mode = "training" if all(module.training for module in model.modules()) else "eval"
    return [
        *(tensor.detach() for tensor in model.state_dict().values()),
        f"a model in {mode} mode after {len(model.steps_made)} calls of `optimizer.step()`",
    ]


EXERCISE = Exercise(
    name="train_step",
    lesson="05",
    reference=train_step,
    stub="(model, optimizer, images, labels)",
    minutes=5,
    difficulty=2,
    piece=True,
    untouched=False,
    observe=_left_behind,
    probes=(
        probe(
            "a linear model, SGD with momentum, and gradients left over from an earlier batch",
            lambda g: _start(g, _linear, _sgd, batch=5, classes=4, earlier=True),
        ),
        probe(
            "two layers, AdamW, and gradients left over from an earlier batch",
            lambda g: _start(g, _deeper, _adamw, batch=4, classes=3, earlier=True),
        ),
        probe(
            "a model with batch norm, handed in in eval mode",
            lambda g: _start(g, _with_batch_norm, _sgd, batch=7, classes=3, earlier=True),
        ),
        probe(
            "the very first step, with a batch of one",
            lambda g: _start(g, _linear, _sgd, batch=1, classes=4, earlier=False),
            "the very first step",
        ),
    ),
    hints=(
        "Which of the three calls, `backward`, `step` and `zero_grad`, needs what another one has left, and what "
        "would each do with gradients of an earlier batch?",
        "`backward` adds to `.grad`, `step` reads it. So it must be empty before the first, and full before the "
        "second. And the loss is a number on the way to all of them: logits, labels, mean.",
        "Training mode; empty the gradients; logits and their cross-entropy; backward from it; move. What you "
        "return is the loss that you have already, as a plain number.",
    ),
    misconceptions=(
        wrong(
            "gradients not emptied",
            """The loss is right, but the model moves to another place. An earlier batch's gradients were still in
            `.grad`, and `backward` adds to them. They must be gone before it runs; emptying them after the step is
            too late for what was there when your function was called.""",
            "    optimizer.zero_grad()\n",
            "",
        ),
        wrong(
            "empty gradients",
            """The loss is right, but the model does not move, though a step is made: when `step` runs, the
            gradients are empty. Either they are emptied after `backward` has filled them, or `backward` has not run
            yet.""",
            ("    optimizer.zero_grad()\n", ""),
            ("    loss.backward()\n", "    loss.backward()\n    optimizer.zero_grad()\n"),
        ),
        wrong(
            "gradients set to 0 before the step",
            """The loss is right, but the model moves by what the optimizer remembers of earlier batches alone: when
            `step` runs, all gradients are 0. They are emptied after `backward` has filled them.""",
            ("    optimizer.zero_grad()\n", ""),
            ("    loss.backward()\n", "    loss.backward()\n    optimizer.zero_grad(set_to_none=False)\n"),
        ),
        wrong(
            "no step",
            """The loss is right, and the model is as it was before: there are gradients, but nobody moves the
            parameters. A loop over such steps shows the same loss for ever.""",
            "    optimizer.step()\n",
            "",
        ),
        wrong(
            "an earlier batch's step",
            """The loss is right, but the model moves by the gradients of an earlier batch alone, or not at all when
            there was none: when `step` runs, this batch's gradients are not there yet. They are made by
            `backward`.""",
            ("    optimizer.zero_grad()\n", ""),
            ("    loss.backward()\n", ""),
            ("    optimizer.step()\n", "    optimizer.step()\n    loss.backward()\n"),
        ),
        wrong(
            "softmax before the loss",
            """Your loss is near ln of the number of classes and cannot come near 0: PyTorch's cross-entropy takes
            logits and makes probabilities of them itself. It was handed probabilities.""",
            "model(images)",
            "model(images).softmax(dim=1)",
        ),
        wrong(
            "sum over the batch",
            """Your loss is as many times too large as the batch has images, and so is its gradient: it is the sum
            over the batch. A step would be longer for a larger batch.""",
            "F.cross_entropy(model(images), labels)",
            'F.cross_entropy(model(images), labels, reduction="sum")',
        ),
        wrong(
            "divided by the batch again",
            """The loss that you return is right, but the gradient is too small, by as much as the batch has images:
            the loss is divided by the batch before `backward`, and it is a mean already.""",
            "loss.backward()",
            "(loss / len(labels)).backward()",
        ),
        wrong(
            "loss after the step",
            """The model moves as it should, but the number that you return is another one: the loss after the step,
            of a second pass through the model. That costs time, and would hide that the first loss is ln of the
            number of classes.""",
            "return loss.item()",
            "return F.cross_entropy(model(images), labels).item()",
        ),
        wrong(
            "training mode forgotten",
            """A model that is handed in in eval mode stays in it: batch norm uses old statistics, dropout is off.
            Right after a test that is how a model comes, and you would train another network than you think.""",
            "    model.train()\n",
            "",
        ),
        wrong(
            "eval mode",
            """The model is put into eval mode, where dropout is off and batch norm uses old statistics: that is for
            measuring. While a model learns it should be in the other mode.""",
            "model.train()",
            "model.eval()",
        ),
        wrong(
            "eval mode left behind",
            """Step and loss are right, but the model is in eval mode when your function returns. Whoever tests it
            says so then; a training step leaves the model in training mode.""",
            "    return loss.item()",
            "    model.eval()\n    return loss.item()",
        ),
        wrong(
            "no graph",
            """`backward` raises that a tensor "does not require grad": the way from the parameters to the loss was
            not recorded, because of `no_grad`, `detach`, `argmax` or a new tensor made of the loss. Training needs
            the record; only measuring goes without.""",
            function=_without_graph,
        ),
        wrong(
            "uphill",
            """The model moves away from the answer, and the loss would grow with every step: the optimizer goes
            against the gradient already. A second change of sign sends it uphill.""",
            "loss.backward()",
            "(-loss).backward()",
        ),
        wrong(
            "backward twice",
            """The loss is right, but the step is too long: `backward` runs twice and adds up, so that the gradient
            is doubled.""",
            "loss.backward()",
            "loss.backward(retain_graph=True)\n    loss.backward()",
        ),
        wrong(
            "two steps",
            """The model moves too far: one batch makes two steps by the same gradient. The second does not know
            where the first has led.""",
            "    optimizer.step()\n",
            "    optimizer.step()\n    optimizer.step()\n",
        ),
        wrong(
            "loss times the batch",
            """The model moves as it should, but the number that you return grows with the batch: it is multiplied
            by the number of images, as one does to add up losses of several batches. Asked for is the mean.""",
            "return loss.item()",
            "return loss.item() * len(labels)",
        ),
        wrong(
            "mode put back",
            """Step and loss are right, but a model that came in eval mode is put back into it. That is right for
            measuring; a training step leaves the model in training mode, as the docstring says.""",
            ("    model.train()\n", "    mode = model.training\n    model.train()\n"),
            ("    return loss.item()", "    model.train(mode)\n    return loss.item()"),
        ),
        wrong(
            "logits taken for logarithms",
            """Your loss can be negative: PyTorch's `nll_loss` expects logarithms of probabilities and only picks
            the true class's; it was handed logits. Nothing makes their exponentials sum to 1.""",
            "F.cross_entropy(",
            "F.nll_loss(",
        ),
        wrong(
            "its own answers",
            """Your loss never looks at the labels: the model is trained towards the classes that it prefers
            already. It only becomes surer of what it thinks.""",
            function=_own_answers,
        ),
        wrong(
            "a step for each image",
            """Your function makes as many steps as there are images, each by one image's gradient. A batch makes
            one step, by the mean over all of it; only for a batch of one both are the same.""",
            function=_one_image_at_a_time,
        ),
        wrong(
            "squared error",
            """Your loss is far too small: it is the mean square of probabilities minus truth. It never exceeds 1,
            however sure a mistake is, and its gradient fades there. The exercise asks for the cross-entropy.""",
            function=_squares,
        ),
    ),
)
