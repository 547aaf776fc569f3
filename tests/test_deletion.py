"""Hiding patches, and when a prediction flips."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import patchify
from vitcourse.maps.deletion import (
    deletion_curves,
    hide_patches,
    patches_to_flip,
    random_scores,
    search_to_flip,
    strongest,
)

ROWS, COLS, PATCH = 2, 3, (2, 4)  # all sizes differ
PATCHES = ROWS * COLS


def images(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 3, ROWS * PATCH[0], COLS * PATCH[1], generator=torch.Generator().manual_seed(0)) + 0.1


class Needs(nn.Module):
    """Class 0 while the number of inked patches, less `least`, is above 0.5; else class 1."""

    def __init__(self, least: int = 0) -> None:
        super().__init__()
        self.least = least
        self.seen = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen += len(x)
        inked = (patchify(x, PATCH).amax(dim=-1) > 0).float().sum(dim=1)
        return torch.stack([inked - self.least, torch.full_like(inked, 0.5)], dim=1)


def test_hidden_patches_are_blank_and_the_others_as_they_were():
    x = images()
    before = x.clone()
    hidden = torch.zeros(4, PATCHES, dtype=torch.bool)
    hidden[0, 5] = hidden[2, 1] = True
    got = hide_patches(x, hidden, PATCH)
    assert_close(x, before)
    assert got[0, :, 2:, 8:].abs().max() == 0
    assert got[2, :, :2, 4:8].abs().max() == 0
    assert ((got == 0) == (got != x)).all()
    assert (got == 0).sum() == 2 * 3 * 8


def test_the_strongest_are_taken_and_of_equal_ones_the_first():
    scores = torch.tensor([[0.1, 0.9, 0.3], [0.5, 0.5, 0.5]])
    assert strongest(scores, 0).sum() == 0
    assert strongest(scores, 2).tolist() == [[False, True, True], [True, True, False]]
    assert strongest(scores, 3).all()


def test_many_equal_scores_keep_their_order():
    """Blank patches all have the score 0: without a stable sort their order would be the machine's."""
    scores = torch.zeros(2, 196)
    assert strongest(scores, 40).int().argmin(dim=1).tolist() == [40, 40]


@pytest.mark.parametrize("count", [-1, 4])
def test_a_count_that_is_not_there(count):
    with pytest.raises(ValueError, match=rf"count={count} is not from 0 to 3"):
        strongest(torch.zeros(1, 3), count)


def test_the_flip_is_counted():
    """Four of six inked patches gone: 2 - 1.8 is below 0.5. With five or more left it is above."""
    model, x = Needs(1.8), images()
    flips = patches_to_flip(model, x, random_scores(4, PATCHES), PATCH)
    assert flips.counts.tolist() == [4] * 4
    assert flips.hidden.sum(dim=1).tolist() == [4] * 4
    assert_close(flips.hidden, strongest(random_scores(4, PATCHES), 4))
    assert flips.answers.tolist() == [1] * 4


def test_each_image_has_its_own_count():
    x = images(3)
    x[1, :, :, 4:] = 0  # two inked patches alone, those of the first column
    x[2, :, 2:] = 0  # three, those of the first row
    scores = torch.arange(PATCHES, 0, -1).float().expand(3, -1)  # in reading order
    flips = patches_to_flip(Needs(0.8), x, scores, PATCH)
    # fewer than 1.3 left: from patches 0-5, from 0 and 3, from 0-2
    assert flips.counts.tolist() == [5, 1, 2]
    assert [row.nonzero().squeeze(1).tolist() for row in flips.hidden] == [[0, 1, 2, 3, 4], [0], [0, 1]]


def test_one_that_never_flips_has_one_more_than_there_are():
    flips = patches_to_flip(Needs(-2), images(), random_scores(4, PATCHES), PATCH)
    assert flips.counts.tolist() == [PATCHES + 1] * 4
    assert flips.hidden.all()
    assert flips.answers.tolist() == [0] * 4


@pytest.mark.parametrize("steps", [1, 2, 4, 6, 9])
def test_however_many_steps_are_tried_at_once(steps, monkeypatch):
    monkeypatch.setattr("vitcourse.maps.deletion.STEPS", steps)
    test_each_image_has_its_own_count()
    test_the_flip_is_counted()
    test_one_that_never_flips_has_one_more_than_there_are()


def test_what_has_flipped_is_not_run_again(monkeypatch):
    monkeypatch.setattr("vitcourse.maps.deletion.STEPS", 2)
    model = Needs(5.0)  # flips with the first patch
    patches_to_flip(model, images(), random_scores(4, PATCHES), PATCH)
    assert model.seen == 4 + 2 * 4


class Weighs(nn.Module):
    """The first class needs the patches, the last one most; the other class needs nothing."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inked = (patchify(x, PATCH).amax(dim=-1) > 0).float()
        return torch.stack([inked @ torch.arange(PATCHES).float(), torch.full((len(x),), 8.0)], dim=1)


def test_the_search_takes_what_counts_most():
    found = search_to_flip(Weighs(), images(2), PATCH)  # 15 - 5 - 4 is below 8
    assert found.counts.tolist() == [2, 2]
    assert found.hidden[0].nonzero().squeeze(1).tolist() == [4, 5]
    assert found.answers.tolist() == [1, 1]
    reading_order = patches_to_flip(Weighs(), images(2), -torch.arange(PATCHES).float().expand(2, -1), PATCH)
    assert reading_order.counts.tolist() == [5, 5]


def test_the_search_may_find_nothing():
    found = search_to_flip(Needs(-2), images(1), PATCH)
    assert found.counts.tolist() == [PATCHES + 1]
    assert found.hidden.all()


def test_curves_begin_at_the_whole_image_and_follow_the_first_answer():
    x, scores = images(), random_scores(4, PATCHES)
    model = Needs(1.8)
    curves = deletion_curves(model, x, scores, [0, 3, PATCHES], PATCH)
    assert curves.shape == (4, 3)
    for column, left in enumerate((6, 3, 0)):
        probability = torch.tensor([left - 1.8, 0.5]).softmax(dim=0)[0]
        assert_close(curves[:, column], probability.expand(4))


def test_no_count_at_all():
    with pytest.raises(ValueError, match=r"counts=\[\] is empty"):
        deletion_curves(Weighs(), images(), random_scores(4, PATCHES), [], PATCH)


def test_random_scores_are_the_same_again_and_differ_by_row():
    assert_close(random_scores(3, 9), random_scores(3, 9))
    assert (random_scores(3, 9, seed=1) != random_scores(3, 9)).any()
    assert len({tuple(row.argsort().tolist()) for row in random_scores(3, 9)}) == 3


def test_more_than_fits_at_once_is_split(monkeypatch):
    scores = random_scores(4, PATCHES)
    whole = deletion_curves(Weighs(), images(), scores, [0, 2], PATCH)
    monkeypatch.setattr("vitcourse.maps.deletion.AT_ONCE", 3)
    assert_close(deletion_curves(Weighs(), images(), scores, [0, 2], PATCH), whole)
