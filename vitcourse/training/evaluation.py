"""What a model is trained for, and how well it does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ..errors import require_positive
from .precision import autocast

if TYPE_CHECKING:
    from ..data import Split

# An objective runs the model: (model, images, labels) -> (mean loss, for each example whether it is right).
Objective = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]


class Evaluation(NamedTuple):
    """Mean loss in nats, and the share of examples that are right, 0 to 1."""

    loss: float
    accuracy: float


def classification(
    model: nn.Module, images: Float[Tensor, "batch ..."], labels: Int[Tensor, "batch"]
) -> tuple[Float[Tensor, ""], Bool[Tensor, "batch"]]:
    """The objective of a classifier: mean cross-entropy, and where the largest logit is the label's."""
    logits = model(images).float()
    return F.cross_entropy(logits, labels), logits.argmax(dim=1) == labels


def evaluate(
    model: nn.Module,
    split: Split,
    *,
    batch_size: int = 1000,
    objective: Objective = classification,
    precision: str = "float32",
) -> Evaluation:
    """Mean loss and accuracy on a split, with dropout off and no augmentation; the model's mode is restored."""
    require_positive(batch_size=batch_size)
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    loss, correct = 0.0, 0
    with torch.inference_mode(), autocast(device, precision):
        for images, labels in zip(split.images.split(batch_size), split.labels.split(batch_size), strict=True):
            batch_loss, right = objective(model, images.to(device), labels.to(device))
            loss += float(batch_loss) * len(labels)
            correct += int(right.sum())
    model.train(was_training)
    return Evaluation(loss / len(split.labels), correct / len(split.labels))
