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
    g: torch.Generator, chance: nn.Module, batch: int, classes: int, training: bool, right: str = "some", first: int = 1
) -> Arguments:
    """A model whose answers differ between its two modes, and labels: its answers, some of them changed.

    One layer is frozen, as a backbone may be; the others have gradients that wait for a step.
    """
    torch.set_grad_enabled(True)  # an answer may have switched it off for good
    model = seeded(g, lambda: _model(classes, chance))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * normal(g, *parameter.shape))  # unsure: probabilities below one half
    images = normal(g, batch, 1, 2, 3)
    with torch.no_grad():
        order = model.eval()(images).argsort(dim=1, descending=True)
    labels = order[:, 0].clone()
    if right == "some":  # nearly right, and far from it; of many images the last third is right
        spoiled = range(first, 2 * batch // 3 if batch > 20 else batch)
        ranks = (spoiled[::4], 1), (spoiled[1::4], -1), (spoiled[2::8], 2), (spoiled[6::8], 3)
        for places, rank in ranks:
            labels[list(places)] = order[list(places), rank]
    elif right == "none":
        labels = order[:, 1].clone()
    model[1].requires_grad_(False)
    for parameter in model[3].parameters():
        parameter.grad = torch.ones_like(parameter)
    return {"model": model.train(training), "images": images, "labels": labels}


def _left_behind(value: Any, arguments: Arguments) -> Any:
    """By name, what says most first: the first that differs is what the learner hears."""
    model = arguments["model"]
    modes = {module.training for module in model.modules()}
    named = dict(model.named_parameters())
    recorded = next(module.recorded for module in model.modules() if isinstance(module, _Noting))
    waiting = [name for name, p in named.items() if p.grad is not None and bool((p.grad == 1).all())]
    hooks = sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    )
    return {
        "the model's mode afterwards": "mixed" if len(modes) > 1 else "training" if modes.pop() else "eval",
        "whether a graph is recorded": "yes" if recorded else "no",
        "whether gradients are recorded afterwards": "yes" if torch.is_grad_enabled() else "no",
        "the parameters that can learn afterwards": ", ".join(n for n, p in named.items() if p.requires_grad) or "none",
        "the parameters whose `.grad` is as before": ", ".join(waiting) or "none",
        "the hooks on the model afterwards": hooks,
        **{f"`{name}` afterwards": tensor.clone() for name, tensor in model.state_dict().items()},
    }


def _answers(arguments: Arguments) -> Tensor:
    with torch.no_grad():
        return arguments["model"].eval()(arguments["images"]).argmax(dim=1) == arguments["labels"]


SIZES = (*range(2, 11), 16, 20, 25, 32, 50, 64, 100, 128, 200, 250, 256)  # of batches, as people choose them


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 1e-6


def _share(arguments: Arguments) -> float:
    return float(_answers(arguments).double().mean())


def _is_not_rounded(value: float, arguments: Arguments) -> bool:
    right = _share(arguments)
    return _near(value, right) or not any(value == round(right, digits) for digits in range(1, 5))


def _is_not_a_mean_of_means(value: float, arguments: Arguments) -> bool:
    right = _answers(arguments).tolist()
    total = len(right)
    parts = ([right[i : i + size] for i in range(0, total, size)] for size in SIZES if size < total and total % size)
    means = (sum(sum(part) / len(part) for part in whole) / len(whole) for whole in parts)
    return _near(value, sum(right) / total) or not any(_near(value, mean) for mean in means)


def _is_not_without_the_rest(value: float, arguments: Arguments) -> bool:
    """The last, smaller batch left out of the count of right answers, or of both counts."""
    right = _answers(arguments).tolist()
    total = len(right)
    wholes = [total - total % size for size in SIZES if size < total and total % size]
    found = any(_near(value, sum(right[:whole]) / of) for whole in wholes for of in (whole, total))
    return _near(value, sum(right) / total) or not found


def _is_not_in_training_mode(value: float, arguments: Arguments) -> bool:
    with torch.no_grad():
        right = arguments["model"].train()(arguments["images"]).argmax(dim=1) == arguments["labels"]
    return len(right) == 1 or _near(value, _share(arguments)) or not _near(value, float(right.double().mean()))


