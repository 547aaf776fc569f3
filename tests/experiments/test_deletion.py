"""What the deletion experiment counts, on models whose answers are known."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from vitcourse import patchify
from vitcourse.cnn import ConvNet
from vitcourse.data.pairs import twin_of
from vitcourse.experiments import deletion
from vitcourse.maps.deletion import patches_to_flip, random_scores
from vitcourse.pair_model import PairFinder
from vitcourse.vit import VisionTransformer

PATCHES = 49


class Needs(nn.Module):
    """Class 1 while one patch has ink: the n-th of the n-th image; else class 0."""

    def forward(self, x: Tensor) -> Tensor:
        inked = (patchify(x, deletion.PATCH).amax(dim=-1) > 0).float()
        which = x[:, 0, 0, 0].mul(100).round().long()  # its number is written into the first pixel
        return torch.stack([torch.full((len(x),), 0.5), inked.gather(1, which[:, None])[:, 0]], dim=1) * 20


def needed() -> tuple[Tensor, Tensor]:
    """Twelve inked images, and the place of the patch that each needs; their number stands in patch 0."""
    places = torch.arange(1, 13)
    images = torch.ones(len(places), 1, 28, 28)
    images[:, 0, 0, 0] = places / 100
    return images, places


def scores_that_find(places: Tensor, rank: int) -> Tensor:
    """The needed patch comes after `rank` others; patch 0 comes last."""
    scores = torch.arange(PATCHES, 0, -1).float().repeat(len(places), 1)
    scores[:, 0] = -1
    for row, place in zip(scores, places, strict=True):
        others = [p for p in range(1, PATCHES) if p != place]
        order = [*others[:rank], int(place), *others[rank:]]
        row[torch.tensor(order)] = torch.arange(PATCHES - 1, 0, -1).float()
    return scores


def test_the_answer_falls_at_the_patch_that_it_needs():
    images, places = needed()
    curve = deletion.hidden_patches(Needs(), images, scores_that_find(places, rank=3))
    assert [point["hidden"] for point in curve] == list(deletion.COUNTS)
    assert [point["kept"] for point in curve] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert [round(point["probability"]) for point in curve] == [1, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("rank", [0, 3, 20])
def test_half_of_the_answers_change_there(rank):
    images, places = needed()
    assert deletion.median_flips(Needs(), images, scores_that_find(places, rank)) == rank + 1


def test_the_median_is_that_of_all_flips():
    images, _ = needed()
    for count in (11, 12):
        scores = random_scores(count, PATCHES, seed=count)
        scores[:, 0] = -1
        flips = patches_to_flip(Needs(), images[:count], scores, deletion.PATCH).counts
        assert deletion.median_flips(Needs(), images[:count], scores) == flips.median()


def test_an_answer_that_never_changes_takes_more_than_all():
    class Sure(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.tensor([0.0, 1.0]).repeat(len(x), 1)

    assert deletion.median_flips(Sure(), torch.ones(3, 1, 28, 28), random_scores(3, PATCHES)) == PATCHES + 1


def test_the_area_is_the_mean_height():
    def curve(*points: tuple[int, float]) -> list[dict[str, Any]]:
        return [dict(hidden=k, probability=p) for k, p in points]

    assert deletion.area(curve((0, 1.0), (8, 1.0), (32, 1.0))) == 1
    assert deletion.area(curve((0, 1.0), (8, 0.0), (32, 0.0))) == pytest.approx(0.125)


def test_class_activation_is_what_each_place_adds_to_the_logit():
    torch.manual_seed(0)
    model = ConvNet(width=4).eval()
    nn.init.normal_(model.classifier.weight)
    images = torch.rand(3, 1, 28, 28)
    (name, scores), *rest = deletion.class_activation(model, images).items()
    assert (name, rest, scores.shape) == ("class activation", [], (3, PATCHES))
    assert_close(scores.mean(dim=1), model(images).amax(dim=1).detach(), atol=1e-4, rtol=1e-4)


def test_the_reversed_order_is_that_of_the_first_map():
    torch.manual_seed(0)
    model = VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=16, depth=2, num_heads=2
    ).eval()
    nn.init.normal_(model.classifier.weight)
    found = deletion.orders(model, torch.rand(3, 1, 28, 28), seed=0)
    assert list(found) == [
        "last layer", "all layers", "rollout", "gradient", "last layer, lowest first", "ink", "random"
    ]  # fmt: skip
    assert {tuple(scores.shape) for scores in found.values()} == {(3, PATCHES)}
    assert_close(found["last layer, lowest first"], -found["last layer"])


class Counts(PairFinder):
    """Knows a tile of the pair by its twin's brightness: the logit is above 0 while another tile is as bright."""

    def forward(self, images: Tensor) -> Tensor:
        bright = patchify(images, deletion.TILE).amax(dim=-1)
        super().forward(images)  # attention has to run: its maps are recorded
        same = (bright[:, :, None] - bright[:, None]).abs() < 0.01
        return (same.sum(dim=-1) - 1.5) * 8 + 0 * images.sum()


