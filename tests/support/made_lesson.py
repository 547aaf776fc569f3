"""A small lesson that passes all checks, for tests that break it in one place; and the exercises that it asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from vitcourse.exercises.spec import Exercise


def grid_tokens(height: int, width: int, patch_size: int) -> int:
    """How many patches an image has."""
    return (height // patch_size) * (width // patch_size)


def rows_to_one(scores: Tensor) -> Tensor:
    positive = scores.exp()
    total = positive.sum(dim=-1, keepdim=True)
    shares = positive / total
    return shares


def mended(tokens: Tensor) -> Tensor:
    return 2 * tokens.mean(dim=1)


BROKEN_CODE = """
def mended(tokens: Tensor) -> Tensor:
    tokens = tokens * 2
    return tokens.mean(dim=0)
"""


def _made(function: Any, stub: str, **more: Any) -> Exercise:
    empty: Any = dict(probes=(), hints=(), misconceptions=())
    return Exercise(function.__name__, "03", function, stub, minutes=3, difficulty=1, **empty, **more)


EXERCISES = {
    "grid_tokens": _made(grid_tokens, "(height, width, patch_size)", core=True),
    "rows_to_one": replace(_made(rows_to_one, "(scores)"), minutes=4, difficulty=2),
    "mended": _made(mended, "(tokens)", unattempted=(BROKEN_CODE,)),
}

GOOD = """\
# %% [markdown] tags=["core"]
# # 03 A title
#
# ## What you will be able to do
#
# 10 minutes. After this lesson you can
#
# - say what a token is;
# - count tokens.
#
# Lesson 02 ended with a question.

# %% tags=["core"]
from vitcourse.exercises import check, hint, quiz
from vitcourse.plots.pipeline import pipeline_strip
from vitcourse.widgets import live, picture, predict, slider

picture(pipeline_strip("block"), alt="You are here: the block.")

# %% [markdown] tags=["core"]
# ## Predict: two guesses

# %% tags=["core"]
count = predict("How many?", choices=["4", "9"])
count

# %% tags=["core"]
share = predict("Which share?", low=0, high=100, unit="%")
share

# %% [markdown] tags=["core"]
# ## The idea
#
# ```python
# ## no heading, a comment
# ```

# %% tags=["core", "nbval-check-output"]
print("tokens", (1, 9, 4))


# %% tags=["core"]
@live(alt="A dot that moves to the right.", n=slider(1, 4))
def dot(figure):
    return lambda n: None


dot

# %% [markdown] tags=["core"]
# ## Measure: the count

# %% tags=["core"]
count.reveal("9")

# %% [markdown] tags=["core"]
# ## Measure: the share

# %% tags=["core"]
share.reveal(30)

# %% [markdown] tags=["core"]
# ## Exercises
#
# ### `grid_tokens`
#
# 3 minutes, difficulty ●○○
#
# Count the patches.

# %% tags=["core", "exercise"]
def grid_tokens(height: int, width: int, patch_size: int) -> int:
    \"""How many patches an image has, whole ones only.\"""
    raise NotImplementedError  # your code here


check(grid_tokens)  # hint(grid_tokens), solution(grid_tokens), progress()

# %% [markdown] tags=["deeper"]
# ### More exercises
#
# ### `rows_to_one`
#
# 4 minutes, difficulty ●●○. Make shares of scores.

# %% tags=["deeper", "exercise"]
def rows_to_one(scores: Tensor) -> Tensor:
    \"""Shares along the last axis, which sum to 1.\"""
    raise NotImplementedError


check(rows_to_one)

# %% [markdown] tags=["deeper"]
# ### `mended`
#
# 3 minutes, difficulty ●○○
#
# The code is wrong.

# %% tags=["deeper", "exercise"]
def mended(tokens: Tensor) -> Tensor:
    \"""The mean token, twice as long.\"""
    tokens = tokens * 2  # twice as long
    return tokens.mean(dim=0)


check(mended)
hint(mended)

# %% [markdown] tags=["deeper"]
# ### The finished layer

# %% mirror="vitcourse.encoder.MLP" tags=["deeper", "hide-source"]
MIRROR

# %% [markdown] tags=["core"]
# ## Recap
#
# Tokens.
#
# ## Quiz
#
# Click.

# %% tags=["core"]
quiz("03")

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# ### A topic

# %% tags=["deeper"]
print(3)

# %% [markdown] tags=["deeper"]
# ### Another topic

# %% [markdown] tags=["core"]
# ## Papers
#
# Dosovitskiy et al., 2021.
"""
