"""How long the core of a lesson takes a learner: reading, waiting for cells, exercises.

Reading counts the words of core Markdown cells at 180 a minute. Formulas count as a few words, inline code as one; HTML
tags, alt texts, addresses of links and code blocks as none. The text of code cells, docstrings and comments
included, does not count as prose: it is read while the idea beside it is, and a learner may skim it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lesson_source import Lesson, Notebook, tags

WORDS_A_MINUTE = 180
DISPLAYED_FORMULA = " formula of about five words "
INLINE_FORMULA = " short formula "

# In this order: what stands in a code block is no formula, what stands in a formula is no emphasis.
COUNTED_AS = (
    (re.compile(r"^\s*(`{3,}|~{3,}).*?^\s*\1`*\s*$", re.DOTALL | re.MULTILINE), " "),
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(r"\$\$.+?\$\$|\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL), DISPLAYED_FORMULA),
    (re.compile(r"(?<![\\$])\$(?!\s)[^$\n]+(?:\n[^$\n]+)*?(?<!\s)\$"), INLINE_FORMULA),
    (re.compile(r"(`+)(?!`).+?\1"), " code "),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), " "),
    (re.compile(r"\]\([^)]*\)"), "] "),
    (re.compile(r"<?https?://\S+"), " "),
)
WORD = re.compile(r"[^\W_]+(?:[-'’.,/][^\W_]+)*")


@dataclass(frozen=True)
class CoreTime:
    """Core minutes of a lesson and their parts."""

    words: int
    run_seconds: float
    exercise_minutes: float

    @property
    def minutes(self) -> float:
        return self.words / WORDS_A_MINUTE + self.run_seconds / 60 + self.exercise_minutes

    def __str__(self) -> str:
        return (
            f"{self.minutes:.1f} core min ({self.words} words {self.words / WORDS_A_MINUTE:.1f}, "
            f"run {self.run_seconds / 60:.1f}, exercises {self.exercise_minutes:.0f})"
        )


def words(markdown: str) -> int:
    """Words of a Markdown text as a reader counts them."""
    for pattern, counted in COUNTED_AS:
        markdown = pattern.sub(counted, markdown)
    return len(WORD.findall(markdown))


def core_time(lesson: Lesson, notebook: Notebook) -> CoreTime:
    """Core minutes of a notebook; its run time is the figure that the builder left in its metadata."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown" and "core" in tags(cell))
    return CoreTime(
        words=sum(map(words, prose)),
        run_seconds=notebook.metadata.get("vitcourse", {}).get("core_seconds", 0),
        exercise_minutes=lesson.exercise_minutes,
    )
