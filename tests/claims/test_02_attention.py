"""Lesson 02's rows of the claims ledger, measured again: one test a claim."""

from __future__ import annotations

import math

import lesson_files
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from vitcourse import MultiHeadAttention, attention_weights, record_attention, sincos_2d
from vitcourse.cost import count_flops, count_parameters, peak_memory
from vitcourse.data import load
from vitcourse.experiments import read_table
from vitcourse.experiments.slopes import crossing, fitted_slope
from vitcourse.training import load_checkpoint


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def unscaled_weights(q: torch.Tensor, k: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The softmax of q.k itself: the package divides by sqrt(d_k), so that queries are made longer before."""
    return attention_weights(q * q.shape[-1] ** 0.5, k, bias)


@pytest.mark.parametrize("d_k", [4, 64, 1024])
def test_a1_variance_of_scores(d_k):
    """Var(q.k) = d_k Var(q) Var(k); a mean in the queries adds mu_q^2 Var(k); the package's scores do not grow."""
    q, k = 2 * torch.randn(20_000, d_k), 3 * torch.randn(20_000, d_k)
    assert (q * k).sum(1).var() == pytest.approx(d_k * 4 * 9, rel=0.06)
    assert ((q + 1) * k).sum(1).var() == pytest.approx(d_k * (4 + 1) * 9, rel=0.06)

    # The logarithms of a row's weights are its scores, up to a constant: their variance is that of the scores.
    def spread(mean_q: float, mean_k: float) -> float:
        q, k = torch.randn(2000, 1, d_k), torch.randn(2000, 50, d_k)
        return attention_weights(q + mean_q, k + mean_k).log().var(dim=-1).mean().item()

    assert spread(0, 0) == pytest.approx(1, rel=0.06)
    assert spread(1, 0) == pytest.approx(2, rel=0.06)
    assert spread(0, 1) == pytest.approx(1, rel=0.06)  # a mean in the keys cancels within a row


def test_a2_the_scale_keeps_the_softmax_from_saturating():
    """Entropy and gradient: with the scale the same at every d_k, without it they vanish."""

    def health(weights_of, d_k: int) -> tuple[float, float]:
        q, k, c = torch.randn(1000, 1, d_k), torch.randn(1000, 9, d_k), torch.randn(1000, 1, 9)
        bias = torch.zeros(1000, 1, 9, requires_grad=True)  # added to the scores, so that it has their gradient
        a = weights_of(q, k, bias)
        (gradient,) = torch.autograd.grad((a * c).sum(), bias)
        a = a.detach()
        assert_close(gradient, a * (c - (a * c).sum(-1, keepdim=True)))  # as the lesson's formula has it
        entropy = -torch.special.xlogy(a, a).sum(-1)
        return entropy.median().item(), gradient.norm(dim=-1).median().item()

    for d_k in (16, 64, 256, 1024):
        entropy, gradient = health(attention_weights, d_k)
        assert entropy == pytest.approx(1.87, abs=0.05)
        assert gradient == pytest.approx(0.31, abs=0.03)
    without = [health(unscaled_weights, d_k) for d_k in (16, 64, 256, 1024)]
    assert [entropy for entropy, _ in without] == sorted((entropy for entropy, _ in without), reverse=True)
    assert without[1][0] < 0.3  # at d_k = 64
    assert without[-1][0] < 0.01
    assert without[-1][1] < 1e-4


def test_a3_rows_sum_to_one_columns_do_not():
    layer = MultiHeadAttention(embed_dim=64, num_heads=4)
    weights = layer.attention_map(3 * torch.randn(8, 50, 64))
    assert (weights >= 0).all()
    assert_close(weights.sum(-1), torch.ones(8, 4, 50))
    assert (weights.sum(-2) - 1).abs().max() > 0.5


def demonstration(seeds: int, weight_std: float) -> torch.Tensor:
    x, w_q, w_k = torch.randn(seeds, 49, 64), torch.randn(seeds, 64, 64), torch.randn(seeds, 64, 64)
    return attention_weights(x @ w_q * weight_std, x @ w_k * weight_std)


def grid_distance() -> torch.Tensor:
    place = torch.cartesian_prod(torch.arange(7.0), torch.arange(7.0))
    return torch.cdist(place, place)


@pytest.mark.parametrize("weight_std", [1.0, 1 / 8])
def test_a4_random_weights_know_no_distance(weight_std):
    """Over many seeds a patch prefers neither itself nor its neighbors."""
    seeds = 300
    maps, distance = demonstration(seeds, weight_std), grid_distance()
    for ring in (distance == 0, (distance > 0) & (distance < 1.5), distance > 4):
        share = maps[:, ring].mean(1) * 49
        error = share.std() / seeds**0.5
        assert abs(share.mean() - 1) < 4 * error
    most_itself = (maps.argmax(-1) == torch.arange(49)).float().mean()
    assert most_itself == pytest.approx(1 / 49, abs=0.015)


def test_a4_the_usual_demonstration_saturates():
    """Weights of variance 1 give scores of standard deviation D; weights of variance 1 / D repair it."""
    assert demonstration(100, 1.0).amax(-1).mean() == pytest.approx(0.975, abs=0.01)
    assert demonstration(100, 1 / 8).amax(-1).mean() < 0.2
    x, w_q, w_k = torch.randn(100, 49, 64), torch.randn(100, 64, 64), torch.randn(100, 64, 64)
    products = (x @ w_q) @ (x @ w_k).transpose(1, 2)
    assert products.std() / 64**0.5 == pytest.approx(64, rel=0.05)


def test_a4_a_trained_model_does_know_distance():
    model = load_checkpoint("mnist")
    with torch.no_grad(), record_attention(model) as maps:
        model(load("digits").test.images[:100])
    distance, preference = grid_distance(), []
    for attention in maps:
        patches = attention[:, :, 1:, 1:]
        share = patches / patches.sum(-1, keepdim=True) * 49
        near, far = share[..., (distance > 0) & (distance < 1.5)].mean(), share[..., distance > 4].mean()
        preference.append((near / far).item())
    assert max(abs(math.log(p)) for p in preference) > 0.2


def test_a5_heads_cost_no_parameters():
    layers = {h: MultiHeadAttention(embed_dim=192, num_heads=h) for h in (1, 2, 3, 4, 6, 8, 12)}
    x = torch.randn(1, 50, 192)
    assert {count_parameters(layer) for layer in layers.values()} == {4 * 192 * 192 + 4 * 192}
    assert len({count_flops(layer, x) for layer in layers.values()}) == 1
    assert all(layer.attention_map(x).numel() == h * 50**2 for h, layer in layers.items())


def test_a7_multiply_adds_cross_at_two_and_six_d():
    """The counts; the times are below."""
    for n, d in ((64, 48), (96, 48), (288, 48)):
        counted = count_flops(MultiHeadAttention(embed_dim=d, num_heads=3), torch.randn(1, n, d)) // 2
        assert counted == 2 * n * n * d + 4 * n * d * d
    assert 2 * 96 * 96 * 48 == 4 * 96 * 48**2
    assert 2 * 288 * 288 * 48 == 12 * 288 * 48**2


PAIRS = ("scores and sum, textbook", "scores and sum, fused")


def lesson_says(*texts: str) -> None:
    """The lesson's text has these figures, as they were just computed."""
    (path,) = (lesson_files.ROOT / "lessons").glob("02_*.py")
    said = " ".join(path.read_text(encoding="utf-8").replace("\n# ", " ").split())
    assert [text for text in texts if text not in said] == []


def test_a7_times_cross_where_the_counts_do():
    """Scores and sum overtake the projections near N = 2 D, projections and MLP near 6 D."""
    times = read_table("scaling").pivot(index="tokens", columns="part", values="milliseconds")
    tokens, both = list(times.index), times["projections"] + times["MLP"]
    pairs = [list(times[part]) for part in PAIRS]
    for curve in pairs:
        assert 0.7 * 2 * 192 < crossing(tokens, curve, list(times["projections"])) < 1.1 * 2 * 192
        assert 0.7 * 6 * 192 < crossing(tokens, curve, list(both)) < 1.1 * 6 * 192
    first, second = crossing(tokens, pairs[1], list(times["projections"])), crossing(tokens, pairs[1], list(both))
    maps = [3 * 4 * n * n / 1e6 for n in (1024, 2304)]
    lesson_says(
        f"at {first:,.0f} tokens instead of $2D = 384$, and at {second:,.0f} instead of $6D = 1,152$",
        f"grow {(2304 / 1024) ** 2:.0f}-fold, the time {times[PAIRS[0]][2304] / times[PAIRS[0]][1024]:.0f}-fold, "
        f"and the maps from {maps[0]:.0f} to {maps[1]:.0f} MB",
    )


def test_a8_memory_over_tokens():
    """The fused kernel's memory grows like N, the textbook path's like N^2: two sets of maps."""
    held = read_table("scaling").pivot(index="tokens", columns="part", values="peak_bytes")
    textbook, fused = (fitted_slope(list(held.index), list(held[part])) for part in PAIRS)
    assert textbook.exponent == pytest.approx(2, abs=0.01)
    assert fused.exponent == pytest.approx(1, abs=0.1)
    assert held[PAIRS[0]][4096] == pytest.approx(2 * 3 * 4096**2 * 4, rel=0.01)
    most, least = (held[part][4096] / 1e6 for part in PAIRS)
    lesson_says(f"holds {least:.1f} MB at 4,096 tokens, the textbook path {most:.0f} MB")


@pytest.fixture
def one_thread():
    """The fused kernel's work space grows with the threads; the maps do not."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def memory(n: int, **case) -> int:
    """Peak bytes of PyTorch's attention over n tokens, 4 heads of 16 entries."""
    q, k, v = torch.randn(3, 1, 4, n, 16)
    return peak_memory(lambda: F.scaled_dot_product_attention(q, k, v, **case))


@pytest.mark.usefixtures("one_thread")
def test_a8_fused_equals_textbook_without_the_map():
    n = 512
    q, k, v = torch.randn(3, 1, 4, n, 16)
    bias = torch.randn(1, 4, n, n)
    for b in (None, bias):
        assert_close(F.scaled_dot_product_attention(q, k, v, attn_mask=b), attention_weights(q, k, b) @ v)
    maps = 4 * n * n * 4
    textbook = peak_memory(lambda: attention_weights(q, k) @ v)
    assert memory(n) < 0.2 * maps
    assert memory(n, attn_mask=bias) < 0.2 * maps
    assert textbook > maps


@pytest.mark.usefixtures("one_thread")
def test_a8_cases_that_fall_back_on_the_cpu():
    """Dropout, a bias that needs gradients, a bias of three axes: each stores more than the map."""
    n = 512
    maps = 4 * n * n * 4
    bias = torch.zeros(1, 4, n, n)
    assert memory(n, dropout_p=0.1) > 2 * maps
    assert memory(n, attn_mask=bias.clone().requires_grad_()) > 2 * maps
    assert memory(n, attn_mask=bias[0]) > 2 * maps


def test_a9_permutation_equivariance():
    layer = MultiHeadAttention(embed_dim=64, num_heads=4)
    x, positions = torch.randn(3, 49, 64), sincos_2d(7, 7, 64)
    with torch.no_grad():
        for _ in range(20):
            p = torch.randperm(49)
            assert_close(layer(x[:, p]), layer(x)[:, p])
            assert_close(layer.attention_map(x[:, p]), layer.attention_map(x)[:, :, p][..., p])
            difference = layer(x[:, p] + positions) - layer(x + positions)[:, p]
            assert difference.abs().max() > 0.1 * layer(x).std()
