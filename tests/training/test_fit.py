"""The training loop's contract: equal runs, exact resume, a usable model whatever happens."""

from __future__ import annotations

import functools
import itertools
import math
import signal
import threading

import pytest
import torch
from small_vit import small_vit, squares
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from vitcourse import ConvNet
from vitcourse.data import Batches, LoaderBatches, random_shift
from vitcourse.training import TrainingDiverged, classification, evaluate, fit, load_checkpoint, warmup_cosine
from vitcourse.training import loop as training_loop


def batches(**options) -> Batches:
    return Batches(squares(), **{"batch_size": 16, "seed": 3, "augment": random_shift(1), **options})


def run(model: nn.Module, **options) -> nn.Module:
    for _ in fit(model, batches(), **{"epochs": 3, "lr": 1e-2, **options}):
        pass
    return model


def assert_same_weights(a: nn.Module, b: nn.Module) -> None:
    for (name, x), y in zip(a.state_dict().items(), b.state_dict().values(), strict=True):
        assert torch.equal(x, y), name


def test_it_learns():
    model = small_vit()
    before = evaluate(model, squares())
    run(model, epochs=30)
    after = evaluate(model, squares())
    assert before.loss == pytest.approx(math.log(4), abs=1e-6)
    assert after.accuracy > 0.95


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_two_runs_are_equal_whatever_the_global_random_state(dropout):
    first = run(small_vit(dropout))
    second = small_vit(dropout)
    torch.manual_seed(999)
    assert_same_weights(first, run(second))


def test_the_seed_of_the_order_matters():
    first = run(small_vit())
    second = small_vit()
    for _ in fit(second, batches(seed=4), epochs=3, lr=1e-2):
        pass
    assert not torch.equal(first.classifier.weight, second.classifier.weight)


@pytest.mark.parametrize("stop_after", [1, 4, 5, 7, 10])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path, stop_after):
    whole = run(small_vit(dropout=0.1))

    path = tmp_path / "run.safetensors"
    first_part = fit(small_vit(dropout=0.1), batches(), epochs=3, lr=1e-2, checkpoint=path)
    for _ in itertools.islice(first_part, stop_after):
        pass
    first_part.close()

    model = small_vit(dropout=0.1, seed=123)  # other weights: all must come from the checkpoint
    steps = [progress.step for progress in fit(model, batches(), epochs=3, lr=1e-2, checkpoint=path)]
    assert steps == list(range(stop_after + 1, 16))
    assert_same_weights(whole, model)


def test_a_finished_run_has_nothing_left_to_do(tmp_path):
    path = tmp_path / "run.safetensors"
    whole = run(small_vit(), checkpoint=path)
    again = small_vit(seed=5)
    assert list(fit(again, batches(), epochs=3, lr=1e-2, checkpoint=path)) == []
    assert_same_weights(whole, again)


def test_progress_tells_epoch_step_rate_and_the_test_after_each_epoch():
    records = list(fit(small_vit(), batches(), epochs=2, lr=1e-2, warmup=0.2, test=squares()))
    assert [r.step for r in records] == list(range(1, 11))
    assert [r.epoch for r in records] == [0] * 5 + [1] * 5
    assert [r.test is not None for r in records] == [False] * 4 + [True] + [False] * 4 + [True]
    assert [r.lr for r in records] == [1e-2 * warmup_cosine(i, 10, 2) for i in range(10)]
    assert all(a.seconds < b.seconds for a, b in itertools.pairwise(records))


def test_training_mode_and_evaluation_do_not_disturb_each_other():
    model = small_vit(dropout=0.5).eval()
    for _ in fit(model, batches(), epochs=1, test=squares()):
        assert model.training
        model.eval()  # a plot inside the loop may do this
    reference = small_vit(dropout=0.5)
    for _ in fit(reference, batches(), epochs=1):
        pass
    assert_same_weights(model, reference)


