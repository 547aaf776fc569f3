"""`precision="auto"`: the faster format is taken, told, kept; nothing else is touched."""

from __future__ import annotations

import itertools
import time

import pytest
import torch
from small_vit import small_vit, squares

from vitcourse.data import Batches
from vitcourse.training import classification, fit
from vitcourse.training import precision as module
from vitcourse.training.checkpoints import read_settings
from vitcourse.training.precision import Picked, choose_precision, pick_precision

CPU = torch.device("cpu")
SLOW = 0.02  # seconds more, for a model that takes two thousandths


def batches() -> Batches:
    return Batches(squares(32), batch_size=16, seed=3)


def loss_of(model):
    images, labels, _ = next(iter(batches().epoch(0)))
    return classification(model, images, labels)[0]


@pytest.fixture
def faster(monkeypatch):
    """faster("bfloat16") makes every forward pass in the other format slow; returns the formats as they are tried."""
    autocast, tried = module.autocast, []

    def make(winner: str) -> list[str]:
        def slowed(device, precision):
            tried.append(precision)
            if precision != winner:
                time.sleep(SLOW)
            return autocast(device, precision)

        monkeypatch.setattr(module, "autocast", slowed)
        return tried

    return make


@pytest.mark.parametrize("winner", module.PRECISIONS)
def test_the_faster_format_is_picked(faster, winner):
    tried = faster(winner)
    picked = pick_precision(small_vit(), loss_of, CPU)
    (loser,) = set(module.PRECISIONS) - {winner}
    assert picked.precision == winner
    assert picked.seconds[loser] >= SLOW > picked.seconds[winner]
    assert tried == list(module.PRECISIONS) * (module.TRIALS + 1)  # in turn, so that a slow moment hits both


def test_the_first_step_of_each_does_not_count(monkeypatch):
    autocast, calls = module.autocast, itertools.count()

    def slow_at_first(device, precision):
        if next(calls) == 1:  # bfloat16's first
            time.sleep(1.0)
        return autocast(device, precision)

    monkeypatch.setattr(module, "autocast", slow_at_first)
    monkeypatch.setattr(module, "TRIALS", 1)
    assert pick_precision(small_vit(), loss_of, CPU).seconds["bfloat16"] < 0.3


def test_each_format_is_really_run(monkeypatch):
    seen = []

    def loss(model):
        seen.append(model.patch_embedding(torch.rand(2, 1, 8, 8)).dtype)
        return loss_of(model)

    monkeypatch.setattr(module, "TRIALS", 1)
    pick_precision(small_vit(), loss, CPU)
    assert seen == [torch.float32, torch.bfloat16] * 2


def test_model_gradients_mode_and_random_state_stay_as_they_are():
    model = small_vit(dropout=0.3).eval()
    loss_of(model).backward()
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    gradients = {name: p.grad.clone() for name, p in model.named_parameters()}
    state = torch.get_rng_state()
    pick_precision(model, loss_of, CPU)
    assert torch.equal(state, torch.get_rng_state())
    assert not model.training
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, weights[name]), name
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.grad, gradients[name]), name


@pytest.mark.parametrize(("native", "expected"), [(True, "bfloat16"), (False, "float32")])
def test_a_gpu_is_not_timed(monkeypatch, native, expected):
    monkeypatch.setattr(module, "_native", lambda device: native)
    picked = pick_precision(small_vit(), lambda model: pytest.fail("was run"), torch.device("cuda"))
    assert picked == Picked(expected, {})
    assert choose_precision(torch.device("cuda")) == expected


@pytest.mark.parametrize(("votes", "expected"), [(2.0, "bfloat16"), (1.0, "float32"), (0.0, "float32")])
def test_of_several_processes_all_must_find_bfloat16_faster(monkeypatch, votes, expected):
    monkeypatch.setattr(module, "sum_over_processes", lambda mine: torch.tensor([votes, 2.0]))
    assert pick_precision(small_vit(), loss_of, CPU).precision == expected


def test_what_is_said_of_the_choice():
    picked = Picked("bfloat16", {"float32": 0.0123, "bfloat16": 0.0071})
    assert str(picked) == "precision: bfloat16 (a step takes 12 ms in float32, 7 ms in bfloat16)"
    assert str(Picked("float32", {})) == "precision: float32"


@pytest.mark.parametrize("winner", module.PRECISIONS)
def test_fit_says_what_it_picked_computes_in_it_and_keeps_it(faster, tmp_path, capsys, winner):
    faster(winner)
    path = tmp_path / "run.safetensors"
    first = fit(small_vit(), batches(), epochs=2, precision="auto", checkpoint=path)
    assert [now.precision for now in itertools.islice(first, 2)] == [winner] * 2
    first.close()
    assert capsys.readouterr().out.startswith(f"precision: {winner} (a step takes ")
    assert read_settings(path)["precision"] == winner

    (other,) = set(module.PRECISIONS) - {winner}
    tried = faster(other)  # the machine has changed its mind; the run keeps to what it began with
    tried.clear()
    goes_on = list(fit(small_vit(), batches(), epochs=2, precision="auto", checkpoint=path))
    assert [now.precision for now in goes_on] == [winner] * 2
    assert tried == []
    assert capsys.readouterr().out == f"precision: {winner}\n"


@pytest.mark.parametrize("winner", module.PRECISIONS)
def test_auto_gives_the_weights_of_the_format_that_it_picks(faster, winner):
    faster(winner)
    auto, named = small_vit(dropout=0.2), small_vit(dropout=0.2)
    for precision, model in (("auto", auto), (winner, named)):
        for _ in fit(model, batches(), epochs=1, precision=precision):
            pass
    for name, tensor in auto.state_dict().items():
        assert torch.equal(tensor, named.state_dict()[name]), name


def test_on_a_cpu_float32_stays_the_default():
    assert choose_precision(CPU) == "float32"
    assert next(fit(small_vit(), batches(), epochs=1)).precision == "float32"


def test_on_a_checkpoint_that_names_no_format_auto_takes_float32(tmp_path, monkeypatch, capsys):
    from vitcourse.training import loop

    path = tmp_path / "run.safetensors"
    path.touch()
    monkeypatch.setattr(loop, "read_settings", lambda _: {})
    picked = loop._picked(small_vit(), batches(), classification, path, CPU)
    assert picked == Picked("float32", {})
