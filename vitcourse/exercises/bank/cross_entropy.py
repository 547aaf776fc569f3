"""`cross_entropy` (lesson 05): the loss of a classifier."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..spec import Arguments, Exercise, Property, normal, probe, wrong


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean negative log-probability of the true classes, in nats: logits (batch, classes), labels (batch,) -> ()."""
    log_p = logits - logits.logsumexp(dim=1, keepdim=True)
    of_true_class = log_p[torch.arange(len(labels)), labels]
    return -of_true_class.mean()


def _binary(logits: Tensor, labels: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(labels, logits.shape[1]).to(logits)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, truth)


def _squares(logits: Tensor, labels: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(labels, logits.shape[1]).to(logits)
    return (logits.softmax(dim=1) - truth).square().mean()


def _hinge(logits: Tensor, labels: Tensor) -> Tensor:
    return torch.nn.functional.multi_margin_loss(logits, labels)


def _near(value: Tensor, other: Tensor | float) -> bool:
    return abs(float(value) - float(other)) <= 1e-5 * abs(float(other))


def _is_not_nearly_right(value: Tensor, arguments: Arguments) -> bool:
    off = (value - cross_entropy(**arguments)).abs()
    return bool(off == 0 or off > 1e-3 or not off.isfinite())


def _has_no_ceiling(value: Tensor, arguments: Arguments) -> bool:
    """Only where the true class is far behind, and every probe of ordinary logits was right."""
    right = cross_entropy(**arguments)
    return bool(right < 100 or value <= 0 or value >= 0.99 * right)


def _is_not_zero(value: Tensor, arguments: Arguments) -> bool:
    return bool(value != 0)


def _is_not_by(size: int) -> Callable[[Tensor, Arguments], bool]:
    """Not the right loss times, or divided by, the length of that axis of the logits."""

    def holds(value: Tensor, arguments: Arguments) -> bool:
        count, right = arguments["logits"].shape[size], cross_entropy(**arguments)
        return count == 1 or not any(_near(value, factor * right) for factor in (count, 1 / count))

    return holds


def _is_not_by_one_less(value: Tensor, arguments: Arguments) -> bool:
    count = len(arguments["labels"])
    return count == 1 or not _near(value, cross_entropy(**arguments) * count / (count - 1))


def _is_a_mean(value: Tensor, arguments: Arguments) -> bool:
    logits, labels = arguments["logits"], arguments["labels"]
    losses = torch.stack([cross_entropy(logits[i : i + 1], labels[i : i + 1]) for i in range(len(labels))])
    return len(labels) == 1 or not any(_near(value, loss) for loss in losses)


def _is_not_for_other_labels(value: Tensor, arguments: Arguments) -> bool:
    logits, labels = arguments["logits"], arguments["labels"]
    others = [logits.shape[1] - 1 - labels, labels.flip(0), (labels + 1) % logits.shape[1], logits.argmin(dim=1)]
    return _near(value, cross_entropy(logits, labels)) or not any(
        _near(value, cross_entropy(logits, other)) for other in others
    )


def _is_not_tempered(value: Tensor, arguments: Arguments) -> bool:
    """Logits times or divided by some number that people use."""
    logits, labels = arguments["logits"], arguments["labels"]
    scales = [2, 10, logits.shape[1], logits.shape[1] ** 0.5, len(labels), 100]
    factors = [factor for scale in scales if scale != 1 for factor in (scale, 1 / scale)]
    return not any(_near(value, cross_entropy(logits * factor, labels)) for factor in factors)


def _is_not_shifted_by_class(value: Tensor, arguments: Arguments) -> bool:
    logits, labels = arguments["logits"], arguments["labels"]
    shifts = [logits.amax(dim=0), logits.mean(dim=0), logits.amin(dim=0)]
    if len(labels) == 1 or _near(value, cross_entropy(logits, labels)):
        return True
    return not any(_near(value, cross_entropy(logits - shift, labels)) for shift in shifts)


def _rows(g: torch.Generator, *offsets: float) -> Arguments:
    """Ordinary rows, shifted."""
    logits = normal(g, len(offsets), 4) + torch.tensor(offsets, dtype=torch.float64)[:, None]
    return {"logits": logits, "labels": torch.tensor([2, 0, 3])[: len(offsets)]}


def _far_above(g: torch.Generator, true: bool) -> Arguments:
    logits = normal(g, 3, 4)
    logits[2, 1] = 1500.0
    return {"logits": logits, "labels": torch.tensor([2, 0, 1 if true else 3])}


EXERCISE = Exercise(
    name="cross_entropy",
    lesson="05",
    reference=cross_entropy,
    stub="(logits, labels)",
    minutes=6,
    difficulty=2,
    piece=True,
    written_by_hand=("cross_entropy", "cross_entropy_loss", "nll_loss", "nll_loss_nd"),
    probes=(
        probe(
            "five images and three classes",
            lambda g: {"logits": normal(g, 5, 3) * 2, "labels": torch.tensor([2, 0, 1, 2, 2])},
            "logits near 0",
        ),
        probe(
            "one image and four classes",
            lambda g: {"logits": normal(g, 1, 4), "labels": torch.tensor([2])},
            "logits near 0",
        ),
        probe("one logit of 1500 among logits near 0, and another class true", lambda g: _far_above(g, true=False)),
        probe("one logit of 1500 among logits near 0, and its class true", lambda g: _far_above(g, true=True)),
        probe("logits near 1000", lambda g: _rows(g, 1000.0, 1010.0, 990.0)),
        probe("logits near -1000", lambda g: _rows(g, -1000.0, -1010.0)),
        probe("logits near 1000 in one row and near -1000 in another", lambda g: _rows(g, 1000.0, -1000.0, 0.0)),
        probe(
            "two images, six classes and float32 logits",
            lambda g: {"logits": normal(g, 2, 6, dtype=torch.float32), "labels": torch.tensor([5, 1])},
            "logits near 0",
        ),
    ),
    properties=(
        Property(
            "nearly right",
            "Your loss is nearly right, but not to the last digits: is a small number added, to a probability "
            "before its logarithm, say? Or is part of the work done in float32?",
            _is_not_nearly_right,
        ),
        Property(
            "no ceiling",
            "Your loss is finite, but too small where the true class is far behind, though ordinary logits come out "
            "right. Something puts a ceiling on it: a clamp, a small number added, `nan_to_num`. A sure mistake must "
            "cost as much as the logits say, or nothing is learned from it.",
            _has_no_ceiling,
        ),
        Property(
            "not zero",
            "Your loss is exactly 0, as if the model were sure and right. Is a `nan` replaced by 0, or a quotient by "
            "1? The loss of ordinary probabilities is above 0.",
            _is_not_zero,
        ),
        Property(
            "mean over the batch",
            "Your loss is the right one times the number of images, or divided by it once too often.",
            _is_not_by(0),
        ),
        Property(
            "no factor of the classes",
            "Your loss is the right one times or divided by the number of classes. It is a mean over images alone: "
            "each has one term, whatever the number of classes.",
            _is_not_by(1),
        ),
        Property(
            "divided by the number of images",
            "Your loss is a sum over the images, divided by one image less than there are.",
            _is_not_by_one_less,
        ),
        Property(
            "all images count",
            "Your loss is that of one image alone. It should be the mean over all images of the batch.",
            _is_a_mean,
        ),
        Property(
            "rows as they are",
            "Your loss is the right one for other logits: something was subtracted from each class that was taken "
            "over the batch. That changes differences within a row, which are all that counts.",
            _is_not_shifted_by_class,
        ),
        Property(
            "not a replaced infinity",
            "Your loss is near the largest number that floating point has: an infinite value was replaced by that, as "
            "`nan_to_num` does. It should not arise.",
            lambda value, arguments: bool(value.abs() < 1e30),
        ),
        Property(
            "the given labels",
            "Your loss is the right one for other labels: each image's loss is taken at another class than its own "
            "label.",
            _is_not_for_other_labels,
        ),
        Property(
            "the given logits",
            "Your loss is the right one for other logits: they were multiplied or divided by a number before the "
            "softmax, which makes the model surer or less sure than it is.",
            _is_not_tempered,
        ),
    ),
    hints=(
        "Which single entry of each row of logits does the label point at, and what must be taken from it so that the "
        "row becomes logarithms of probabilities?",
        "`ln p = z - ln(sum of e^z)`, the sum over the classes of a row. With logits of 1000 the exponential "
        "overflows: the logarithm of the sum has to be taken without it. PyTorch has a function for this.",
        "`logits.logsumexp(dim=1, keepdim=True)` is the second term. Pick one entry a row by indexing with two "
        "lists, row numbers and labels, or by `gather`. Then the mean, and the sign.",
    ),
    misconceptions=(
        wrong(
            "sum over the batch",
            """Your loss grows with the number of images: twice the batch would be twice the loss, and twice the
            gradient. It is added up where it should be averaged.""",
            "of_true_class.mean()",
            "of_true_class.sum()",
        ),
        wrong(
            "mean over classes too",
            """Your loss is too small by a factor: the number of classes. The true class's entry was averaged with
            the zeros of the other classes, as a mean over a whole table of batch and classes does.""",
            "of_true_class.mean()",
            "(of_true_class.mean() / logits.shape[1])",
        ),
        wrong(
            "sign",
            """Your loss is negative, and falls when the model gets worse. The logarithm of a probability is never
            positive; the loss should be 0 for a sure and right answer and grow from there.""",
            "-of_true_class",
            "of_true_class",
        ),
        wrong(
            "logarithm to base 2",
            """Your numbers are 1.44 times too large: they are bits, from a logarithm to base 2. The unit here is
            the nat.""",
            "-of_true_class.mean()",
            "-of_true_class.mean() / torch.log(torch.tensor(2.0, dtype=logits.dtype))",
        ),
        wrong(
            "logarithm to base 10",
            """Your numbers are 0.434 times what they should be, so that guessing among ten classes costs 1.00: that
            is a logarithm to base 10. The unit here is the nat.""",
            "-of_true_class.mean()",
            "-of_true_class.mean() / torch.log(torch.tensor(10.0, dtype=logits.dtype))",
        ),
        wrong(
            "softmax twice",
            """Even where the model is sure and right, your loss stays far above 0. The logits were made
            probabilities first, and these went through a softmax again as if they were logits: numbers between 0
            and 1 are all alike to it.""",
            "log_p = logits - logits.logsumexp(dim=1, keepdim=True)",
            "log_p = logits.softmax(dim=1).log_softmax(dim=1)",
        ),
        wrong(
            "over the batch",
            """Your loss for an image depends on the other images, and for a batch of one it is always 0. The
            exponentials are added over the images of the batch; a probability is a share among the classes of one
            image.""",
            "logsumexp(dim=1, keepdim=True)",
            "logsumexp(dim=0, keepdim=True)",
        ),
        wrong(
            "over the whole table",
            """Your loss is too large, and more so for larger batches: the exponentials of all images are added into
            one sum, so that the whole batch together has probability 1. Each row needs a sum of its own.""",
            "logits.logsumexp(dim=1, keepdim=True)",
            "logits.flatten().logsumexp(dim=0)",
        ),
        wrong(
            "logits taken for logarithms",
            """Your loss has no floor: it is the mean logit with its sign turned, and adding 5 to all logits changes
            it by 5. Nothing was normalized: the logits of an image must become logarithms of probabilities
            first.""",
            "log_p = logits - logits.logsumexp(dim=1, keepdim=True)",
            "log_p = logits",
        ),
        wrong(
            "no logarithm",
            """Your number is the mean probability of the true class with its sign turned. It never goes below -1.
            The logarithm is missing, which makes a sure mistake expensive.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "logits.softmax(dim=1)",
        ),
        wrong(
            "every row with every label",
            """Your loss pairs each image with the labels of all images. Indexing `[:, labels]` gives a whole table,
            (batch, batch), of which only the diagonal is meant; `mean` then hides its shape.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p[:, labels]",
        ),
        wrong(
            "labels as factors",
            """Images of class 0 cost nothing at all, those of class 2 twice as much as those of class 1: the
            label's number is used as a factor. A label is the place of an entry in its row, and its size means
            nothing.""",
            "log_p[torch.arange(len(labels)), labels]",
            "(log_p * labels[:, None]).sum(dim=1)",
        ),
        wrong(
            "the likeliest class",
            """Your loss never looks at the labels: it takes the largest entry of each row, the class that the model
            prefers. A model that is sure would have a small loss, whether it is right or not.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p.max(dim=1).values",
        ),
        wrong(
            "entropy",
            """Your loss never looks at the labels: it is the entropy of the model's own probabilities, how unsure
            it is. The cross-entropy takes the logarithm where the label is.""",
            "log_p[torch.arange(len(labels)), labels]",
            "(log_p.exp() * log_p).sum(dim=1)",
        ),
        wrong(
            "binary cross-entropy",
            """Your loss asks for each class on its own, yes or no, by a sigmoid, and averages over all these
            questions. Here an image has exactly one class: the softmax makes the classes compete, and only the true
            one has a term.""",
            function=_binary,
        ),
        wrong(
            "sigmoid",
            """Your probabilities do not sum to 1 over the classes: each is a sigmoid of its own logit. All classes
            can then be likely at once. The softmax divides by the sum over the classes.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "logits.sigmoid().log()",
        ),
        wrong(
            "squared error",
            """Your loss never exceeds 1, however sure a mistake is: it is the mean square of probabilities minus
            truth. The exercise asks for the logarithm of what the true class got.""",
            function=_squares,
        ),
        wrong(
            "distance from 1",
            """Your loss never exceeds 1: it is how much is missing from probability 1. A probability of 0.01 and
            one of 0.0001 cost the same. The logarithm tells them apart.""",
            "-of_true_class.mean()",
            "(1 - of_true_class.exp()).mean()",
        ),
        wrong(
            "logarithm of the mean",
            """Your loss is too small, but right for a batch of one: the probabilities are averaged first, and the
            logarithm is taken of their mean. One sure mistake then hides among the others.""",
            "-of_true_class.mean()",
            "-of_true_class.exp().mean().log()",
        ),
        wrong(
            "perplexity",
            """Your number is e to the loss, which is called perplexity: guessing among ten classes gives 10 instead
            of 2.30.""",
            "-of_true_class.mean()",
            "(-of_true_class.mean()).exp()",
        ),
        wrong(
            "sum without its logarithm",
            """Your numbers are far too large: the sum of exponentials is taken from the logits as it is. The
            logarithm of a quotient is a difference of two logarithms, and the second one is missing.""",
            "logits.logsumexp(dim=1, keepdim=True)",
            "logits.exp().sum(dim=1, keepdim=True)",
        ),
        wrong(
            "no exponential",
            """Your loss is nan for negative logits: they are divided by their sum as they are, and the logarithm of
            what comes out need not exist. The exponential first makes all of them positive.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "(logits / logits.sum(dim=1, keepdim=True)).log()",
        ),
        wrong(
            "axis lost in the sum",
            """It raises that sizes do not match, or, with as many images as classes, is silently wrong: the sum
            over classes has lost its axis, so it has shape (batch,) and meets the axis of the classes.""",
            "logsumexp(dim=1, keepdim=True)",
            "logsumexp(dim=1)",
        ),
        wrong(
            "labels pick rows",
            """Your loss is an average over whole rows: indexing by the labels alone picks images, not classes. With
            more classes than images it raises an IndexError.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p[labels]",
        ),
        wrong(
            "labels counted from 1",
            """Your loss looks one class too far to the left: label 0 is the first column, and yours reads the last
            one there.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p[torch.arange(len(labels)), labels - 1]",
        ),
        wrong(
            "the exponential overflows",
            """With ordinary logits you are right. With logits near 1000 your loss is nan: `e` to the 1000 is
            infinite in floating point, and infinite by infinite is no number. Only differences within a row matter;
            use that before the exponential.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "(logits.exp() / logits.exp().sum(dim=1, keepdim=True)).log()",
        ),
        wrong(
            "the sum of exponentials overflows",
            """With ordinary logits you are right. With logits near 1000 or -1000 your loss is infinite: `e` to the
            1000 is infinite in floating point and `e` to the -1000 is 0, and so is their logarithm out of reach.
            Only differences within a row matter; use that before the exponential.""",
            "logits.logsumexp(dim=1, keepdim=True)",
            "logits.exp().sum(dim=1, keepdim=True).log()",
        ),
        wrong(
            "one maximum for all rows, and a quotient",
            """Subtracting the maximum is the right idea, but you take one for the whole batch. In a row that lies
            far below it all exponentials round to 0: your quotient is 0 by 0, which is nan. Each row needs its
            own.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "((logits - logits.max()).exp() / (logits - logits.max()).exp().sum(dim=1, keepdim=True)).log()",
        ),
        wrong(
            "maximum of absolute values",
            """Near 1000 you are right, near -1000 your loss is not finite. You subtract the largest absolute value
            of each row: for a row of negative logits that pushes them further down, where all exponentials round to
            0. The largest logit itself must become 0.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "logits - logits.abs().amax(1, True) - (logits - logits.abs().amax(1, True)).exp().sum(1, True).log()",
        ),
        wrong(
            "maximum of absolute values, and a quotient",
            """Near 1000 you are right, near -1000 your loss is nan. You subtract the largest absolute value of each
            row: for a row of negative logits that pushes them further down, where all exponentials round to 0, and
            the quotient is 0 by 0. The largest logit itself must become 0.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "((z := logits - logits.abs().amax(1, True)).exp() / z.exp().sum(1, True)).log()",
        ),
        wrong(
            "shifted, but not by the maximum",
            """Near 1000 and near -1000 you are right. But where one logit stands far above the others of its row,
            your loss is infinite: the mean or the minimum of the row is subtracted, so the largest logit stays
            large, and its exponential overflows. The largest must become 0.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "(z := logits - logits.mean(dim=1, keepdim=True)) - z.exp().sum(dim=1, keepdim=True).log()",
        ),
        wrong(
            "zero times infinity",
            """With ordinary logits you are right. Where a probability rounds to 0 your loss is nan: its logarithm is
            minus infinity, and a 0 of the one-hot truth does not take that away. Logarithm and softmax have to be
            taken together, before anything can round to 0.""",
            ("logits - logits.logsumexp(dim=1, keepdim=True)", "logits.softmax(dim=1).log()"),
            (
                "log_p[torch.arange(len(labels)), labels]",
                "(torch.nn.functional.one_hot(labels, logits.shape[1]) * log_p).sum(dim=1)",
            ),
        ),
        wrong(
            "true class missing",
            """Your loss never looks at the labels: it is the mean of the normalizer alone, the logarithm of the sum
            of exponentials. The other half of the difference, the logit of the true class, is missing.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "-logits.logsumexp(dim=1, keepdim=True).expand_as(logits)",
        ),
        wrong(
            "labels picked along the batch",
            """Your loss reads entries of other images: `gather` along the axis of the batch takes the label for a
            row number and stays in the first column. It looks for classes, so it must go along their axis.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p.gather(0, labels[:, None])",
        ),
        wrong(
            "labels picked along the batch, in a row",
            """Your loss reads entries of other images: `gather` along the axis of the batch takes the label for a
            row number, and may raise an exception where there are more classes than images.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p.gather(0, labels[None])",
        ),
        wrong(
            "all labels in the first row",
            """Your loss reads the first image alone. Either the labels of all images stand in one row, which
            `gather` takes for the labels of row 0; or `take` counts through the whole table as if it were one row.
            Each label must meet a row of its own.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p.gather(1, labels[None])",
        ),
        wrong(
            "diagonal",
            """Your loss never looks at the labels: image 0 is read at class 0, image 1 at class 1. The diagonal is
            meant of a table that was indexed by the labels first, `[:, labels]`.""",
            "log_p[torch.arange(len(labels)), labels]",
            "log_p.diag()",
        ),
        wrong(
            "divided by the classes",
            """Your loss grows with the number of images and falls with that of classes: the terms of the images are
            added, and the sum is divided by the number of classes.""",
            "of_true_class.mean()",
            "(of_true_class.sum() / logits.shape[1])",
        ),
        wrong(
            "label smoothing",
            """Your loss does not come to 0 for a sure and right model: a tenth of the truth is spread over all
            classes, which is called label smoothing. The exercise asks for the plain cross-entropy.""",
            "log_p[torch.arange(len(labels)), labels]",
            "(0.9 * log_p[torch.arange(len(labels)), labels] + 0.1 * log_p.mean(dim=1))",
        ),
        wrong(
            "logits of length 1",
            """Your loss cannot come near 0, however sure the model is: each row of logits is scaled to length 1
            before the softmax, so that how large they are is lost. It is their differences that say how sure the
            model is.""",
            "log_p = logits - logits.logsumexp(dim=1, keepdim=True)",
            "log_p = (logits / logits.norm(dim=1, keepdim=True)).log_softmax(dim=1)",
        ),
        wrong(
            "absolute logits",
            """Your loss takes a logit of -3 for one of 3: the signs of the logits are lost before the softmax. A
            negative logit speaks against its class.""",
            "log_p = logits - logits.logsumexp(dim=1, keepdim=True)",
            "log_p = logits.abs().log_softmax(dim=1)",
        ),
        wrong(
            "logarithm of the rest",
            """Your loss is small where the model is wrong: it takes the logarithm of what the other classes got,
            1 minus the true one's probability.""",
            "-of_true_class.mean()",
            "-(1 - of_true_class.exp()).log().mean()",
        ),
        wrong(
            "1 added before the logarithm",
            """Your loss is negative and never below -0.7: 1 is added to the probability before the logarithm, which
            then cannot go towards minus infinity. A sure mistake costs hardly more than a small one.""",
            "-of_true_class.mean()",
            "-of_true_class.exp().log1p().mean()",
        ),
        wrong(
            "median over the batch",
            """For one image you are right. For several you take the median of their losses, so that the worst of
            them never counts; asked for is the mean.""",
            "of_true_class.mean()",
            "of_true_class.median()",
        ),
        wrong(
            "margin",
            """Your loss is exactly 0 as soon as the true logit leads by 1: it is the sum of margins, the hinge loss.
            A cross-entropy never stops asking for more.""",
            function=_hinge,
        ),
        wrong(
            "logarithm of zero",
            """With ordinary logits you are right. Where the true class is far behind, its probability rounds to 0
            and your loss is infinite. Logarithm and softmax have to be taken together: the logarithm undoes the
            exponential before anything can round to 0.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "logits.softmax(dim=1).log()",
        ),
        wrong(
            "a little added to the probability",
            """With ordinary logits you are nearly right. But the small number within the logarithm puts a ceiling
            on the loss: a sure mistake costs 18.4 and has no gradient. It hides a logarithm of 0 that need not
            arise.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "(logits.softmax(dim=1) + 1e-8).log()",
        ),
        wrong(
            "one maximum for all rows",
            """Subtracting the maximum is the right idea, but you take one for the whole batch. A row that lies far
            below it has only exponentials that round to 0, and its loss is not finite. Each row needs its own.""",
            "logits - logits.logsumexp(dim=1, keepdim=True)",
            "logits - logits.max() - (logits - logits.max()).exp().sum(dim=1, keepdim=True).log()",
        ),
        wrong(
            "maximum not given back",
            """Your loss is off by the mean of the rows' maxima. The maximum was taken from the logits within the
            exponential, and not from the logit of the true class: both terms must be shifted alike.""",
            "logits.logsumexp(dim=1, keepdim=True)",
            "(logits - logits.max(dim=1, keepdim=True).values).logsumexp(dim=1, keepdim=True)",
        ),
    ),
)
