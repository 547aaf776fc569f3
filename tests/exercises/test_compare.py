"""`compare` names the first place at which a model leaves the reference."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import vitcourse as vc
from vitcourse.exercises import compare

SIZES = dict(img_size=12, patch_size=4, in_channels=2, num_classes=5, embed_dim=16, depth=3, num_heads=4, mlp_ratio=2.0)


def model(kind=vc.VisionTransformer, **sizes):
    torch.manual_seed(0)
    made = kind(**(SIZES | sizes))
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=0.3)
    return made


class NoPositions(vc.VisionTransformer):
    def embed(self, images):
        return vc.embed_tokens(self.patch_embedding(images), self.class_token)


class MeanPooled(vc.VisionTransformer):
    def pool(self, tokens):
        return tokens.mean(dim=1)


class NoLastNorm(vc.VisionTransformer):
    def encode(self, tokens):
        for block in self.blocks:
            tokens = block(tokens)
        return tokens


class Unscaled(vc.MultiHeadAttention):
    def forward(self, x, bias=None):
        q, k, v = self.queries_keys_values(x)
        return self.projection(vc.merge_heads((q @ k.transpose(-2, -1)).softmax(-1) @ v))


class PostNorm(vc.TransformerBlock):
    def forward(self, x, bias=None):
        x = self.norm1(x + self.attention(x, bias))
        return self.norm2(x + self.mlp(x))


class NoSecondSkip(vc.TransformerBlock):
    def forward(self, x, bias=None):
        x = x + self.attention(self.norm1(x), bias)
        return self.mlp(self.norm2(x))


class Dropped(vc.MLP):
    def forward(self, x):
        return super().forward(F.dropout(x, 0.5))


def with_part(place, kind):
    made = model()
    made.get_submodule(place).__class__ = kind
    return made


CASES = [
    (lambda: model(NoPositions), "input of blocks.0", "positions"),
    (lambda: model(MeanPooled), "input of classifier", "stands for the image"),
    (lambda: model(NoLastNorm), "input of norm", "never called"),
    (
        lambda: with_part("blocks.1.attention", Unscaled),
        "input of blocks.1.attention.projection",
        "in `blocks.1.attention`, before its `projection`",
    ),
    (lambda: with_part("blocks.2", PostNorm), "input of blocks.2.norm1", "in `blocks.2`, before its `norm1`"),
    (lambda: with_part("blocks.1", NoSecondSkip), "output of blocks.1", "look inside"),
    (lambda: with_part("blocks.0.mlp", Dropped), "input of blocks.0.mlp.expand", "before"),
]


@pytest.mark.parametrize(("make", "place", "said"), CASES, ids=[place for _, place, _ in CASES])
def test_the_first_place_is_named(make, place, said):
    result = compare(make())
    assert result.passed is False
    assert result.failed == place, result.message
    assert said in result.message


@pytest.mark.parametrize("sizes", [{}, {"pool": "mean"}, {"img_size": (8, 12)}, {"position": "relative"}], ids=str)
def test_the_reference_itself_is_the_same(sizes):
    made = model(**sizes)
    before = {name: tensor.clone() for name, tensor in made.state_dict().items()}
    result = compare(made)
    assert result.passed is True, result.message
    assert made.training
    assert all(torch.equal(before[name], tensor) for name, tensor in made.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in made.modules())


def test_a_model_that_does_not_tell_its_sizes_is_read_by_its_parameters():
    made = model(num_heads=2)
    del made.config
    assert compare(made).passed is True


def test_other_parameters_are_named():
    other = model()
    other.blocks[1].norm2 = nn.Identity()
    assert "missing: `blocks.1.norm2.weight`" in compare(other).message.lower()
    wide = model()
    wide.classifier = nn.Linear(16, 7)
    assert "`classifier.weight` has shape (7, 16)" in compare(wide).message


def test_an_exception_says_up_to_where_all_was_well():
    class Broken(vc.TransformerBlock):
        def forward(self, x, bias=None):
            return x @ torch.zeros(3, 3)

    result = compare(with_part("blocks.1", Broken))
    assert result.passed is False
    assert "RuntimeError" in result.message
    assert "up to the input of `blocks.1` all is the same" in result.message


def test_what_is_no_vision_transformer():
    assert "sizes of the model cannot be read" in compare(nn.Linear(2, 2)).message
