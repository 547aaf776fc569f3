"""What one forward pass says of a few images; and that it leaves the model as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import VisionTransformer
from vitcourse.maps import TokenGrid, explain, gradient_rollout, record_attention, relevance_shares
from vitcourse.pair_model import PairFinder

CONFIG = dict(
    img_size=(6, 12), patch_size=(2, 3), in_channels=1, num_classes=3, embed_dim=16, depth=4, num_heads=2,
    mlp_ratio=2.0,
)  # fmt: skip
TOKENS = 13


def model_of(**options) -> VisionTransformer:
    torch.manual_seed(0)
    model = VisionTransformer(**CONFIG | options)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


IMAGES = torch.rand(5, 1, 6, 12, generator=torch.Generator().manual_seed(1))


def test_maps_and_probabilities_are_the_models():
    model = model_of().eval()
    found = explain(model, IMAGES)
    with torch.no_grad(), record_attention(model) as maps:
        logits = model(IMAGES)
    assert found.maps.shape == (5, 4, 2, TOKENS, TOKENS)
    for layer, attention in enumerate(maps):
        assert_close(found.maps[:, layer], attention)
    assert found.output == "classes"
    assert_close(found.probabilities, logits.softmax(dim=-1))
    assert found.grid == TokenGrid(3, 4, 1)


def test_relevance_is_that_of_the_predicted_class():
    model = model_of().eval()
    with record_attention(model, gradients=True) as maps:
        logits = model(IMAGES)
        logits.gather(1, logits.argmax(dim=-1, keepdim=True)).sum().backward()
    expected = gradient_rollout(maps, maps.gradients) - torch.eye(TOKENS)
    found = explain(model, IMAGES).relevance
    assert_close(found[:, 0], expected[:, 0] / expected[:, 0].sum(dim=-1, keepdim=True))
    assert_close(found.sum(dim=-1)[:, 0], torch.ones(5))


def test_a_row_to_which_nothing_was_added_stays_zero():
    relevance = torch.eye(3)[None].clone()
    relevance[0, 1] += torch.tensor([1.0, 0.0, 3.0])
    expected = torch.tensor([[0.0, 0.0, 0.0], [0.25, 0.0, 0.75], [0.0, 0.0, 0.0]])
    assert_close(relevance_shares(relevance), expected[None])


def test_the_model_is_left_as_it_was():
    model = model_of(dropout=0.5).train()
    model.blocks[1].eval()
    modes = [module.training for module in model.modules()]
    first, second = explain(model, IMAGES), explain(model, IMAGES)
    assert_close(first.maps, second.maps, rtol=0, atol=0)  # no dropout
    assert [module.training for module in model.modules()] == modes
    assert all(parameter.grad is None for parameter in model.parameters())
    kinds = ("_forward_pre_hooks", "_forward_hooks")
    assert sum(len(getattr(module, kind)) for module in model.modules() for kind in kinds) == 0


@pytest.mark.parametrize("around", [torch.no_grad, torch.enable_grad])
def test_frozen_models_have_gradients_too(around):
    model = model_of().requires_grad_(False)
    with around():
        found = explain(model, IMAGES)
    assert found.relevance is not None
    assert found.reason == ""
    assert not found.relevance.requires_grad
    assert not found.maps.requires_grad


def test_without_a_class_token():
    assert explain(model_of(pool="mean"), IMAGES).grid == TokenGrid(3, 4, 0)


def test_a_logit_for_each_patch_is_no_class():
    found = explain(PairFinder(), torch.rand(2, 1, 42, 42))
    assert found.output == "patches"
    assert found.probabilities.shape == (2, 9)
    assert found.relevance is None
    assert "one logit for each class" in found.reason


class Layer(nn.Module):
    def __init__(self, attention: torch.Tensor) -> None:
        super().__init__()
        self.attention = attention

    def attention_map(self, images: torch.Tensor) -> torch.Tensor:
        return self.attention.expand(len(images), -1, -1, -1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


class Several(nn.Module):
    """Known maps, as a learner's own class may give them: no grid, no classes, no gradient."""

    def __init__(self, *attentions: torch.Tensor) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(attention) for attention in attentions)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            images = layer(images)
        return images


@pytest.mark.parametrize(("tokens", "prefix"), [(12, 0), (13, 1)])
def test_a_model_that_tells_no_grid_is_given_one(tokens, prefix):
    model = Several(torch.full((1, 2, tokens, tokens), 1 / tokens))
    found = explain(model, IMAGES, grid=(3, 4))
    assert found.grid == TokenGrid(3, 4, prefix)
    assert (found.output, found.probabilities, found.relevance) == ("other", None, None)
    assert "one logit for each class" in found.reason
    model.grid = (3, 4)
    assert explain(model, IMAGES).grid == found.grid


EQUAL = torch.full((1, 2, 13, 13), 1 / 13)


@pytest.mark.parametrize(
    ("attentions", "grid", "says"),
    [
        ([EQUAL, EQUAL[:, :, :5, :5]], (3, 4), "different sizes"),
        ([EQUAL[:, :, :, :5]], (3, 4), "as many queries as keys"),
        ([EQUAL, EQUAL * torch.nan], (3, 4), "attention of layer 2 is not finite"),
        ([EQUAL, EQUAL / 0], (3, 4), "not finite"),
        ([EQUAL], None, "give grid=\\(rows, cols\\)"),
        ([EQUAL], (3, 3), "grid=\\(3, 3\\) makes 9 patches; the maps have 13 keys"),
        ([EQUAL], (4, 4), "grid=\\(4, 4\\) makes 16 patches"),
        ([EQUAL[:, :, :1, :1]], (1, 1), "single patch"),
        ([EQUAL[:, :, :2, :2]], (1, 1), "single patch"),
    ],
)
def test_what_cannot_be_explained(attentions, grid, says):
    with pytest.raises(ValueError, match=says):
        explain(Several(*attentions), IMAGES, grid=grid)


def test_a_grid_that_the_model_contradicts():
    with pytest.raises(ValueError, match=r"the model itself says 3 x 4"):
        explain(model_of(), IMAGES, grid=(4, 3))


def test_a_model_that_does_not_run_its_attention():
    model = model_of()
    model.forward = lambda images: torch.zeros(len(images), 3)
    with pytest.raises(ValueError, match="no attention was recorded"):
        explain(model, IMAGES, grid=(3, 4))
