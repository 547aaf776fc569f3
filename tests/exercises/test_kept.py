"""`my_vit.py`: what passes is kept, with all that it needs, and runs by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from answers import answer

from vitcourse.exercises import check, kept
from vitcourse.exercises.needs import CannotBeKept, self_contained
from vitcourse.exercises.pieces import pieces

RIGHT = """
def patchify(images: Tensor, patch_size: int) -> Tensor:
    # my own comment
    return rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=patch_size, q=patch_size)
"""


def test_a_function_that_passes_is_kept_with_its_comments_and_imports():
    result = check(answer(RIGHT))
    text = Path("my_vit.py").read_text()
    assert "Kept in my_vit.py" in result.message
    assert "# my own comment" in text
    assert "from einops import rearrange" in text
    assert "from torch import Tensor" in text
    compile(text, "my_vit.py", "exec")
    assert list(pieces().mine) == ["patchify"]


def test_a_wrong_one_is_not_kept_and_leaves_the_one_that_passed():
    check(answer(RIGHT))
    before = Path("my_vit.py").read_text()
    check(answer(RIGHT.replace("(h w)", "(w h)")))
    assert Path("my_vit.py").read_text() == before


def test_a_newer_one_takes_the_place_of_the_older():
    check(answer(RIGHT))
    check(answer(RIGHT.replace("my own comment", "another comment")))
    text = Path("my_vit.py").read_text()
    assert text.count("def patchify") == 1
    assert "another comment" in text


def test_helpers_and_constants_of_the_notebook_come_along():
    source = """
    PATTERN = "b c (h p) (w q) -> b (h w) (c p q)"

    def _helper(images, p):
        return rearrange(images, PATTERN, p=p, q=p)

    def patchify(images, patch_size):
        return _helper(images, patch_size)
    """
    check(answer(source, "patchify"))
    text = Path("my_vit.py").read_text()
    assert "PATTERN = " in text
    assert text.index("def _helper") < text.index("def patchify")
    assert list(pieces().mine) == ["patchify"]


def test_what_cannot_be_written_down_is_said():
    import torch

    source = "def patchify(images, patch_size):\n    offset\n    return vc.unpatchify\n"
    with pytest.raises(CannotBeKept, match="`offset`"):
        self_contained(answer(source, offset=torch.zeros(2)))

    def around():
        inner = 3

        def patchify(images, patch_size):
            return inner

        return patchify

    with pytest.raises(CannotBeKept, match="`inner`"):
        self_contained(around())


def test_a_piece_that_stops_passing_falls_back_with_a_line():
    check(answer(RIGHT))
    file = Path(kept.FILE)
    file.write_text(file.read_text().replace("(h w)", "(w h)"))
    found = pieces()
    assert found.mine == {}
    assert "`patchify` in my_vit.py no longer passes its check" in found.remarks[0]
    assert found["patchify"].__module__ == "vitcourse.patches"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return", "retrun", "SyntaxError"),
        ("from einops", "from nowhere", "ModuleNotFoundError"),
        ("def patchify", "def patchifi", "KeyError"),
        ("# --- patchify", "# --- pachify", "no exercise"),
    ],
)
def test_a_file_that_was_edited_by_hand_breaks_nothing(old, new, said):
    check(answer(RIGHT))
    file = Path(kept.FILE)
    file.write_text(file.read_text().replace(old, new))
    found = pieces()
    assert found.mine == {}
    assert said in found.remarks[0]


def test_without_a_file_all_is_the_packages():
    assert pieces().mine == {}
    assert pieces().remarks == ()
