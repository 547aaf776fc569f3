"""What hiding patches says to arguments that do not fit."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vitcourse.maps.deletion import deletion_curves, hide_patches, patches_to_flip, random_scores

IMAGES = torch.rand(2, 1, 8, 8)
MODEL = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))


@pytest.mark.parametrize("shape", [(2, 3), (1, 4)])
def test_not_one_entry_for_each_patch(shape):
    with pytest.raises(ValueError, match=r"hidden is \(\d, \d\); 2 images of 4 patches need \(2, 4\)"):
        hide_patches(IMAGES, torch.zeros(shape, dtype=torch.bool), 4)


@pytest.mark.parametrize("turn", [patches_to_flip, lambda *args: deletion_curves(*args[:3], [0, 1], args[3])])
def test_not_one_score_for_each_patch(turn):
    with pytest.raises(ValueError, match=r"scores is \(2, 5\); 2 images of 4 patches need \(2, 4\)"):
        turn(MODEL, IMAGES, random_scores(2, 5), 4)


def test_a_patch_size_that_does_not_divide():
    with pytest.raises(ValueError, match="patch_size"):
        hide_patches(IMAGES, torch.zeros(2, 4, dtype=torch.bool), 3)
