"""Lesson 05's rows of the claims ledger, measured again: one test or two a claim."""

from __future__ import annotations

import ast
import copy
import itertools
import math
from types import SimpleNamespace
from typing import Any

import lesson_files
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from vitcourse import VisionTransformer
from vitcourse.data import Batches, load, random_shift
from vitcourse.training import evaluate, fit, load_checkpoint, read_report, warmup_cosine

SMALL = dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, num_heads=4, mlp_ratio=2.0)


def fresh(seed: int = 0, depth: int = 2) -> VisionTransformer:
    torch.manual_seed(seed)
    return VisionTransformer(**SMALL, depth=depth)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def test_t1_the_shipped_checkpoint_passes_98_percent_on_mnist():
    """The model that lessons 00 and 06 open. Its recipe is not the lesson's: four heads, batch 128, three epochs.

    The lesson's own run (two heads, batch 64, two epochs) is held to 98 % in tests/slow/test_offline_lessons.py.
    """
    mnist = load("mnist", download=False)
    if mnist.note:
        pytest.skip("MNIST is not on this machine")
    report = read_report("mnist")
    model = load_checkpoint("mnist")
    recipe = {name: report[name] for name in ("data", "seed", "epochs", "batch_size", "lr")}
    assert recipe == dict(data="mnist", seed=0, epochs=3, batch_size=128, lr=4e-3)
    assert model.config == fresh(depth=4).config
    accuracy = evaluate(model, mnist.test).accuracy
    assert accuracy > 0.98
    assert accuracy == pytest.approx(report["test_accuracy"], abs=0.002)


def test_t1_a_short_run_learns(digits):
    """Without MNIST: 75 steps on the embedded digits, far above the tenth that guessing gives."""
    model = fresh()
    batches = Batches(digits.train, batch_size=96, seed=0, augment=random_shift(1))
    *_, last = fit(model, batches, epochs=5, lr=4e-3, test=digits.test)
    assert last.step == 75
    assert last.test is not None
    assert last.test.accuracy > 0.5


@pytest.mark.parametrize("lands_in", ["curves", "loss"])
def test_an_interrupt_ends_the_lessons_run_wherever_it_lands(lands_in, capsys):
    """The next cell goes on with the same run: it must find nothing more to do."""
    lesson = next(lesson for lesson in lesson_files.WRITTEN if lesson.number == "05")
    cell = next(
        cell for cell in lesson_files.code_cells(lesson_files.source(lesson).cells) if "def follow" in cell.source
    )
    (follow,) = [node for node in lesson_files.tree(cell).body if isinstance(node, ast.FunctionDef)]

    class Interrupts:
        def update(self):
            raise KeyboardInterrupt

        __float__ = update

    def steps():
        for step in range(1, 201):
            loss = Interrupts() if lands_in == "loss" and step == 70 else 1.0
            yield SimpleNamespace(step=step, loss=loss, lr=1e-3, seconds=step / 10, test=None)  # a Progress

    curves = Interrupts() if lands_in == "curves" else SimpleNamespace(update=lambda: None)
    names: dict[str, Any] = dict(
        tqdm=lambda taken, **_: taken, islice=itertools.islice, copy=copy, model=fresh(), curves=curves
    )
    names |= dict(losses=[], means=[], rates=[], tested={}, keep=set(), snapshots={})
    exec(ast.unparse(follow), names)
    run = steps()
    assert names["follow"](run, 100) == (5.0 if lands_in == "curves" else 6.9)
    assert "stopped" in capsys.readouterr().out
    assert len(names["losses"]) == (50 if lands_in == "curves" else 69)
    assert names["follow"](run, 100) == 0
    assert len(names["losses"]) == (50 if lands_in == "curves" else 69)


