"""What ``fit`` says when its arguments make no sense."""

from __future__ import annotations

import re

import pytest
import torch

from vitcourse import ConvNet
from vitcourse.data import Batches, Split, random_shift
from vitcourse.training import evaluate, fit, warmup_cosine


@pytest.fixture
def split() -> Split:
    return Split(torch.rand(8, 1, 8, 8), torch.arange(8))


@pytest.mark.parametrize("epochs", [0, -1, 1.5, True])
def test_epochs(split, epochs):
    with pytest.raises(ValueError, match=f"epochs={epochs!r} must be a whole number of at least 1"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=epochs))


def test_precision(split):
    with pytest.raises(ValueError, match=r"precision='half' must be one of .*'bfloat16'; fit also takes 'auto'"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, precision="half"))


def test_optimizer(split):
    with pytest.raises(ValueError, match="optimizer='sgd' must be one of 'adamw', 'muon'"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, optimizer="sgd"))


def test_muon_for_a_model_without_blocks(split):
    with pytest.raises(ValueError, match=r"model\.blocks; ConvNet has none: use 'adamw'"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, optimizer="muon"))


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


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 1}, "batches.seed=0 (now 1)"),
        ({"batch_size": 5}, "batches.batch_size=4 (now 5)"),
        ({"shuffle": False}, "batches.shuffle=True (now False)"),
        ({"augment": random_shift(2)}, "batches.augment='random_shift(1)' (now 'random_shift(2)')"),
        ({"augment": None}, "batches.augment='random_shift(1)' (now None)"),
        ({"augment": lambda images, *_: images}, "batches.augment='random_shift(1)' (now '<lambda>')"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_checkpoint_of_other_batches(split, tmp_path, change, says):
    def batches(**changes):
        return Batches(split, **{"batch_size": 4, "augment": random_shift(1), **changes})

    path = tmp_path / "run.safetensors"
    list(fit(ConvNet(width=2), batches(), epochs=1, checkpoint=path))
    with pytest.raises(ValueError, match=f"run with other settings: {re.escape(says)}; use the same ones"):
        next(fit(ConvNet(width=2), batches(**change), epochs=1, checkpoint=path))


def test_a_checkpoint_whose_batches_or_those_of_now_are_not_stated(split, tmp_path):
    class Own:
        """Batches that do not describe themselves."""

        def __init__(self):
            self.of = Batches(split, batch_size=4)
            self.epoch = self.of.epoch

        def __len__(self):
            return len(self.of)

    stated, unstated = tmp_path / "stated.safetensors", tmp_path / "unstated.safetensors"
    list(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, checkpoint=stated))
    list(fit(ConvNet(width=2), Own(), epochs=1, checkpoint=unstated))
    assert list(fit(ConvNet(width=2), Own(), epochs=1, checkpoint=unstated)) == []
    with pytest.raises(ValueError, match=r"batches.batch_size=4 \(now 'not stated'\)"):
        next(fit(ConvNet(width=2), Own(), epochs=1, checkpoint=stated))
    with pytest.raises(ValueError, match=r"batches.batch_size='not stated' \(now 4\)"):
        next(fit(ConvNet(width=2), Batches(split, batch_size=4), epochs=1, checkpoint=unstated))


def test_batch_size_of_evaluate(split):
    with pytest.raises(ValueError, match="batch_size=0"):
        evaluate(ConvNet(width=2), split, batch_size=0)


def test_warmup_longer_than_the_run():
    with pytest.raises(ValueError, match="warmup_steps=11 must lie between 0 and total_steps=10"):
        warmup_cosine(0, 10, 11)
