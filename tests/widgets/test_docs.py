"""The examples of docs/widgets.md run, one after the other, as the cells of a notebook do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import vitcourse.widgets

PAGE = Path(__file__).resolve().parents[2] / "docs/widgets.md"
TEXT = PAGE.read_text(encoding="utf-8")
FENCE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_the_examples_run():
    names: dict[str, object] = {}
    examples = list(FENCE.finditer(TEXT))
    assert len(examples) >= 8
    for example in examples:
        line = TEXT[: example.start()].count("\n") + 1
        code = "\n" * line + example[1]  # so that a traceback names the page's own line
        exec(compile(code, str(PAGE), "exec"), names)


@pytest.mark.parametrize(
    "name", sorted(set(vitcourse.widgets.__all__) - {"Explorer", "Figure", "Job", "Live", "Picture", "Prediction"})
)
def test_the_page_shows_every_function(name):
    assert re.search(rf"\b{name}\(", "".join(FENCE.findall(TEXT)))