def test_t3_fit_is_the_loop_that_the_lesson_shows(digits):
    batches = Batches(digits.train[:256], batch_size=64, seed=0, augment=random_shift(1))
    lr, warmup, weight_decay, clip, epochs = 2e-3, 0.5, 0.05, 1.0, 2
    total = epochs * len(batches)

    plain = fresh()
    matrices = [p for p in plain.parameters() if p.ndim in (2, 4)]
    others = [p for p in plain.parameters() if p.ndim not in (2, 4)]
    groups = [dict(params=matrices, weight_decay=weight_decay), dict(params=others, weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), fused=True)
    rates: list[float] = []
    for epoch in range(epochs):
        for images, labels, _ in batches.epoch(epoch):
            rates.append(lr * warmup_cosine(len(rates), total, round(warmup * total)))
            for group in optimizer.param_groups:
                group["lr"] = rates[-1]
            optimizer.zero_grad()
            F.cross_entropy(plain(images), labels).backward()
            nn.utils.clip_grad_norm_(plain.parameters(), clip)
            optimizer.step()

    fitted = fresh()
    steps = list(fit(fitted, batches, epochs=epochs, lr=lr, warmup=warmup, weight_decay=weight_decay, clip=clip))
    assert [step.lr for step in steps] == rates
    for (name, a), b in zip(plain.named_parameters(), fitted.parameters(), strict=True):
        assert_close(a, b, rtol=1e-4, atol=1e-5, msg=name)


def test_t3_the_warm_up_is_made():
    factors = [warmup_cosine(step, 100, 20) for step in range(100)]
    assert factors[0] == pytest.approx(1 / 20)
    assert factors[:20] == sorted(factors[:20])
    assert factors[19] == factors[20] == 1
    assert factors[20:] == sorted(factors[20:], reverse=True)
    assert 0 < factors[-1] < 0.001


def test_t3_decay_is_decoupled_in_adamw_only():
    """A weight whose gradient is zero loses lr * decay of its size in AdamW; in Adam, lr, whatever its size."""
    lost = {}
    for make in (torch.optim.Adam, torch.optim.AdamW):
        weights = nn.Parameter(torch.tensor([1.0, 0.01]))
        weights.grad = torch.zeros(2)
        make([weights], lr=0.002, weight_decay=0.05).step()
        lost[make.__name__] = torch.tensor([1.0, 0.01]) - weights.detach()
    assert_close(lost["Adam"], torch.full((2,), 0.002), rtol=1e-3, atol=0.0)
    assert_close(lost["AdamW"], torch.tensor([1e-4, 1e-6]), rtol=1e-2, atol=0.0)


def test_t4_an_untrained_models_loss(digits):
    """Exactly ln 10 with a head that starts at zero; more with PyTorch's default head."""
    images, labels = digits.test[:200].images, digits.test[:200].labels
    default = []
    for seed in range(6):
        model = fresh(seed, depth=4)
        with torch.no_grad():
            assert_close(F.cross_entropy(model(images), labels), torch.tensor(math.log(10)))
            model.classifier.reset_parameters()
            default.append(F.cross_entropy(model(images), labels).item())
    assert min(default) > math.log(10) + 0.005
    assert max(default) - min(default) > 0.03
    assert max(default) < 2.8


def test_t5_muon_moves_all_directions_alike(digits):
    """The share of a step's squared length in 4 of 64 directions: most of the gradient's, about half of AdamW's."""
    model = fresh()
    batches = Batches(digits.train, batch_size=64, seed=0, augment=random_shift(1))
    for _ in itertools.islice(fit(model, batches, epochs=20, lr=3e-3), 150):
        pass
    model.zero_grad()
    F.cross_entropy(model(digits.train.images[:128]), digits.train.labels[:128]).backward()
    gradient = model.blocks[1].mlp.contract.weight.grad
    cells = [cell.source for lesson in lesson_files.WRITTEN for cell in lesson_files.source(lesson).cells]
    names: dict = {}
    exec(next(code for code in cells if code.startswith("def each_direction_alike")).split("\n\n\n")[0], names)

    def share(step):
        sigma = torch.linalg.svdvals(step)
        return ((sigma[:4] ** 2).sum() / (sigma**2).sum()).item()

    assert share(gradient) > 0.6
    assert 0.35 < share(gradient.sign()) < 0.7
    assert share(names["each_direction_alike"](gradient)) < 0.5 * share(gradient.sign())
