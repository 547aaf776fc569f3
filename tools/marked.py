"""The region between `<!-- name -->` and `<!-- /name -->` of a Markdown text, which a tool writes."""

from __future__ import annotations

import re


def with_region(text: str, name: str, content: str) -> str:
    """``text`` with the region's content replaced; empty content leaves the two markers alone.

    Raises:
        ValueError: the text does not have both markers, once and in order.
    """
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        raise ValueError(f"the text needs one {start} and one {end} after it")
    content = f"\n{content.strip()}\n" if content.strip() else "\n"
    return re.sub(f"{re.escape(start)}.*{re.escape(end)}", lambda _: start + content + end, text, flags=re.DOTALL)