class ExplodesAt(nn.Module):
    """A linear classifier whose loss is not a number from its ``step``-th forward pass on."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self.linear = nn.Linear(64, 4)
        self.step, self.calls, self.seen = step, 0, []

    def forward(self, images):
        self.calls += 1
        if self.calls < self.step:
            self.seen.append(self.linear.weight.detach().clone())
        logits = self.linear(images.flatten(1))
        return logits * float("nan") if self.calls >= self.step else logits


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_weights():
    model = ExplodesAt(7)
    with pytest.raises(TrainingDiverged, match=r"loss at step 7 is nan"):
        run(model)
    assert torch.equal(model.linear.weight, model.seen[-1])
    assert torch.isfinite(model.linear.weight).all()


class GradientExplodesAt(ExplodesAt):
    """The same, but the loss stays finite: only its gradient is not a number."""

    def forward(self, images):
        logits = self.linear(images.flatten(1))
        self.calls += 1
        if self.calls < self.step:
            self.seen.append(self.linear.weight.detach().clone())
        elif logits.requires_grad:
            logits.register_hook(lambda gradient: gradient * float("nan"))
        return logits


def test_a_gradient_that_is_not_finite_at_the_last_step_spoils_neither_model_nor_checkpoint(tmp_path):
    model, path = GradientExplodesAt(15), tmp_path / "run.safetensors"
    with pytest.raises(TrainingDiverged, match=r"norm of the gradient at step 15 is nan"):
        run(model, checkpoint=path)
    assert torch.equal(model.linear.weight, model.seen[-1])
    again = GradientExplodesAt(99)
    steps = [progress.step for progress in fit(again, batches(), epochs=3, lr=1e-2, checkpoint=path)]
    assert steps == [11, 12, 13, 14, 15]
    assert torch.isfinite(again.linear.weight).all()


def test_weights_that_nobody_has_looked_at_are_not_saved(tmp_path, monkeypatch):
    guard = training_loop.LossGuard
    monkeypatch.setattr(training_loop, "LossGuard", lambda model, every: guard(model, every=25))  # as on a GPU
    model, path = GradientExplodesAt(3), tmp_path / "run.safetensors"
    run_of_four = fit(model, batches(), epochs=3, lr=1e-2, checkpoint=path)
    for _ in itertools.islice(run_of_four, 4):
        pass
    with pytest.raises(TrainingDiverged, match=r"norm of the gradient at step 3 is nan"):
        run_of_four.close()
    assert not path.exists()
    assert torch.isfinite(model.linear.weight).all()


def interrupted_in_step(number: int):
    """The objective of a classifier; Ctrl-C comes in its ``number``-th call, after the forward pass."""
    calls = itertools.count(1)

    def objective(model, images, labels):
        result = classification(model, images, labels)
        if next(calls) == number:
            raise KeyboardInterrupt
        return result

    return objective


def small_cnn(seed: int = 0) -> ConvNet:
    torch.manual_seed(seed)
    return ConvNet(num_classes=4, width=2)  # a forward pass changes the statistics of its batch norm


EACH_MODEL = pytest.mark.parametrize("make", [functools.partial(small_vit, 0.1), small_cnn], ids=["vit", "cnn"])


@EACH_MODEL
def test_an_interrupt_inside_a_step_saves_the_steps_before_it(tmp_path, make):
    path, stopped = tmp_path / "run.safetensors", make()
    with pytest.raises(KeyboardInterrupt):
        run(stopped, checkpoint=path, objective=interrupted_in_step(8))
    assert_same_weights(stopped, load_checkpoint(path))

    model = make(seed=123)
    steps = [progress.step for progress in fit(model, batches(), epochs=3, lr=1e-2, checkpoint=path)]
    assert steps == list(range(8, 16))
    assert_same_weights(run(make()), model)


@EACH_MODEL
def test_an_interrupt_while_weights_change_waits_until_they_have(tmp_path, make):
    path, calls = tmp_path / "run.safetensors", itertools.count(1)
    press = register_optimizer_step_post_hook(
        lambda *_: signal.raise_signal(signal.SIGINT) if next(calls) == 8 else None
    )
    try:
        with pytest.raises(KeyboardInterrupt):
            run(make(), checkpoint=path)
    finally:
        press.remove()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    model = make(seed=123)
    steps = [progress.step for progress in fit(model, batches(), epochs=3, lr=1e-2, checkpoint=path)]
    assert steps == list(range(9, 16))
    assert_same_weights(run(make()), model)


def test_it_runs_in_another_thread():
    model = small_vit()
    worker = threading.Thread(target=run, args=(model,))
    worker.start()
    worker.join()
    assert_same_weights(run(small_vit()), model)


def test_a_run_goes_on_with_equal_batches_of_either_kind(tmp_path):
    path = tmp_path / "run.safetensors"
    run(small_vit(), checkpoint=path)
    same = LoaderBatches(squares(), batch_size=16, seed=3, augment=random_shift(1))
    assert list(fit(small_vit(), same, epochs=3, lr=1e-2, checkpoint=path)) == []


def test_an_interrupt_leaves_a_usable_model():
    model = small_vit()

    def interrupted():
        for progress in fit(model, batches(), epochs=3, lr=1e-2):
            if progress.step == 8:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert evaluate(model, squares()).loss < math.log(4)


def test_decay_spares_biases_norms_and_tokens():
    from vitcourse.training.optimizers import decay_groups

    model = small_vit()
    decayed, free = (group["params"] for group in decay_groups(list(model.parameters()), 0.1))
    names = {id(p): n for n, p in model.named_parameters()}
    assert all(names[id(p)].endswith("weight") and "norm" not in names[id(p)] for p in decayed)
    assert {names[id(p)] for p in free} >= {"class_token", "positions", "norm.weight", "classifier.bias"}
    assert len(decayed) + len(free) == len(list(model.parameters()))


def test_warmup_cosine_rises_linearly_then_falls_along_a_half_cosine():
    factors = [warmup_cosine(i, 100, 10) for i in range(100)]
    assert factors[:10] == pytest.approx([i / 10 for i in range(1, 11)])
    assert factors[10] == 1.0
    assert factors[55] == pytest.approx(0.5)
    assert all(a > b for a, b in itertools.pairwise(factors[10:]))
    assert 0 < factors[-1] < 1e-3
    assert warmup_cosine(0, 10, 0) == 1.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_on_a_gpu_it_learns_in_bfloat16_and_guards_the_loss():
    model = small_vit().cuda()
    for _ in fit(model, batches(device="cuda"), epochs=8, lr=1e-2):
        pass
    assert evaluate(model, squares()).accuracy > 0.95
    broken = ExplodesAt(30).cuda()
    with pytest.raises(TrainingDiverged, match="step 30 is nan"):
        for _ in fit(broken, batches(device="cuda"), epochs=8):
            pass
    assert torch.isfinite(broken.linear.weight).all()
