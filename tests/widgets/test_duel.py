"""The duel: hide patches until the prediction flips, against maps, chance and a search."""

from __future__ import annotations

import base64

import pytest
import torch
from torch import nn

from vitcourse import patchify
from vitcourse.maps.deletion import patches_to_flip, random_scores
from vitcourse.widgets.duel import duel
from vitcourse.widgets.fallback import WIDGET_VIEW

ROWS, COLS, PATCH = 2, 3, (4, 5)
PATCHES = ROWS * COLS
WEIGHTS = torch.tensor([0.0, 1, 2, 3, 4, 5])


class Weighs(nn.Module):
    """Class 1 needs the patches, the last one most; class 2 needs nothing, and is the answer to a blank image."""

    grid = (ROWS, COLS)

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[int] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.runs.append(len(x))
        inked = (patchify(x, PATCH).amax(dim=-1) > 0).float() @ WEIGHTS
        return torch.stack([torch.zeros(len(x)), inked, torch.full((len(x),), 8.0)], dim=1)


def pictures() -> torch.Tensor:
    """The second is blank, so that its answer cannot flip."""
    images = torch.rand(3, 1, 8, 15, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    images[1] = 0
    return images


SCORES = {
    "as it should be": WEIGHTS.expand(3, -1),  # 15 - 5 - 4: two patches
    "reading order": (-torch.arange(6.0)).expand(3, -1),  # 15 - 0 - 1 - 2 - 3 - 4: five
}


def played(**options):
    return duel(Weighs(), pictures(), SCORES, classes=["zero", "<b>one</b>", "two"], alt="A game.", **options)


def test_it_begins_with_the_whole_image_and_nothing_of_the_others():
    game = played()
    assert (game.image, game.hidden, game.over, game.results) == (0, [], "", {})
    assert (game.said["first"], game.said["rival"]) == (1, 2)
    expected = torch.tensor([0, 15, 8.0]).softmax(dim=0)
    assert game.said["curve"] == [[round(expected[1].item(), 4), round(expected[2].item(), 4)]]


def test_patches_are_hidden_and_brought_back():
    game = played()
    game.touch(3)
    game.touch(5)
    assert (game.hidden, game.over) == ([3, 5], "flipped")  # 15 - 3 - 5 is below 8
    assert len(game.said["curve"]) == 3

    game.start()
    assert (game.hidden, game.over) == ([], "")
    game.touch(3)
    game.touch(4)
    assert game.over == ""  # 15 - 3 - 4: a draw, and the first class of the two stays
    game.touch(3)
    assert game.hidden == [4]
    assert len(game.said["curve"]) == 2
    game.touch(5)
    assert (game.hidden, game.over) == ([4, 5], "flipped")


def test_when_it_flips_all_are_shown():
    game = played()
    for patch in (0, 5, 4):
        game.touch(patch)
    mine, best, reading, chance, search = game.results["0"]
    assert (mine["name"], mine["needed"], mine["answer"]) == ("you", 3, 2)
    assert mine["hidden"] == [1, 0, 0, 0, 1, 1]
    assert (best["needed"], best["answer"], best["hidden"]) == (2, 2, [0, 0, 0, 0, 1, 1])
    assert reading["needed"] == 5
    assert (search["name"], search["needed"]) == ("search", 2)
    assert (chance["name"], chance["answer"]) == ("chance", None)
    counts = patches_to_flip(Weighs(), pictures()[:1].expand(20, -1, -1, -1), random_scores(20, PATCHES), PATCH).counts
    assert chance["needed"] == pytest.approx(counts.float().mean().item(), abs=0.051)


def test_a_round_that_is_over_stands_still():
    game = played()
    game.touch(5)
    game.touch(4)
    game.touch(0)
    assert game.hidden == [5, 4]
    game.hidden = [5, 4, 0]  # a click that was on its way
    assert game.hidden == [5, 4]
    assert game.results["0"][0]["needed"] == 2


def test_several_clicks_in_one_message_are_looked_at_one_by_one():
    game = played()
    game.hidden = [5, 4, 0, 1]
    assert (game.hidden, game.over) == ([5, 4], "flipped")
    assert len(game.said["curve"]) == 3


def test_a_patch_exchanged_for_another_can_flip_it():
    game = played()
    game.hidden = [3, 4]
    assert game.over == ""
    game.hidden = [5, 4]
    assert game.over == "flipped"


def test_giving_up_shows_all_and_does_not_count():
    game = played()
    game.touch(0)
    game.give_up()
    assert game.over == "given up"
    assert game.results["0"][0]["needed"] is None
    assert game.score == {"played": 0, "means": []}
    game.start()
    game.touch(5)
    game.touch(4)
    assert game.results["0"][0]["needed"] == 2
    assert game.score["played"] == 0  # who has seen the answers has had the first try


def test_first_tries_are_counted():
    game = played()
    for patch in (0, 5, 4):
        game.touch(patch)
    game.start()
    for patch in (5, 4):
        game.touch(patch)
    assert game.results["0"][0]["needed"] == 2
    assert (game.score["played"], game.score["means"][0]) == (1, 3.0)
    game.start(2)
    assert (game.image, game.over) == (2, "")
    for patch in (5, 4):
        game.touch(patch)
    assert (game.score["played"], game.score["means"][:3]) == (2, [2.5, 2.0, 5.0])


def test_what_the_others_need_is_computed_once():
    game = played()
    game.give_up()
    before = len(game._game.model.runs)
    game.start()
    game.give_up()
    assert len(game._game.model.runs) == before


def test_an_image_that_cannot_flip():
    game = played()
    assert game.about["playable"] == [True, False, True]
    with pytest.raises(ValueError, match="image=1 cannot be played: the model answers two to a blank image, too"):
        game.start(1)
    assert game.image == 0


@pytest.mark.parametrize("hidden", [[6], [-1], [2, 2]])
def test_patches_that_are_not_there(hidden):
    game = played()
    with pytest.raises(ValueError, match="must be different patches from 0 to 5"):
        game.hidden = hidden
    assert game.hidden == []


@pytest.mark.parametrize("image", [3, -1])
def test_an_image_that_is_not_there(image):
    with pytest.raises(ValueError, match=f"image={image} is not from 0 to 2"):
        played().start(image)


def test_pictures_are_sent_as_bytes():
    game = played()
    sent = torch.frombuffer(bytearray(game.pictures), dtype=torch.uint8).view(3, 8, 15)
    assert (sent.float() / 255 - pictures()[:, 0]).abs().max() <= 0.5 / 255 + 1e-6


def test_without_a_kernel_it_is_a_picture_of_a_round():
    bundle, _ = played()._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"])[:4] == b"\x89PNG"
    assert len(bundle["image/png"]) < 60_000
    assert bundle["text/plain"] == "duel: A game."
    assert WIDGET_VIEW in bundle


def test_the_script_is_one_module():
    script = played()._esm
    assert str(script).count("export default") == 1
    assert "import " not in str(script)
