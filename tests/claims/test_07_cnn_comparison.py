"""Lesson 07's rows of the claims ledger, measured again: one test a claim."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import lesson_files
import pytest
import torch
import torch.nn.functional as F
import torchvision
from einops import rearrange
from torch import Tensor
from torch.testing import assert_close

from vitcourse import PRESETS, VisionTransformer
from vitcourse.cnn import ConvNet
from vitcourse.comparison import (
    attention_as_convolution,
    equivariance_error,
    neighbor_bias,
    receptive_field,
    share_within,
)
from vitcourse.cost import count_flops, count_parameters, vit_cost
from vitcourse.data import Batches, Split, load, random_shift
from vitcourse.experiments import read_table
from vitcourse.experiments.slopes import crossing
from vitcourse.training import fit, load_checkpoint

PIXELS = range(9)


@pytest.fixture(scope="module")
def data() -> Any:
    return load("mnist", download=False)


@pytest.fixture(scope="module")
def digits(data: Any) -> Tensor:
    return data.test.images[:32]


@pytest.fixture(scope="module")
def trained_cnn(data: Any) -> Any:
    """A CNN after a short training: enough for batch norm and kernels to be those of a trained one."""
    torch.manual_seed(0)
    model: Any = ConvNet(width=16)
    for _ in fit(model, Batches(data.train[:3200], batch_size=64, augment=random_shift(1)), epochs=1, lr=1e-2):
        pass
    return model.eval().requires_grad_(False)


def torus(model: Any) -> Any:
    other: Any = ConvNet(**(model.config | {"padding_mode": "circular"})).eval().requires_grad_(False)
    other.load_state_dict(model.state_dict())
    return other


def vit(trained: bool, positions: bool = True) -> Any:
    model: Any = load_checkpoint("mnist")
    if not trained:
        torch.manual_seed(0)
        model = VisionTransformer(**model.config)
    if not positions:
        model.positions.data.zero_()
    return model.eval().requires_grad_(False)


def patch_map(model: Any, layers: int | None = None) -> Callable[[Tensor], Tensor]:
    def features(images: Tensor) -> Tensor:
        tokens = model.embed(images)
        for block in model.blocks[:layers]:
            tokens = block(tokens)
        return rearrange(tokens[:, 1:], "n (r c) d -> n d r c", r=model.grid[0])

    return features


def exact(features: Callable[[Tensor], Tensor], images: Tensor) -> list[int]:
    return [pixels for pixels in PIXELS if equivariance_error(features, images, pixels) < 1e-4]


@pytest.mark.parametrize("trained", [False, True])
def test_c1_what_moves_with_the_image(digits, trained_cnn, trained):
    """On a torus and by multiples of the stride: the CNN, and a ViT without positions; not the ViT with positions."""
    torch.manual_seed(1)
    cnn: Any = trained_cnn if trained else ConvNet(width=16).eval().requires_grad_(False)
    assert exact(torus(cnn).features, digits) == [0, 4, 8]
    assert exact(torus(cnn).stages[:1], digits) == list(PIXELS)
    assert exact(torus(cnn).stages[:2], digits) == [0, 2, 4, 6, 8]
    assert exact(patch_map(vit(trained, positions=False)), digits) == [0, 4, 8]
    assert exact(patch_map(vit(trained)), digits) == [0]
    assert equivariance_error(patch_map(vit(trained)), digits, 4) > 1
    # Padding with zeros: exact in the interior of a stage, not at a border to which ink comes.
    assert 0.1 < equivariance_error(cnn.features, digits, 4) < 1
    at_border = digits.roll(6, dims=3)
    assert equivariance_error(cnn.stages[:1], at_border, 4) > 0.02
    assert equivariance_error(cnn.stages[:1], at_border, 4, margin=6) < 1e-4


def test_c1_the_error_of_untrained_models(digits):
    """At 4 pixels, over seeds: the ViT's is near that of an unrelated map, the CNN's is what its borders cost."""
    vits, cnns = [], []
    for seed in range(5):
        torch.manual_seed(seed)
        model: Any = VisionTransformer(**load_checkpoint("mnist").config)  # type: ignore[arg-type]
        vits.append(equivariance_error(patch_map(model.eval().requires_grad_(False)), digits, 4))
        torch.manual_seed(seed)
        cnn: Any = ConvNet(width=16).eval().requires_grad_(False)
        cnns.append(equivariance_error(cnn.features, digits, 4))
    assert all(1.25 < error < 1.45 for error in vits), vits
    assert all(0.25 < error < 0.5 for error in cnns), cnns


def test_c1_answers_when_the_digit_is_moved(data, trained_cnn):
    """Four pixels to the right: the shipped ViT loses more than a tenth, a CNN trained for a moment less than that."""
    test: Split = data.test[:300]

    def accuracy(model: Any, pixels: int) -> float:
        moved = F.pad(test.images, (pixels, 0))[..., :28]
        return (model(moved).argmax(dim=1) == test.labels).float().mean().item()

    trained = vit(trained=True)
    assert accuracy(trained, 0) - accuracy(trained, 4) > 0.1
    assert accuracy(trained, 0) - accuracy(trained, 7) > 0.4
    assert accuracy(trained_cnn, 0) - accuracy(trained_cnn, 4) < 0.1


def test_c2_only_positions_belong_to_a_place():
    model = vit(trained=True)
    by_place = {name for name, p in model.named_parameters() if model.num_tokens in p.shape}
    assert by_place == {"positions"}
    assert model.positions.numel() < 0.03 * count_parameters(model)
    # All the rest treats places alike: tokens in another order come out in that order.
    tokens, order = torch.randn(2, 50, 64), torch.randperm(50)
    assert_close(model.encode(tokens)[:, order], model.encode(tokens[:, order]))
    # The pattern differs from place to place, and from image to image.
    A = model.blocks[0].attention.attention_map(tokens)
    assert (A[:, :, 0] - A[:, :, 1]).abs().max() > 1e-3
    assert (A[0] - A[1]).abs().max() > 1e-3


@pytest.mark.parametrize("trained", [False, True])
def test_c3_receptive_fields(digits, trained_cnn, trained):
    torch.manual_seed(1)
    cnn: Any = trained_cnn if trained else ConvNet(width=16).eval()
    for stages, reach in ((1, 2), (2, 6), (3, 14)):
        rows, cols = receptive_field(cnn.stages[:stages], digits).nonzero().T
        assert max(rows.max() - rows.min(), cols.max() - cols.min()) <= 2 * reach
    model = vit(trained)
    fields = [receptive_field(patch_map(model, layers), digits) for layers in range(len(model.blocks) + 1)]
    assert fields[0].count_nonzero() <= 16  # its own patch
    for field in fields[1:]:
        assert (field > 0).all()  # the whole image, from layer 1 on
        assert share_within(field, 6) < 0.7
    # Not evenly: its own patch stands out, by the skip connection.
    assert fields[1][12:16, 12:16].sum() > 3 * 16 / 784


SIZES = {"resnet50": (25.557, 4.09), "vit_b_16": (86.568, 17.56), "vit_l_16": (304.327, 61.55)}  # millions, billions


def test_c5_sizes():
    for name, (parameters, billions) in SIZES.items():
        with torch.device("meta"):
            model = torchvision.models.get_model(name)
            multiply_adds = count_flops(model, torch.empty(1, 3, 224, 224)) / 2
        assert count_parameters(model) / 1e6 == pytest.approx(parameters, abs=0.001)
        assert multiply_adds / 1e9 == pytest.approx(billions, abs=0.01)
    assert vit_cost(**PRESETS["B/16"], img_size=384).total_multiply_adds / 1e9 == pytest.approx(55.5, abs=0.05)
    listed = [
        weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] for weights in torchvision.models.get_model_weights("resnet50")
    ]
    assert [round(accuracy, 1) for accuracy in listed] == [76.1, 80.9]


def lesson_text() -> str:
    (path,) = (lesson_files.ROOT / "lessons").glob("07_*.py")
    return path.read_text(encoding="utf-8")


def lesson_says(*texts: str) -> None:
    """The lesson's text has these figures, as they were just computed."""
    said = " ".join(lesson_text().replace("\n# ", " ").split())
    assert [text for text in texts if text not in said] == []