def _is_not_among_several(value: float, arguments: Arguments) -> bool:
    with torch.no_grad():
        order = arguments["model"].eval()(arguments["images"]).argsort(dim=1, descending=True)
    hit = order == arguments["labels"][:, None]
    shares = (float(hit[:, :count].any(dim=1).double().mean()) for count in range(2, hit.shape[1]))
    return _near(value, _share(arguments)) or not any(_near(value, share) for share in shares)


def _is_not_by_one_less(value: float, arguments: Arguments) -> bool:
    right = _answers(arguments)
    return len(right) == 1 or not right.any() or not _near(value, float(right.sum()) / (len(right) - 1))


def _is_not_a_table(value: float, arguments: Arguments) -> bool:
    """Each answer compared with each label."""
    with torch.no_grad():
        answers = arguments["model"].eval()(arguments["images"]).argmax(dim=1)
    table = float((answers[:, None] == arguments["labels"]).double().mean())
    return _near(value, _share(arguments)) or not _near(value, table)


def _unfreezes(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model.requires_grad_(False)
    share = accuracy(model, images, labels)
    model.requires_grad_(True)
    return share


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
            "307 images, which make an uneven last batch of most sizes",
            lambda g: _measured(g, nn.Dropout(1.0), batch=307, classes=5, training=True, first=0),
        ),
        probe(
            "nine images, four classes, and a model with dropout in training mode",
            lambda g: _measured(g, nn.Dropout(1.0), batch=9, classes=4, training=True),
        ),
        probe(
            "thirteen images, six classes, and a model with batch norm in training mode",
            lambda g: _measured(g, nn.BatchNorm1d(5), batch=13, classes=6, training=True, first=4),
        ),
        probe(
            "eleven images, three classes, and a model in eval mode that is always right",
            lambda g: _measured(g, nn.Dropout(1.0), batch=11, classes=3, training=False, right="all"),
            "a model that is always right",
        ),
        probe(
            "one image, and a model with dropout in training mode",
            lambda g: _measured(g, nn.Dropout(1.0), batch=1, classes=4, training=True),
        ),
        probe(
            "five images, and a model in eval mode that is always wrong",
            lambda g: _measured(g, nn.Dropout(1.0), batch=5, classes=4, training=False, right="none"),
        ),
    ),
    hints=(
        "What is the model's answer for an image, given its logits? And what is different about a model while it "
        "is measured?",
        "The answer is the place of the largest logit in each row. Before: note the model's mode, switch to the "
        "other one if need be, record no gradients. After: put back what you found.",
        "Before: `mode = model.training`, then `model.eval()`. The logits within `with torch.no_grad():`. After: "
        "`model.train(mode)`. The result is the mean of `logits.argmax(dim=1) == labels`, made floating point by "
        "`.float()` and a plain number by `.item()`.",
    ),
    properties=(
        Property(
            "between 0 and 1",
            "An accuracy is a share: it lies between 0 and 1. In percent it would be a hundred times as much, and "
            "a count would grow with the number of images.",
            lambda value, arguments: 0 <= value <= 1,
        ),
        Property(
            "not rounded",
            "Your number is the right share, rounded. Round where you print, not where you return.",
            _is_not_rounded,
        ),
        Property(
            "each answer with its own label",
            "Your number is what one gets when each answer is compared with the label of each image: `==` between "
            "a column and a row makes a whole table. Two tensors of one shape, (batch,), are compared one by one.",
            _is_not_a_table,
        ),
        Property(
            "measured in eval mode",
            "Your number is what the model reaches while a part of it, dropout or batch norm, is in training mode. All "
            "parts are measured in the other mode.",
            _is_not_in_training_mode,
        ),
        Property(
            "divided by the number of images",
            "Your number is the count of right answers divided by one image less than there are.",
            _is_not_by_one_less,
        ),
        Property(
            "each image counts the same",
            "Your number is a mean of the shares of batches, of which the last is smaller and yet counts as much as "
            "the others. Count right answers over all batches, and divide once.",
            _is_not_a_mean_of_means,
        ),
        Property(
            "the largest alone",
            "Your number is the share of images whose label is among several of the largest logits. Only the largest "
            "is the answer.",
            _is_not_among_several,
        ),
        Property(
            "no image left out",
            "Your number is what one gets when the last images are left out, those that do not fill a batch.",
            _is_not_without_the_rest,
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
            "mode turned over",
            """The figure is right, but a model that came in training mode is in eval mode afterwards, and the other
            way round. What was found must be put back.""",
            "model.train(was_training)",
            "model.train(not was_training)",
        ),
        wrong(
            "frozen layers thawed",
            """The figure is right, but parameters that were frozen when they came can learn afterwards: gradients
            were switched off in the parameters and switched on again in all of them, a frozen backbone's too.""",
            function=_unfreezes,
        ),
        wrong(
            "frozen for good",
            """The figure is right, but no parameter can learn afterwards: gradients were switched off in the
            parameters themselves, and that stays. Whoever goes on to train gets an error, or a model that does not
            move.""",
            ("    model.eval()\n", "    model.eval()\n    model.requires_grad_(False)\n"),
        ),
        wrong(
            "gradients switched off for good",
            """The figure is right, but nothing records gradients any more after your function, not even in other
            models: they were switched off for all of PyTorch and not on again.""",
            "    with torch.no_grad():\n        logits = model(images)\n",
            "    torch.set_grad_enabled(False)\n    logits = model(images)\n",
        ),
        wrong(
            "gradients emptied",
            """The figure is right, but the gradients that waited in `.grad` are gone. Whoever collects them over
            several batches, and measures in between, loses them. Measuring needs no gradients, so there is nothing
            to empty.""",
            "    model.eval()\n",
            "    model.eval()\n    model.zero_grad()\n",
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
            "all or nothing",
            """Your accuracy is 1 where all answers are right, and else 0. Either a division drops what stands behind
            the point (`//`, `int`), or it asks whether all are right (`all`, `torch.equal`) instead of how many.""",
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
            "at least one right",
            """Your accuracy is 1 as soon as one answer is right, and 0 only where none is: it asks whether there is
            a right answer (`any`), and not how many there are.""",
            "int(right.sum()) / len(labels)",
            "float(right.any())",
        ),
        wrong(
            "the last image only",
            """Your accuracy is 0 or 1, and depends on one image: the last. A loop that sets its count anew for each
            image, or an index of -1, forgets the others.""",
            "int(right.sum()) / len(labels)",
            "float(right[-1])",
        ),
        wrong(
            "the first image only",
            """Your accuracy is 0 or 1, and depends on one image: the first. Is there a `return` within a loop, or an
            index of 0? All images count.""",
            "int(right.sum()) / len(labels)",
            "float(right[0])",
        ),
        wrong(
            "to the nearest whole number",
            """Your accuracy is always 0 or 1: the share is rounded to the nearest whole number.""",
            "int(right.sum()) / len(labels)",
            "round(int(right.sum()) / len(labels))",
        ),
        wrong(
            "classes counted from 1",
            """Answers and labels are counted from different numbers: 1 is added to the place of the largest logit,
            or taken from the label. Both begin at 0.""",
            "logits.argmax(dim=1)",
            "(logits.argmax(dim=1) + 1)",
        ),
        wrong(
            "classes counted from 1 in the labels",
            """Answers and labels are counted from different numbers: 1 is taken from the place of the largest
            logit, or added to the label. Both begin at 0.""",
            "logits.argmax(dim=1)",
            "(logits.argmax(dim=1) - 1)",
        ),
        wrong(
            "logits compared with labels",
            """It raises that sizes do not match: logits, (batch, classes), are compared with labels, (batch,). A
            logit is not a class, rounded or not. The answer is the place where the largest of a row stands.""",
            "logits.argmax(dim=1)",
            "logits",
        ),
        wrong(
            "logits compared with labels as a column",
            """Your accuracy is near 0: each logit, a number of any size, is compared with the label. A logit is not
            a class, rounded or not. The answer is the place where the largest of a row stands.""",
            ("logits.argmax(dim=1) == labels", "logits.round() == labels[:, None]"),
            ("int(right.sum()) / len(labels)", "float(right.double().mean())"),
        ),
        wrong(
            "how unsure it is",
            """Your number is a loss, not a share of right answers: the cross-entropy. It falls when the model gets
            better, and knows nothing of 0 and 1.""",
            "int(right.sum()) / len(labels)",
            "torch.nn.functional.cross_entropy(logits, labels).item()",
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
