"""The learner's own model: of their pieces, with the package's parameters, and the reference's logits."""

from __future__ import annotations

import copy

import pytest
import torch
from answers import answer
from right_answers import ANSWERS

from vitcourse import VisionTransformer, record_attention
from vitcourse.data import Batches, Split
from vitcourse.exercises import check, my_vit
from vitcourse.exercises.catalog import NAMES, find
from vitcourse.training import fit, load_checkpoint, save_checkpoint

SIZES = dict(
    img_size=(8, 12), patch_size=4, in_channels=2, num_classes=5, embed_dim=16, depth=2, num_heads=4, mlp_ratio=2.0
)


@pytest.fixture
def solved():
    for name, source in ANSWERS.items():
        result = check(answer(source, name))
        assert result.passed, f"{name}: {result.message}"


def images(count=3):
    return torch.randn(count, 2, 8, 12, generator=torch.Generator().manual_seed(1))


def same_logits(mine, **sizes):
    torch.manual_seed(5)
    reference = VisionTransformer(**(SIZES | sizes))
    for parameter in reference.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    mine.load_state_dict(reference.state_dict())
    with torch.no_grad():
        torch.testing.assert_close(mine(images()), reference(images()), rtol=1e-5, atol=1e-5)


def test_every_exercise_has_a_right_answer_that_passes(solved):
    assert set(ANSWERS) | {"repair_vit"} == set(NAMES)


def test_every_piece_of_the_model_is_an_exercise_marked_as_one():
    assert set(my_vit.PIECES) <= set(NAMES)
    assert all(find(name).piece for name in my_vit.PIECES)


@pytest.mark.parametrize(
    "sizes", [{}, {"pool": "mean"}, {"position": "sincos"}, {"position": "relative"}, {"position": "none"}], ids=str
)
def test_complete_it_gives_the_references_logits(solved, sizes):
    mine = my_vit.model(**(SIZES | sizes))
    assert mine.mine() == list(my_vit.PIECES)
    same_logits(mine, **sizes)


@pytest.mark.parametrize("name", my_vit.PIECES)
def test_with_one_piece_of_the_learners_too(name):
    assert check(answer(ANSWERS[name], name)).passed
    mine = my_vit.model(**SIZES)
    assert mine.mine() == [name]
    same_logits(mine)


def test_patches_that_are_not_square_go_by_the_package(solved):
    mine = my_vit.model(**(SIZES | dict(patch_size=(4, 3))))
    same_logits(mine, patch_size=(4, 3))


def test_the_learners_functions_really_run(solved, monkeypatch):
    mine = my_vit.model(**SIZES)
    called = set()

    class Spy(dict):
        def get(self, name, default=None):
            called.add(name)
            return dict.get(self, name, default)

    object.__setattr__(mine.pieces, "mine", Spy(mine.pieces.mine))
    mine(images())
    with record_attention(mine) as maps:
        mine(images())
    assert len(maps) == 2
    expected = set(my_vit.PIECES) - {"sincos_2d", "relative_bias", "merge_heads"}
    assert expected <= called | {"attention_weights", "split_heads"}
    assert {"attention_weights", "split_heads", "patchify", "multi_head_attention", "pre_norm_block"} <= called


def test_it_takes_the_packages_checkpoints_and_its_own_are_the_packages(solved, tmp_path):
    mine = my_vit.model(weights="mnist")
    theirs = load_checkpoint("mnist")
    digits = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(mine(digits), theirs(digits), rtol=1e-4, atol=1e-5)
    assert not mine.training
    save_checkpoint(tmp_path / "mine.safetensors", mine)
    again = load_checkpoint(tmp_path / "mine.safetensors")
    assert type(again) is VisionTransformer
    with torch.no_grad():
        torch.testing.assert_close(again(digits), mine(digits), rtol=1e-4, atol=1e-5)


def test_it_trains_as_the_reference_does(solved):
    generator = torch.Generator().manual_seed(0)
    split = Split(torch.rand(32, 2, 8, 12, generator=generator), torch.randint(0, 5, (32,), generator=generator))
    torch.manual_seed(0)
    mine = my_vit.model(**SIZES)
    reference = VisionTransformer(**SIZES)
    reference.load_state_dict(copy.deepcopy(mine.state_dict()))
    runs = [
        [float(p.loss) for p in fit(m, Batches(split, batch_size=16, seed=0), epochs=3, lr=3e-3, **more)]
        for m, more in ((mine, dict(objective=my_vit.objective)), (reference, {}))
    ]
    torch.testing.assert_close(runs[0], runs[1], rtol=1e-4, atol=1e-5)
    assert runs[0][-1] < runs[0][0]


def test_nothing_solved_yet_is_the_packages_model(capsys):
    mine = my_vit.model(**SIZES)
    assert "none yet" in capsys.readouterr().out
    same_logits(mine)


def test_bad_input():
    with pytest.raises(ValueError, match="bring their own sizes; leave out depth"):
        my_vit.model(weights="mnist", depth=3)
    with pytest.raises(ValueError, match="weights=PairFinder"):
        my_vit.model(weights="pairs")
    with pytest.raises(ValueError, match="patch_size"):
        my_vit.model(img_size=28, patch_size=5)
