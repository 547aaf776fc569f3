"""Texts of the repository as pages: the start page, and the documents without links to what no page shows."""

from __future__ import annotations

import re

from lesson_source import ROOT, Lesson
from marked import with_region

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
BESIDE = re.compile(r"<!-- links -->\n(.*?)<!-- /links -->", re.DOTALL)


def start_page(text: str, lessons: list[Lesson]) -> str:
    """docs/site/index.md with the table of lessons, the list for the menu, and the links that `make links` has set."""
    rows = ["| | lesson | minutes |", "|---|---|---|"]
    rows += [
        f"| {each.number} | [{each.title}](lessons/{each.name}.ipynb) | {each.minutes or 'optional'} |"
        for each in lessons
    ]
    rows.append(f"| | together | {sum(each.minutes or 0 for each in lessons)} |")
    text = with_region(text, "lessons", "\n".join(rows))
    menu = [f"{each.number} {each.title} <lessons/{each.name}.ipynb>" for each in lessons]
    text = with_region(text, "menu", "\n".join(["```{toctree}", ":hidden:", ":caption: Lessons", "", *menu, "```"]))
    links = BESIDE.search((ROOT / "README.md").read_text(encoding="utf-8"))
    return with_region(text, "links", links[1].strip() if links else "")


def without_links_outside(text: str) -> str:
    """Markdown with the words alone where a link leads to a file of the repository.

    A link to the README's table of lessons leads to the start page, which has the same.
    """

    def kept(match: re.Match[str]) -> str:
        words, target = match[1], match[2]
        if "://" in target or target.startswith("#"):
            return match[0]
        return "[start page](index.md)" if target.endswith("README.md#the-lessons") else words

    return LINK.sub(kept, text)
