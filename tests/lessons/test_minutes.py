"""How the minutes of a lesson are counted."""

from __future__ import annotations

import lesson_files
import pytest
from lesson_minutes import core_time, words

TEXT = """\
# %% [markdown] tags=["core"]
# # 03 A title
#
# {core}

# %% [markdown] tags=["deeper"]
# ## Deeper
#
# {deeper}
"""


@pytest.mark.parametrize(
    ("markdown", "count"),
    [
        ("Tokens are cut, flattened and projected.", 6),
        ("a 28 x 28 image, 1,797,514 numbers, don't", 8),
        ("- **one** _two_ *three*", 3),
        ("the vector $x_i$ is", 5),
        ("so\n\n$$z_0 = [x_{cls}; x_1 E] + E_{pos}$$\n\nholds", 7),
        ("`tokens + positions` is one word", 4),
        ("before\n\n```python\nx = 1  # not counted\n```\n\nafter", 2),
        ("a [link](https://example.org/a/b) here", 3),
        ("![a long alt text](x.png) word", 1),
        ("<details><summary>Answer</summary>\n\nYes.\n\n</details>", 2),
        ("", 0),
    ],
)
def test_words(markdown, count):
    assert words(markdown) == count


def test_core_minutes_are_reading_running_and_exercises(tmp_path):
    text = TEXT.format(core="word " * 357, deeper="word " * 999)  # and the three words of the title
    lesson, notebook = lesson_files.made(text, tmp_path)
    notebook.metadata["vitcourse"] = {"core_seconds": 90}
    assert core_time(lesson, notebook).minutes == pytest.approx(2 + 1.5)
