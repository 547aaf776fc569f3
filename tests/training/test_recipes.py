"""The table of recipes: each row trains, and says all that `fit` needs."""

from __future__ import annotations

import pytest
import torch

from vitcourse.data.digits import embedded_digits
from vitcourse.training import fit
from vitcourse.training.recipes import RECIPES, recipe


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains(name):
    one = recipe(name)
    model = one.model(seed=0)
    train = embedded_digits().train[: 4 * one.batch_size]
    losses = [float(now.loss) for now in fit(model, one.batches(train, 0), **(one.settings(0) | dict(epochs=3)))]
    assert len(losses) == 12
    assert losses[-1] < losses[0]


def test_seeds_make_weights_and_leave_random_state_alone():
    one, before = recipe("fast"), torch.get_rng_state()
    first, again, other = (one.model(seed).state_dict()["positions"] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.get_rng_state())


def test_an_unknown_recipe_is_named():
    with pytest.raises(ValueError, match="name='slow' must be one of 'lesson'"):
        recipe("slow")