def test_without_its_twin_a_tile_is_no_longer_found(monkeypatch):
    torch.manual_seed(0)
    labels = torch.tensor([[1, 2, 3, 4, 1, 5, 6, 7, 8], [3, 1, 2, 4, 5, 6, 7, 8, 8]])
    images = (labels / 10).view(2, 1, 3, 3).repeat_interleave(14, 2).repeat_interleave(14, 3)
    truth = torch.zeros(4, 9).scatter(1, torch.tensor([[4], [0], [8], [7]]), 1.0)
    lies = torch.arange(9.0).repeat(4, 1).scatter(1, torch.tensor([[4], [0], [8], [7]]), -1.0)
    monkeypatch.setattr(deletion, "tile_orders", lambda *args: {"truth": truth, "lies": lies})
    rows = list(deletion.hidden_tiles(Counts().eval(), images, twin_of(labels), seed=0))
    kept = {(row["order"], row["hidden"]): row["kept"] for row in rows}
    assert [kept["truth", k] for k in deletion.TILE_COUNTS] == [1, 0, 0, 0, 0]
    assert [kept["lies", k] for k in deletion.TILE_COUNTS] == [1, 1, 1, 1, 0]
    assert {(row["order"], row["twin"]) for row in rows} == {("truth", 1.0), ("lies", 0.0)}


def test_the_asked_tile_itself_stays(monkeypatch):
    """Even where its own score is the highest."""
    torch.manual_seed(0)
    labels = torch.tensor([[1, 2, 3, 4, 1, 5, 6, 7, 8]])
    images = (labels / 10).view(1, 1, 3, 3).repeat_interleave(14, 2).repeat_interleave(14, 3)
    scores = torch.zeros(2, 9)
    scores[0, 0] = scores[1, 4] = 2.0
    scores[0, 4] = scores[1, 0] = 1.0
    monkeypatch.setattr(deletion, "tile_orders", lambda *args: {"itself first": scores})
    rows = list(deletion.hidden_tiles(Counts().eval(), images, twin_of(labels), seed=0))
    assert [row["twin"] for row in rows] == [1.0] * len(deletion.TILE_COUNTS)


def test_orders_of_tiles_are_rows_of_the_asked_ones():
    torch.manual_seed(0)
    model = PairFinder().eval().requires_grad_(False)
    asked, twins = torch.tensor([0, 4]), torch.tensor([[4], [0]])
    torch.nn.init.normal_(model.classifier.weight)
    found = deletion.tile_orders(model, torch.rand(2, 1, 42, 42), asked, twins, torch.ones(2), seed=0)
    assert {tuple(scores.shape) for scores in found.values()} == {(2, 9)}
    assert_close(found["rollout"].sum(dim=1), torch.ones(2))
    assert found["gradient"].isfinite().all()
    assert found["gradient"][0, 0] >= 1  # its own start
    assert found["the twin"].argmax(dim=1).tolist() == [4, 0]
