"""What the duel says to arguments that do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitcourse.widgets.duel import duel


class Model(nn.Module):
    grid = (2, 2)

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.head = nn.Linear(64, classes)
        nn.init.zeros_(self.head.bias)
        nn.init.constant_(self.head.weight, 0)
        with torch.no_grad():
            self.head.weight[-1] = 1

    def forward(self, x):
        return self.head(x.flatten(1))


IMAGES = torch.rand(2, 1, 8, 8) + 0.0
SCORES = {"some": torch.rand(2, 4)}


class Bare(Model):
    grid = None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(model=Bare()), "model=Bare has no `grid`"),
        (dict(model=Model(1)), r"model gives \(2, 1\); a duel needs logits \(images, classes\), two classes or more"),
        (dict(images=IMAGES[0]), r"images=\(1, 8, 8\) must be a tensor \(images, channels, height, width\)"),
        (dict(images=IMAGES.expand(-1, 2, -1, -1)), "of 1 or 3 channels"),
        (dict(images=IMAGES[:0]), r"images=\(0, 1, 8, 8\)"),
        (dict(images=IMAGES + 1), r"images must lie in 0..1; undo a normalization first"),
        (dict(images=IMAGES * torch.nan), r"images must lie in 0..1"),
        (dict(images=torch.rand(2, 1, 7, 8)), "images=7 x 8 pixels cannot be cut into the model's 2 x 2 patches"),
        (dict(images=torch.zeros(2, 1, 8, 8)), "images: the model answers 0 to each, and to a blank one too"),
        (dict(scores={}), "scores is no mapping with an entry"),
        (dict(scores=SCORES["some"]), "scores is no mapping"),
        (dict(scores={"some": torch.rand(2, 5)}), r"scores\['some'\] is \(2, 5\); .* need \(2, 4\)"),
        (dict(scores={"some": [1, 2]}), r"scores\['some'\] is list"),
        (dict(scores={"some": torch.full((2, 4), torch.nan)}), r"scores\['some'\] is not finite"),
        (dict(scores={"chance": torch.rand(2, 4)}), "the name 'chance' is taken"),
        (dict(classes=["a", "b"]), "classes has 2 names; the model has 3 classes"),
        (dict(alt=" "), "alt=' ': say in a sentence"),
    ],
)
def test_it_names_what_does_not_fit(change, message):
    arguments = dict(model=Model(), images=IMAGES, scores=SCORES, alt="A game.") | change
    with pytest.raises(ValueError, match=message):
        duel(
            arguments["model"],
            arguments["images"],
            arguments["scores"],
            classes=arguments.get("classes"),
            alt=arguments["alt"],
        )
