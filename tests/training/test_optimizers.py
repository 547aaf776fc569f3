"""Muon for the matrices of the blocks: which parameter goes where, and a run that is stopped goes on bit for bit."""

from __future__ import annotations

import functools
import itertools

import pytest
import small_vit as shared
import torch
from small_vit import squares

from vitcourse import ConvNet
from vitcourse.data import Batches, random_shift
from vitcourse.training import fit
from vitcourse.training.optimizers import MUON_FACTOR, block_matrices, decay_groups, make_optimizer
from vitcourse.training.schedule import warmup_cosine

pytestmark = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this version of torch has no Muon")
small_vit = functools.partial(shared.small_vit, 0.1)


def batches() -> Batches:
    return Batches(squares(), batch_size=16, seed=3, augment=random_shift(1))


def run(model, **options):
    for _ in fit(model, batches(), epochs=3, lr=1e-2, optimizer="muon", **options):
        pass
    return model


def names_in(model, groups) -> list[str]:
    names = {id(p): name for name, p in model.named_parameters()}
    return sorted(names[id(p)] for group in groups for p in group["params"])


def test_the_matrices_of_the_blocks_go_to_muon_and_all_others_to_adamw():
    model = small_vit()
    muon, adamw = make_optimizer("muon", model, lr=1e-2, weight_decay=0.05).parts
    layers = ("attention.qkv", "attention.projection", "mlp.expand", "mlp.contract")
    expected = sorted(f"blocks.{block}.{layer}.weight" for block in range(2) for layer in layers)
    assert isinstance(muon, torch.optim.Muon)
    assert names_in(model, muon.param_groups) == expected
    rest = names_in(model, adamw.param_groups)
    assert {"class_token", "positions", "patch_embedding.projection.weight", "classifier.weight"} <= set(rest)
    # Nothing is missed, nothing comes twice.
    assert sorted(expected + rest) == sorted(name for name, _ in model.named_parameters())


def test_every_parameter_moves_from_the_first_step_on():
    model, before = small_vit(), small_vit()
    next(fit(model, batches(), epochs=3, lr=1e-2, optimizer="muon"))
    moved = {name for (name, p), q in zip(model.named_parameters(), before.parameters(), strict=True) if (p != q).any()}
    # With its zero weights the classifier sends no gradient down; it moves alone, and decay moves the other matrices.
    assert "classifier.weight" in moved
    for _ in fit(model, batches(), epochs=1, lr=1e-2, optimizer="muon"):
        pass
    still = {name for (name, p), q in zip(model.named_parameters(), before.parameters(), strict=True) if (p == q).all()}
    assert still == set()


def test_rates_follow_the_schedule_with_muons_factor():
    optimizer, seen = make_optimizer("muon", small_vit(), lr=1e-2, weight_decay=0.05), []
    for group in optimizer.param_groups:
        seen.append((group.get("lr_factor", 1.0), group["weight_decay"]))
    assert seen == [(MUON_FACTOR, 0.05), (1.0, 0.05), (1.0, 0.0)]


def test_fit_sets_the_rate_of_each_group(monkeypatch):
    from vitcourse.training import loop

    made = []
    monkeypatch.setattr(loop, "make_optimizer", lambda *a, **k: made.append(make_optimizer(*a, **k)) or made[-1])
    progress = next(fit(small_vit(), batches(), epochs=3, lr=1e-2, optimizer="muon"))
    rate = 1e-2 * warmup_cosine(0, 15, 3)
    assert progress.lr == rate
    assert [group["lr"] for group in made[0].param_groups] == [MUON_FACTOR * rate, rate, rate]


def test_parameters_that_are_frozen_are_left_alone():
    model = small_vit()
    model.blocks[0].requires_grad_(False)
    model.patch_embedding.requires_grad_(False)
    frozen = {name: p.clone() for name, p in model.named_parameters() if not p.requires_grad}
    muon, adamw = make_optimizer("muon", model, lr=1e-2, weight_decay=0.05).parts
    given = {*names_in(model, muon.param_groups), *names_in(model, adamw.param_groups)}
    assert not given & set(frozen)
    run(model)
    for name, tensor in frozen.items():
        assert torch.equal(tensor, dict(model.named_parameters())[name]), name


@pytest.mark.parametrize("stop_after", [1, 5, 7])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path, stop_after):
    whole, path = run(small_vit()), tmp_path / "run.safetensors"
    first = fit(small_vit(), batches(), epochs=3, lr=1e-2, optimizer="muon", checkpoint=path)
    for _ in itertools.islice(first, stop_after):
        pass
    first.close()
    model = small_vit(seed=123)  # other weights: all must come from the checkpoint
    steps = [now.step for now in fit(model, batches(), epochs=3, lr=1e-2, optimizer="muon", checkpoint=path)]
    assert steps == list(range(stop_after + 1, 16))
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name]), name


def test_the_checkpoint_holds_the_state_of_both(tmp_path):
    from safetensors import safe_open

    path, model = tmp_path / "run.safetensors", small_vit()
    run(model, checkpoint=path)
    with safe_open(path, framework="pt") as file:
        kept = {key for key in file.keys() if key.startswith("optimizer.")}  # noqa: SIM118
    matrices = {id(p) for p in block_matrices(model)}
    expected = {
        f"optimizer.{name}:{key}"
        for name, p in model.named_parameters()
        for key in (["momentum_buffer"] if id(p) in matrices else ["step", "exp_avg", "exp_avg_sq"])
    }
    assert kept == expected


def test_a_run_of_one_optimizer_does_not_go_on_with_the_other(tmp_path):
    path = tmp_path / "run.safetensors"
    run(small_vit(), checkpoint=path)
    with pytest.raises(ValueError, match=r"other settings: optimizer='muon' \(now 'adamw'\)"):
        next(fit(small_vit(), batches(), epochs=3, lr=1e-2, checkpoint=path))


def test_it_learns():
    losses = [float(now.loss) for now in fit(small_vit(), batches(), epochs=20, lr=1e-2, optimizer="muon")]
    assert sum(losses[-5:]) / 5 < 0.5 * losses[0]


def test_a_model_without_blocks_is_refused():
    with pytest.raises(ValueError, match=r"'muon' is for the matrices in model\.blocks; ConvNet has none: use"):
        make_optimizer("muon", ConvNet(width=2), lr=1e-2, weight_decay=0.05)


def test_so_is_a_model_whose_blocks_are_frozen():
    model = small_vit()
    model.blocks.requires_grad_(False)
    with pytest.raises(ValueError, match=r"model\.blocks; VisionTransformer has none"):
        make_optimizer("muon", model, lr=1e-2, weight_decay=0.05)


def test_a_version_of_torch_without_muon_is_named(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(RuntimeError, match=r"needs torch 2\.9 or newer; this is .*: use 'adamw'"):
        make_optimizer("muon", small_vit(), lr=1e-2, weight_decay=0.05)


def test_adamw_takes_everything_once():
    model = small_vit()
    optimizer = make_optimizer("adamw", model, lr=1e-2, weight_decay=0.05)
    assert isinstance(optimizer, torch.optim.AdamW)
    assert names_in(model, optimizer.param_groups) == sorted(name for name, _ in model.named_parameters())
    decayed, free = decay_groups(list(model.parameters()), 0.05)
    assert (decayed["weight_decay"], free["weight_decay"]) == (0.05, 0.0)
