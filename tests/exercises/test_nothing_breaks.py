"""Whatever is handed to `check`, it answers with a sentence, and soon."""

from __future__ import annotations

import functools
import random
import re
import time

import numpy as np
import pytest
import torch
from answers import answer

import vitcourse as vc
from vitcourse.exercises import check, hint, solution
from vitcourse.exercises.catalog import NAMES

RIGHT = """
def patchify(images, patch_size):
    return rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=patch_size, q=patch_size)
"""
HEAD = "def patchify(images, patch_size):\n"


def wrong(body, **names):
    return answer(HEAD + "".join(f"    {line}\n" for line in body.splitlines()), "patchify", **names)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", "returns nothing"),
        ("return images.numpy()", "a NumPy array"),
        ("return images, patch_size", "a tuple of 2"),
        ("return vc.patchify(images, patch_size),", "comma"),
        ("yield images", "a generator"),
        ("return images.max(1)", "values and their indices"),
        ("return images.shape", "torch.Size"),
        ("class Odd(BaseException): pass\nraise Odd", "raises Odd"),
        ("return [images]", "a list of 1"),
        ("return 3", "a number"),
        ("return 'x'", "a str"),
        ("return lambda: 0", "a function"),
        ("return vc.MLP(embed_dim=2, hidden_dim=2)", "a module"),
        ("return vc.patchify(images, patch_size).float()", "float32 where it should be float64"),
        (
            "return vc.patchify(images, patch_size).detach()",
            "No gradient reaches `images`|no gradient reaches `images`",
        ),
        ("return vc.patchify(images, patch_size) * 0.5", "0.5 times"),
        ("return -vc.patchify(images, patch_size)", "wrong sign"),
        ("return vc.patchify(images, patch_size) + 1", "1 too much"),
        ("return vc.patchify(images, patch_size).transpose(1, 2)", "axes stand in another order"),
        ("return vc.patchify(images, patch_size) + torch.rand(1)", "Called twice"),
        ("return vc.patchify(images - images.mean(0), patch_size)", "depends on the other items"),
        ("return vc.patchify(images, patch_size) / 0", "inf"),
        ("return vc.patchify(images, patch_size)[:, :, None]", "axis of length 1"),
        ("return torch.zeros_like(vc.patchify(images, patch_size))", "It returns 0 whatever it is given"),
        ("raise SystemExit", "exit"),
        ("return patchify(images, patch_size)", "calls itself"),
        ("return images.foo", "AttributeError"),
        ("import sys\nsys.setrecursionlimit(10**6)\nreturn 0", "a number"),
    ],
)
def test_each_has_its_sentence(body, said):
    result = check(wrong(body))
    assert result.passed is False
    assert any(part in result.message for part in said.split("|")), result.message


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (lambda images, patch_size: images, "lambda"),
        (functools.partial(vc.patchify, patch_size=2), "functools.partial"),
        (torch.zeros(2), "not a function"),
        (None, "not a function"),
        (vc, "not a function"),
        (torch.nn.ReLU(), "def"),
        (answer("class patchify:\n    pass"), "is a class"),
        (answer("def patchifi(a, b):\n    return a"), "Did you mean `patchify`"),
        (answer("def something_else(a):\n    return a"), "Exercises: "),
        (answer("def patchify(images):\n    return images"), "`(images)`"),
        (answer("def patchify(*, images, patch_size):\n    return images"), "`(*, images, patch_size)`"),
        (answer("def patchify():\n    return 1"), "no arguments"),
        (answer("def patchify(a, b, c):\n    return a"), "2 arguments"),
    ],
)
def test_what_is_no_function_of_an_exercise(thing, said):
    result = check(thing)
    assert result.passed is False
    assert said in result.message


def test_more_arguments_with_defaults_and_other_names_are_fine():
    other = (
        RIGHT.replace("(images, patch_size)", "(x, p, extra=None)").replace("images", "x").replace("patch_size", "p")
    )
    assert check(answer(other)).passed


def test_the_courses_own_object_is_not_counted():
    assert check(vc.patchify).passed is None
    assert "PyTorch's own" in check(torch.nn.functional.cross_entropy).message
    assert check(torch.nn.functional.conv2d).passed is None
    assert check(wrong("return vc.patchify(images, patch_size)")).passed is None


def test_an_exception_shows_the_learners_own_lines_only():
    result = check(wrong("small = images[0]\nreturn small.reshape(7, 7)"))
    assert "line 3 of patchify:  return small.reshape(7, 7)" in result.message
    assert "vitcourse" not in result.message
    assert "site-packages" not in result.message
    assert re.search(r"images \(2, 3, \d+, \d+\) float64, patch_size \d", result.message)


@pytest.mark.parametrize("body", ["while True: pass", "while True:\n    try:\n        1/0\n    except:\n        pass"])
def test_what_never_returns_is_stopped(body, monkeypatch):
    monkeypatch.setattr("vitcourse.exercises.guarded.SECONDS", 0.3)
    started = time.monotonic()
    result = check(wrong(body))
    assert time.monotonic() - started < 3
    assert result.passed is False
    assert "stopped after" in result.message
    assert result.failed == "time"


def test_output_is_cut():
    result = check(wrong("print('x' * 1_000_000)\nreturn images"))
    assert result.printed.startswith("xxx")
    assert len(repr(result)) < 5_000
    assert "more characters" in result.printed


def test_global_settings_are_as_before():
    torch.manual_seed(3)
    random.seed(3)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    check(wrong("torch.manual_seed(1)\ntorch.rand(2)\ntorch.set_default_dtype(torch.float64)\nreturn images"))
    assert torch.get_default_dtype() == torch.float32
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.random.get_state()[1].tolist() == states[2]  # noqa: NPY002


def test_markup_in_what_a_learner_returns_stays_text():
    result = check(wrong("raise ValueError('<img src=x onerror=alert(1)>')"))
    assert "<img" not in result._repr_html_()
    assert "&lt;img" in result._repr_html_()


def test_it_shows_itself_as_text_and_as_html():
    result = check(answer(RIGHT))
    assert result.passed is True
    assert repr(result).startswith("✓ patchify: passed")
    assert "role='status'" in result._repr_html_()
    assert "var(--jp-" in result._repr_html_()


def test_two_mistakes_at_once_are_recognised_as_the_pair():
    body = 'return rearrange(images, "b c (h p) (w q) -> b (w h) (p q c)", p=patch_size, q=patch_size)'
    result = check(wrong(body))
    assert set(result.diagnosis.split(" + ")) == {"channels last", "column by column"}


def test_hints_come_one_after_the_other():
    function = answer(RIGHT)
    seen = [hint(function).text for _ in range(3)]
    assert len(set(seen)) == 3
    assert "solution(patchify)" in seen[-1]
    assert "patchify" in repr(hint("patchify"))
    assert "No such exercise" in repr(hint("nothing"))


def test_the_solution_is_shown_in_color_and_noted():
    from vitcourse.exercises import store

    shown = solution("patchify")
    assert "def patchify(images, patch_size):\n" in shown.code
    assert "rearrange(images" in repr(shown)
    assert "check_images" not in repr(shown)
    assert "<span style='color:var(--jp-mirror-editor-" in shown._repr_html_()
    assert store.records()["patchify"]["revealed"] is True


@pytest.mark.parametrize("name", NAMES)
def test_every_solution_is_code(name):
    code = solution(name).code
    compile(code, name, "exec")
    assert f"def {name}(" in code
    assert "raise ValueError" not in code
