"""Checkpoints: whole or not at all, and able to build their model again."""

from __future__ import annotations

import errno
import os

import pytest
import torch
from torch import nn

from vitcourse import ConvNet, VisionTransformer
from vitcourse.pair_model import PairFinder
from vitcourse.training import load_checkpoint, read_report, save_checkpoint

MODELS = [
    lambda: VisionTransformer(
        img_size=(8, 12), patch_size=4, in_channels=1, num_classes=3, embed_dim=16, depth=1, num_heads=2, pool="mean"
    ),
    lambda: ConvNet(width=4, padding_mode="circular"),
    lambda: PairFinder(img_size=12, patch_size=4, embed_dim=16, num_heads=2),
]


@pytest.mark.parametrize("make", MODELS)
def test_a_model_comes_back_as_it_was(tmp_path, make):
    model = make()
    for parameter in model.parameters():
        nn.init.normal_(parameter)
    save_checkpoint(tmp_path / "m.safetensors", model, report={"test_accuracy": 0.5})
    again = load_checkpoint(tmp_path / "m.safetensors")
    assert type(again) is type(model)
    assert again.config == model.config
    assert not again.training
    for (name, a), b in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(a, b), name
    assert read_report(tmp_path / "m.safetensors") == {"test_accuracy": 0.5}


@pytest.mark.parametrize(("name", "at_least"), [("mnist", 0.97), ("pairs", 0.85)])
def test_the_shipped_checkpoints_are_small_and_open(name, at_least):
    from vitcourse.training.checkpoints import _SHIPPED

    assert (_SHIPPED / f"{name}.safetensors").stat().st_size < 2_000_000
    assert load_checkpoint(name) is not None
    assert read_report(name)["test_accuracy"] > at_least


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, ConvNet(width=2), report={"version": 1})
    before = path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"what was at this path before is untouched.*m\.safetensors"):
        save_checkpoint(path, ConvNet(width=2), report={"version": 2})
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_directory_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError, match=r"cannot save the checkpoint.*missing"):
        save_checkpoint(tmp_path / "missing" / "m.safetensors", ConvNet(width=2))


def test_a_damaged_or_foreign_file_is_named(tmp_path):
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, ConvNet(width=2))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"m\.safetensors is damaged"):
        load_checkpoint(path)
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such checkpoint file; the course ships"):
        load_checkpoint("nowhere")
    save_checkpoint(path, nn.Linear(2, 2))
    with pytest.raises(ValueError, match="holds a Linear, which load_checkpoint cannot build"):
        load_checkpoint(path)
