"""`train_step` (lesson 05): one batch, one step."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..spec import Arguments, Exercise, Property, probe, wrong
from ._seen_train_step import adamw, deeper, left_behind, linear, sgd, start, with_batch_norm


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    """One step on a batch, the model in training mode; the mean cross-entropy before the step."""
    model.train()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _on_a_fresh_model(arguments: Arguments, training: bool) -> Tensor:
    """The logits before the step."""
    model = arguments["model"].train(training)
    with torch.no_grad():
        return model(arguments["images"])


def _loss(arguments: Arguments, training: bool = True) -> float:
    return float(F.cross_entropy(_on_a_fresh_model(arguments, training), arguments["labels"]))


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 1e-5 * abs(other)


def _is_not_a_loss_afterwards(value: float, arguments: Arguments) -> bool:
    before = train_step(**arguments)
    return _near(value, before) or not any(_near(value, _loss(arguments, training)) for training in (True, False))


def _is_not_a_loss_in_eval_mode(value: float, arguments: Arguments) -> bool:
    return not _near(value, _loss(arguments, training=False)) or _near(value, _loss(arguments))


def _is_no_accuracy(value: float, arguments: Arguments) -> bool:
    answers = _on_a_fresh_model(arguments, True).argmax(dim=1)
    share = float((answers == arguments["labels"]).double().mean())
    return not any(_near(value, number) for number in (share, 100 * share))


def _is_not_of_one_image(value: float, arguments: Arguments) -> bool:
    logits, labels = _on_a_fresh_model(arguments, True), arguments["labels"]
    if len(labels) == 1:
        return True
    losses = F.cross_entropy(logits, labels, reduction="none")
    return not any(_near(value, float(losses[place])) for place in (0, -1))


def _is_not_rounded(value: float, arguments: Arguments) -> bool:
    right = _loss(arguments)
    return _near(value, right) or not any(value == round(right, digits) for digits in range(5))


def _is_not_in(factor: float) -> Callable[[float, Arguments], bool]:
    return lambda value, arguments: not _near(value, factor * _loss(arguments))


def _is_not_by_batch(value: float, arguments: Arguments) -> bool:
    count, right = len(arguments["labels"]), _loss(arguments)
    return count == 1 or not any(_near(value, factor * right) for factor in (count, 1 / count))


def _is_not_in_pieces(value: float, arguments: Arguments) -> bool:
    """With one step a piece, the mean taken over pieces or over images."""
    images, labels, initial = arguments["images"], arguments["labels"], arguments["model"]
    start = {name: tensor.clone() for name, tensor in initial.state_dict().items()}
    memory = copy.deepcopy(arguments["optimizer"].state_dict())
    for size in range(1, len(labels)):
        initial.load_state_dict(start)
        arguments["optimizer"].load_state_dict(copy.deepcopy(memory))
        pieces = list(zip(images.split(size), labels.split(size), strict=True))
        try:
            losses = [train_step(initial, arguments["optimizer"], *piece) for piece in pieces]
        except ValueError:  # batch norm on one image
            continue
        counts = [len(piece[1]) for piece in pieces]
        weighted = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / len(labels)
        if any(_near(value, number) for number in (weighted, sum(losses) / len(losses), sum(losses), losses[-1])):
            return False
    return True


def _with_loss(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., float]:
    """A right step by another loss."""

    def train_step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
        model.train()
        optimizer.zero_grad()
        value = loss(model(images), labels)
        value.backward()
        optimizer.step()
        return value.item()

    return train_step


def _truth(logits: Tensor, labels: Tensor) -> Tensor:
    return F.one_hot(labels, logits.shape[1]).to(logits)


def _without_graph(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.train()
    optimizer.zero_grad()
    with torch.no_grad():
        loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def _one_image_at_a_time(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    losses = [train_step(model, optimizer, *pair) for pair in zip(images.split(1), labels.split(1), strict=True)]
    return sum(losses) / len(losses)


def _shown_in_eval_mode(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> float:
    model.eval()
    shown = F.cross_entropy(model(images), labels).item()
    train_step(model, optimizer, images, labels)
    return shown


EXERCISE = Exercise(
    name="train_step",
    lesson="05",
    reference=train_step,
    stub="(model, optimizer, images, labels)",
    minutes=5,
    difficulty=2,
    piece=True,
    untouched=False,
    observe=left_behind,
    probes=(
        probe(
            "a linear model, SGD with momentum, and gradients left over from an earlier batch",
            lambda g: start(g, linear, sgd, batch=5, classes=4, earlier=True),
        ),
        probe(
            "two layers, AdamW, and gradients left over from an earlier batch",
            lambda g: start(g, deeper, adamw, batch=4, classes=3, earlier=True),
        ),
        probe(
            "a model with batch norm, handed in in eval mode",
            lambda g: start(g, with_batch_norm, sgd, batch=7, classes=3, earlier=True),
        ),
        probe(
            "the very first step, with three images",
            lambda g: start(g, linear, sgd, batch=3, classes=4, earlier=False),
        ),
        probe(
            "a batch of one, and gradients left over from an earlier batch",
            lambda g: start(g, linear, sgd, batch=1, classes=4, earlier=True),
        ),
    ),
    properties=(
        Property(
            "not negative",
            "Your loss is negative. A cross-entropy is never that: the logarithm of a probability is at most 0, and "
            "its sign is turned.",
            lambda value, arguments: value >= 0,
        ),
        Property(
            "not the accuracy",
            "Your number is the share of right answers, not the loss: how sure the model was plays no part in it.",
            _is_no_accuracy,
        ),
        Property(
            "of the whole batch",
            "Your number is the loss of one image alone, the first or the last of the batch. The others play no part.",
            _is_not_of_one_image,
        ),
        Property(
            "not e to the loss",
            "Your number is e to the loss, which is called perplexity. Asked for is the loss itself.",
            lambda value, arguments: not _near(value, math.exp(_loss(arguments))),
        ),
        Property(
            "loss before the step",
            "Your number is the loss after the step: it comes from another pass through the model, which had moved "
            "by then. Asked for is the loss that `backward` began with.",
            _is_not_a_loss_afterwards,
        ),
        Property(
            "loss in training mode",
            "Your number is the loss in eval mode: the pass that it comes from did not have the model in training "
            "mode, so dropout was off and batch norm used old statistics.",
            _is_not_a_loss_in_eval_mode,
        ),
        Property(
            "one step for the whole batch",
            "Your number is what one gets when the batch is cut into pieces and each piece makes a step of its own: "
            "later pieces meet a model that has moved already. One batch is one pass and one step.",
            _is_not_in_pieces,
        ),
        Property(
            "not in bits", "Your number is the loss in bits: 1.44 times the one in nats.", _is_not_in(1 / math.log(2))
        ),
        Property(
            "not in bits",
            "Your number is 0.69 times the loss: ln 2 is a factor too many, which turns bits into nats. It is in nats "
            "already.",
            _is_not_in(math.log(2)),
        ),
        Property(
            "mean over the batch",
            "Your number is the right loss times the number of images, or divided by it once more: PyTorch's loss is "
            "a mean over the batch already, unless it is told otherwise.",
            _is_not_by_batch,
        ),
        Property(
            "not rounded",
            "Your number is the right loss, rounded. Round where you print, not where you return.",
            _is_not_rounded,
        ),
    ),
    hints=(
        "Which of the three calls, `backward`, `step` and `zero_grad`, needs what another one has left, and what "
        "would each do with gradients of an earlier batch?",
        "`backward` adds to `.grad`, `step` reads it. So it must be empty before the first, and full before the "
        "second. And the loss is a number on the way to all of them: logits, labels, mean.",
        "In this order: `model.train()`, `optimizer.zero_grad()`, `F.cross_entropy` of `model(images)` and the labels "
        "as `loss`, `loss.backward()`, `optimizer.step()`. Return that `loss` by `.item()`.",
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
            gradients are empty. They are emptied after `backward` has filled them.""",
            ("    optimizer.zero_grad()\n", ""),
            ("    loss.backward()\n", "    loss.backward()\n    optimizer.zero_grad()\n"),
        ),
        wrong(
            "step before backward",
            """The loss is right, but the model does not move, though a step is made: when `step` runs, the
            gradients are still empty. They are made by `backward`, which comes only afterwards.""",
            ("    loss.backward()\n", ""),
            ("    optimizer.step()\n", "    optimizer.step()\n    loss.backward()\n"),
        ),
        wrong(
            "no gradient reaches the model",
            """The loss is right, but the model does not move: no gradient ever comes back to it. Either `backward`
            is not called, or it starts from a number that is cut off from the graph: a new tensor made of the loss
            (`torch.tensor(...)`, `.item()`, `.detach()`) knows nothing of the parameters.""",
            "    loss.backward()\n",
            "",
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
            "gradient of the sum",
            """The loss that you return is right, but the model moves too far: `backward` starts from the sum over
            the batch, and the division by the number of images comes after it. A step would be longer for a larger
            batch.""",
            ("F.cross_entropy(model(images), labels)", 'F.cross_entropy(model(images), labels, reduction="sum")'),
            ("return loss.item()", "return loss.item() / len(labels)"),
        ),
        wrong(
            "mean divided again",
            """Your loss is too small, by as much as the batch has images, and so is its gradient: PyTorch's
            cross-entropy is a mean over the batch already, and you divide it by their number once more.""",
            "F.cross_entropy(model(images), labels)",
            "F.cross_entropy(model(images), labels) / len(labels)",
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
            "training mode too late",
            """The pass through the model runs in the mode in which it came: batch norm uses old statistics, dropout
            is off. You do switch to training mode, but only after the logits are made.""",
            ("    model.train()\n", ""),
            ("    loss.backward()\n", "    model.train()\n    loss.backward()\n"),
        ),
        wrong(
            "loss shown in eval mode",
            """The model moves as it should, but the number that you return comes from a pass of its own, in eval
            mode: a second pass for nothing, and with dropout or batch norm another loss than the one that the step
            is made by.""",
            function=_shown_in_eval_mode,
        ),
        wrong(
            "two passes through the model",
            """Loss and step may look right, but the batch goes through the model twice. That takes twice the time,
            batch norm counts the batch twice in its statistics, and dropout draws anew: logits that you have can be
            used again.""",
            "F.cross_entropy(model(images), labels)",
            "F.cross_entropy((model(images), model(images))[1], labels)",
        ),
        wrong(
            "clipped",
            """The loss is right, but some steps are too short: you cut the gradient to length 1, as the long
            training loop of this lesson does. The exercise asks for the plain step. Clipping is a choice of its
            own, with a length to choose.""",
            "    optimizer.step()\n",
            "    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)\n    optimizer.step()\n",
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
            function=_with_loss(F.nll_loss),
        ),
        wrong(
            "its own answers",
            """Your loss never looks at the labels: the model is trained towards the classes that it prefers
            already. It only becomes surer of what it thinks.""",
            function=_with_loss(lambda logits, labels: F.cross_entropy(logits, logits.argmax(dim=1))),
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
            function=_with_loss(lambda logits, labels: F.mse_loss(logits.softmax(dim=1), _truth(logits, labels))),
        ),
        wrong(
            "squared error of the logits",
            """Your loss is the mean square of logits minus truth, which pulls all logits to 0 or 1: it punishes a
            model for being surer than that. Logits may be of any size; the exercise asks for the cross-entropy.""",
            function=_with_loss(lambda logits, labels: F.mse_loss(logits, _truth(logits, labels))),
        ),
        wrong(
            "binary cross-entropy",
            """Your loss asks for each class on its own, yes or no, by a sigmoid, and averages over all these
            questions. Here an image has exactly one class: the classes compete, and only the true one has a
            term.""",
            function=_with_loss(
                lambda logits, labels: F.binary_cross_entropy_with_logits(logits, _truth(logits, labels))
            ),
        ),
        wrong(
            "no logarithm",
            """Your loss is the mean probability of the true classes with its sign turned. It never goes below -1,
            and a sure mistake has hardly any gradient. The logarithm is missing.""",
            function=_with_loss(lambda logits, labels: -(logits.softmax(dim=1) * _truth(logits, labels)).sum(1).mean()),
        ),
        wrong(
            "softmax over the batch",
            """An image's loss depends on the other images, and for a batch of one it is 0: your probabilities sum to
            1 over the images of the batch. They should do so over the classes of one image.""",
            function=_with_loss(lambda logits, labels: F.nll_loss(logits.log_softmax(dim=0), labels)),
        ),
        wrong(
            "label smoothing",
            """Your loss does not come to 0 for a sure and right model: a tenth of the truth is spread over all
            classes (`label_smoothing`). That is used as well; the exercise asks for the plain cross-entropy.""",
            function=_with_loss(lambda logits, labels: F.cross_entropy(logits, labels, label_smoothing=0.1)),
        ),
        wrong(
            "first image only",
            """Your loss looks at the first image alone, and so does the step: the other images of the batch play no
            part. For a batch of one that is the same.""",
            function=_with_loss(lambda logits, labels: F.cross_entropy(logits[:1], labels[:1])),
        ),
        wrong(
            "logits and labels exchanged",
            """It raises an exception in the loss, which looks as if a dtype or a shape were not supported. The two
            arguments stand the wrong way round: what the model says comes first, the truth second.""",
            function=_with_loss(lambda logits, labels: F.cross_entropy(labels, logits)),
        ),
        wrong(
            "logits and labels exchanged, labels cast",
            """It raises that the target must have one dimension. The two arguments of the loss stand the wrong way
            round: what the model says comes first, the truth second. No cast of the labels is needed then.""",
            function=_with_loss(lambda logits, labels: F.cross_entropy(labels.double(), logits)),
        ),
    ),
)
