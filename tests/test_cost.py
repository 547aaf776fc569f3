"""Costs: formulas against PyTorch's own counts, memory and time against what is known beforehand."""

from __future__ import annotations

import threading
import time

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from vitcourse import PRESETS, ConvNet, VisionTransformer
from vitcourse.cost import (
    count_flops,
    count_parameters,
    measure_time,
    parameters_by_part,
    peak_memory,
    vit_cost,
)
from vitcourse.cost import counted as counting

# Unequal sides, and no two sizes alike, so that none can stand in for another.
SMALL = dict(
    img_size=(12, 20),
    patch_size=(3, 5),
    in_channels=2,
    num_classes=7,
    embed_dim=24,
    depth=3,
    num_heads=4,
    mlp_ratio=2.5,
)
VARIANTS = [
    dict(position=position, pool=pool)
    for position in ("learned", "sincos", "relative", "none")
    for pool in ("cls", "mean")
]


def on_meta(**config) -> tuple[nn.Module, torch.Tensor]:
    """A model and an image without any numbers: L/16 would take 1.2 GB."""
    with torch.device("meta"):
        model = VisionTransformer(**config)
        return model, torch.empty(1, model.patch_embedding.in_channels, *model.patch_embedding.img_size)


@pytest.mark.parametrize("options", VARIANTS, ids=lambda o: f"{o['position']}-{o['pool']}")
def test_formulas_equal_pytorchs_counts_part_by_part(options):
    model = VisionTransformer(**SMALL, **options)
    cost = vit_cost(**SMALL, **options)
    assert {part: n for part, n in cost.parameters.items() if n} == parameters_by_part(model)
    assert cost.total_parameters == count_parameters(model) == sum(p.numel() for p in model.parameters())
    assert cost.tokens == model.num_tokens
    images = torch.rand(3, 2, 12, 20)
    assert count_flops(model, images) == 3 * cost.flops
    assert cost.flops == 2 * sum(cost.multiply_adds.values())


@pytest.mark.parametrize("name", PRESETS)
def test_formulas_equal_pytorchs_counts_for_the_presets(name):
    model, image = on_meta(**PRESETS[name])
    cost = vit_cost(**PRESETS[name])
    assert cost.total_parameters == sum(p.numel() for p in model.parameters())
    assert cost.flops == count_flops(model, image)


def test_parts_of_a_multiply_add_count_by_hand():
    cost = vit_cost(**SMALL)
    tokens, patches, d = 17, 16, 24
    assert cost.tokens == tokens
    assert cost.multiply_adds == {
        "patch embedding": patches * 2 * 15 * d,
        "projections": 3 * tokens * 4 * d * d,
        "scores and sums": 3 * 2 * tokens * tokens * d,
        "MLP": 3 * 2 * tokens * d * 60,
        "head": d * 7,
    }
    assert cost.attention_map_bytes == 4 * 4 * tokens * tokens


def test_the_mean_has_no_class_token():
    cls, mean = vit_cost(**SMALL), vit_cost(**SMALL, pool="mean")
    assert (cls.tokens, mean.tokens) == (17, 16)
    assert cls.total_parameters - mean.total_parameters == 2 * 24  # the token, and its position


@pytest.mark.parametrize("grad", [False, True])
def test_fused_attention_is_counted(grad):
    """Both products of the fused kernel: 2 multiply-adds per pair of tokens and channel, 2 operations each."""

    class Fused(nn.Module):
        def forward(self, x):
            return F.scaled_dot_product_attention(x, x, x)

    x = torch.randn(2, 3, 50, 16, requires_grad=grad)
    assert count_flops(Fused(), x) == 2 * 2 * 2 * 3 * 50 * 50 * 16


def test_fused_attention_is_counted_where_pytorch_does_not_know_its_kernel(monkeypatch):
    """Older versions have no formula for the CPU's kernel: ours gives the same count."""
    from torch.utils import flop_counter

    known = count_flops(*on_meta(**SMALL)), count_flops(VisionTransformer(**SMALL), torch.rand(1, 2, 12, 20))
    kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    monkeypatch.delitem(flop_counter.flop_registry, kernel)
    assert kernel in counting._uncounted_attention()
    assert count_flops(VisionTransformer(**SMALL), torch.rand(1, 2, 12, 20)) == known[1] == known[0]
    monkeypatch.setattr(counting, "_uncounted_attention", dict)
    assert count_flops(VisionTransformer(**SMALL), torch.rand(1, 2, 12, 20)) < known[1]


def test_pytorchs_own_attention_layer_is_counted_whole_and_its_fast_path_left_as_it_was():
    layer = nn.TransformerEncoderLayer(24, 4, 48, 0.0, F.gelu, batch_first=True).eval()
    x, n, d = torch.randn(1, 10, 24), 10, 24
    assert count_flops(layer, x) == 2 * (4 * n * d * d + 2 * n * n * d + 2 * n * d * 48)
    assert torch.backends.mha.get_fastpath_enabled()


def test_convolutions_are_counted():
    image = torch.rand(1, 3, 8, 8)
    assert count_flops(nn.Conv2d(3, 5, 3, padding=1), image) == 2 * 64 * 5 * 3 * 9


def test_counting_changes_no_mode_and_keeps_no_graph():
    model = VisionTransformer(**SMALL, dropout=0.5).train()
    count_flops(model, torch.rand(1, 2, 12, 20))
    assert model.training
    assert all(p.grad is None for p in model.parameters())


def test_parts_of_another_model_are_its_children():
    model = ConvNet(width=4)
    parts = parameters_by_part(model)
    assert set(parts) == {"stages", "classifier"}
    assert sum(parts.values()) == count_parameters(model)


def test_peak_memory_is_what_was_held_at_one_time():
    kilobyte = 256  # float32 numbers

    def work():
        first = torch.zeros(100 * kilobyte)
        second = first + 1  # 200 kB held
        del first
        third = second + 1  # 200 kB again
        del second
        return third.sum()

    assert 200 * 1024 <= peak_memory(work) < 201 * 1024  # PyTorch wraps the number 1 in a tensor
    assert peak_memory(lambda: None) == 0
    held = torch.zeros(1000 * kilobyte)  # from before: does not count
    assert peak_memory(lambda: held.mul_(2)) < 1024


def test_peak_memory_in_a_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(peak_memory(lambda: torch.zeros(1024))))
    thread.start()
    thread.join()
    assert found == [4096]


def test_peak_memory_shows_what_backward_needs():
    model, images = VisionTransformer(**SMALL), torch.rand(8, 2, 12, 20)
    with torch.no_grad():
        without = peak_memory(lambda: model(images))
    assert peak_memory(lambda: model(images)) > 2 * without


def test_peak_memory_says_nothing_on_stderr(capfd):
    peak_memory(lambda: torch.zeros(10))
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_peak_memory_on_a_gpu():
    assert peak_memory(lambda: torch.zeros(1 << 20, device="cuda") + 1, device="cuda") == 8 << 20


def test_time_is_the_median_of_the_runs_after_the_warm_up(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("vitcourse.cost.measured.time.perf_counter", lambda: clock[0])
    lengths = iter([9.0, 1.0, 5.0, 3.0])  # the first is the warm-up

    def work():
        clock[0] += next(lengths)

    assert measure_time(work, repeats=3) == (3.0, 2.0, 4.0)


def test_time_passes():
    assert measure_time(lambda: time.sleep(0.01), repeats=2).low >= 0.01


def test_one_run_has_no_spread():
    timing = measure_time(lambda: None, repeats=1, warmup=0)
    assert_close(torch.tensor([timing.low, timing.high]), torch.tensor([timing.median] * 2))
