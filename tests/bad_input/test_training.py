"""What ``fit`` says when its arguments make no sense."""

from __future__ import annotations

import pytest
import torch

from vitcourse import ConvNet
from vitcourse.data import Batches, Split
from vitcourse.training import evaluate, fit, warmup_cosine


@pytest.fixture
def split() -> Split:
    return Split(torch.rand(8, 1, 8, 8), torch.arange(8))


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_epochs(split, epochs):
    with pytest.raises(ValueError, match=f"epochs={epochs!r} must be a whole number of at least 1"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=epochs))


def test_precision(split):
    with pytest.raises(ValueError, match="precision='half' must be one of 'float32', 'bfloat16'"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, precision="half"))


@pytest.mark.parametrize(("name", "value"), [("lr", 0.0), ("lr", -1.0), ("warmup", 1.5), ("clip", 0.0)])
def test_rates(split, name, value):
    with pytest.raises(ValueError, match=f"{name}={value}"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, **{name: value}))


def test_a_checkpoint_of_another_run(split, tmp_path):
    path = tmp_path / "run.safetensors"
    for _ in fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, lr=1e-3, checkpoint=path):
        pass
    with pytest.raises(ValueError, match=r"run with other settings: lr=0.001 \(now 0.002\)"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, lr=2e-3, checkpoint=path))


def test_batch_size_of_evaluate(split):
    with pytest.raises(ValueError, match="batch_size=0"):
        evaluate(ConvNet(width=2), split, batch_size=0)


def test_warmup_longer_than_the_run():
    with pytest.raises(ValueError, match="warmup_steps=11 must lie between 0 and total_steps=10"):
        warmup_cosine(0, 10, 11)
