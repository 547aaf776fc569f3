"""The claims ledger: every claim once, with a verdict, the figure, the heading and the test that back it."""

from __future__ import annotations

import claims
import pytest
from claims import IDS, LEDGER, Claim
from lesson_checks import none_of

# Those that need no long experiment: measured by lessons 01 to 07.
PATCHES, ATTENTION = ("P1", "P2", "P4", "P5", "P7", "P8"), ("A1", "A2", "A3", "A4", "A5", "A8", "A9")
MODEL, CNN = ("B1", "B2", "B3", "B4", "T3", "T4", "M1"), ("C1", "C2", "C3", "C5", "C7", "C10")
TABLES = ("P3", "P6", "P9", "P10", "A6", "A7", "T2", "T5", "M2", "M3", "C4", "C6", "C8")  # by the long experiments
MEASURED = PATCHES + ATTENTION + MODEL + CNN + TABLES

ROWS = claims.rows(LEDGER.read_text(encoding="utf-8"))
GOOD = Claim("P1", "A claim", "**holds**", "49 tokens", "", "`tests/test_patches.py::{}`")


def test_every_id_stands_once_and_in_order():
    assert [row.id for row in ROWS] == IDS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_row(row):
    none_of(claims.problems(row))


@pytest.mark.parametrize("name", MEASURED)
def test_is_measured(name):
    row = next(row for row in ROWS if row.id == name)
    none_of([f"{name} is still pending: its lesson measures it"] if row.is_pending else [])


@pytest.fixture
def good():
    """A row whose lesson and test exist."""
    lesson = claims.WRITTEN[0]
    heading = next(text for cell in claims.source(lesson).cells for level, text in claims.headings(cell) if level == 2)
    name = claims.functions((claims.ROOT / "tests/test_patches.py").read_text(encoding="utf-8"))[0]
    fields = vars(GOOD) | {"lesson": f"{lesson.number}, {heading}", "test": GOOD.test.format(name)}
    return fields


def test_a_good_row_passes(good):
    assert claims.problems(Claim(**good)) == []
    assert claims.problems(Claim("P1", "A claim", "**pending**", "", "", "")) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "holds"}, "is none of holds, holds with limits"),
        ({"verdict": "**maybe**"}, "is none of"),
        ({"claim": ""}, "no claim"),
        ({"verdict": "**pending**"}, "is pending, but measured says '49 tokens'"),
        ({"measured": "yes"}, "no figure in 'yes'"),
        ({"lesson": ""}, "there is no lesson ''"),
        ({"lesson": "77, Measure"}, "there is no lesson '77'"),
        ({"lesson": f"{claims.WRITTEN[0].number}, No such heading"}, "has no heading 'No such heading'"),
        ({"test": ""}, "no such file"),
        ({"test": "tests/test_nothing.py::test_a"}, "no such file"),
        ({"test": "tests/test_patches.py"}, "no such function"),
        ({"test": "tests/test_patches.py::test_that_is_not_there"}, "no such function"),
    ],
)
def test_a_broken_row_does_not(good, change, says):
    assert says in "\n".join(claims.problems(Claim(**(good | change))))


def test_rows_have_six_cells():
    with pytest.raises(ValueError, match="7 cells, expected 6"):
        claims.rows("| P1 | a | b | **holds** | 1 | 2 | 3 |")
    assert claims.rows(r"| P1 | a \| b | **holds** | 1 | 2 | 3 |")[0].claim == r"a \| b"