def test_c6_where_a_convolution_and_attention_cross():
    """In time far below 2.5 D tokens: the convolution does more operations a second."""
    table = read_table("scaling").query("part in ('layer', 'convolution 3 x 3')")
    times, counts = (table.pivot(index="tokens", columns="part", values=y) for y in ("milliseconds", "flops"))
    at = crossing(list(times.index), list(times["layer"]), list(times["convolution 3 x 3"]))
    assert 64 < at < 144
    speed = counts / times
    assert (speed["convolution 3 x 3"] / speed["layer"])[256:].between(2, 3).all()
    last = times.loc[4096, "layer"] / times.loc[4096, "convolution 3 x 3"]
    lesson_says(
        f"at about {at:.0f} tokens",
        "from 256 on, this convolution does more than twice as many",
        f"takes {last:.0f} times",
    )


def test_c8_five_seeds_of_each_family():
    """Moved digits: the CNN, in every seed; shuffled and hidden patches and noise: the ViT, in every seed."""
    seeds = read_table("robustness").groupby(["kind", "amount", "family"])["accuracy"]
    least, most, mean = seeds.min(), seeds.max(), seeds.mean()
    assert set(seeds.size()) == {5}
    for amount in range(3, 9):
        assert least["moved", amount, "cnn"] > most["moved", amount, "vit"] + 0.08
    for kind, amount in (("shuffled", 4), ("hidden", 4), ("noise", 2)):
        assert least[kind, amount, "vit"] > most[kind, amount, "cnn"] + 0.03
        assert least[kind, 1, "vit"] < most[kind, 1, "cnn"]  # "the bands overlap"
    assert least["moved", 0, "cnn"] > most["moved", 0, "vit"]
    assert 100 * (mean["moved", 0, "cnn"] - mean["moved", 0, "vit"]) == pytest.approx(1.5, abs=0.06)  # 1.45
    cnn, vit = (f"{100 * mean['moved', 4, family]:.1f} %" for family in ("cnn", "vit"))
    lesson_says(
        f"The CNN starts 1.5 points higher and hardly minds being moved: {cnn} at 4 pixels, where the ViT reads {vit}",
        "CNN, by 1.5 points",
    )


