"""The claims ledger, `docs/claims.md`, as rows; and what is wrong with a row."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lesson_files import COURSE, ROOT, WRITTEN, headings, source

LEDGER = ROOT / "docs/claims.md"
VERDICTS = ("holds", "holds with limits", "does not hold as stated", "pending")
GROUPS = {"P": 10, "A": 9, "B": 4, "T": 5, "M": 3, "C": 11, "V": 11}
IDS = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
ROW = re.compile(r"^\|\s*([A-Z]\d+)\s*\|", re.MULTILINE)
CELL_END = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Claim:
    """One row of the ledger, its cells as they are written."""

    id: str
    claim: str
    verdict: str
    measured: str
    lesson: str
    test: str

    @property
    def is_pending(self) -> bool:
        return self.verdict == "**pending**"


def rows(text: str) -> list[Claim]:
    """All rows of the ledger's tables, in their order; ValueError names a row that has not six cells."""
    found = []
    for line in text.splitlines():
        if not ROW.match(line):
            continue
        cells = [cell.strip() for cell in CELL_END.split(line.strip())[1:-1]]
        if len(cells) != 6:
            raise ValueError(f"{len(cells)} cells, expected 6 (a | within a cell is written \\|): {line}")
        found.append(Claim(*cells))
    return found


def problems(claim: Claim) -> list[str]:
    """What the row says that is not so."""
    if claim.verdict not in [f"**{verdict}**" for verdict in VERDICTS]:
        return [f"{claim.id}: the verdict {claim.verdict!r} is none of {', '.join(VERDICTS)} (in bold)"]
    if not claim.claim:
        return [f"{claim.id}: no claim"]
    if claim.is_pending:
        filled = {"measured": claim.measured, "lesson": claim.lesson, "test": claim.test}
        return [f"{claim.id} is pending, but {name} says {text!r}" for name, text in filled.items() if text]
    found = [] if re.search(r"\d", claim.measured) else [f"{claim.id}: no figure in {claim.measured!r}"]
    return [f"{claim.id}: {text}" for text in (missing_heading(claim.lesson), missing_test(claim.test)) if text] + found


def missing_heading(anchor: str) -> str | None:
    """`NN, heading`: a lesson that exists, and a heading that stands in it, word for word."""
    number, _, heading = (part.strip() for part in anchor.partition(","))
    lesson = next((lesson for lesson in COURSE if lesson.number == number), None)
    if lesson is None or lesson not in WRITTEN:
        return f"lesson {anchor!r}: there is no lesson {number!r} (write: 03, the heading)"
    known = [text for cell in source(lesson).cells for _, text in headings(cell)]
    if heading not in known:
        return f"lesson {number} has no heading {heading!r}; there are: {'; '.join(known)}"
    return None


def missing_test(test: str) -> str | None:
    """`tests/.../test_x.py::test_name`, several with commas between: files and functions that exist."""
    for one in (part.strip().strip("`") for part in test.split(",")):
        file, _, name = one.partition("::")
        if not (file.startswith("tests/") and (ROOT / file).is_file()):
            return f"test {one!r}: there is no such file"
        if name not in functions((ROOT / file).read_text(encoding="utf-8")):
            return f"test {one!r}: there is no such function"
    return None


def functions(text: str) -> Iterable[str]:
    """Names of the test functions at the top level of a file."""
    body = ast.parse(text).body
    return [node.name for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