def test_c10_each_row_names_a_figure_or_says_that_it_is_cited():
    """A heading between asterisks, of this lesson or of the one named before it; else "cited" and where."""
    section = lesson_text().split("# ## When to choose which")[1].split("\n# ## ")[0]
    rows = [[cell.strip() for cell in line[2:].strip("| ").split("|")] for line in section.splitlines() if "|" in line]
    known = {
        lesson.number: {text for cell in lesson_files.source(lesson).cells for _, text in lesson_files.headings(cell)}
        for lesson in lesson_files.WRITTEN
    }
    assert rows[0] == ["you have", "choose", "figure"]
    assert len(rows) > 8
    for task, choice, figure in rows[2:]:
        assert task
        assert choice
        if figure.startswith("cited: "):
            assert re.search(r"\w+ et al\. \d{4}", figure)
            continue
        for part in figure.split("; "):
            number, heading = re.fullmatch(r"(?:lesson (\d\d), )?\*(.+)\*", part).groups()
            assert heading in known[number or "07"], part


def test_c7_attention_is_a_convolution(trained_cnn):
    """With a kernel of the trained CNN: in the interior, and with a ring of empty tokens at the border too."""
    kernel = trained_cnn.stages[0][1][0].weight[:8, :4]
    attention = attention_as_convolution(kernel)
    images = torch.rand(2, 4, 7, 8, generator=torch.Generator().manual_seed(0))
    wanted = F.conv2d(images, kernel, padding=1)

    def by_attention(x: Tensor) -> Tensor:
        tokens = F.pad(rearrange(x, "n c r k -> n (r k) c"), (0, attention.embed_dim - x.shape[1]))
        out = attention(tokens, neighbor_bias(*x.shape[2:], 3))[..., : len(kernel)]
        return rearrange(out, "n (r k) f -> n f r k", r=x.shape[2])

    assert attention.num_heads == 9
    assert_close(by_attention(images)[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1])
    assert not torch.allclose(by_attention(images), wanted, atol=1e-4)
    assert_close(by_attention(F.pad(images, (1, 1, 1, 1)))[..., 1:-1, 1:-1], wanted)


def test_the_two_models_cost_the_same():
    """What the lesson says before its race: nearly the same multiply-adds, half the parameters."""
    model = VisionTransformer(**load_checkpoint("mnist").config)  # type: ignore[arg-type]
    image = torch.zeros(1, 1, 28, 28)
    cnn = ConvNet(width=16)
    assert 0.9 < count_flops(cnn, image) / count_flops(model, image) < 1
    assert 0.45 < count_parameters(cnn) / count_parameters(model) < 0.6
