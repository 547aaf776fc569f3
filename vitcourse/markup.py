"""Plain text, in which backticks mark code, as HTML. Text is data, never markup: all of it is escaped."""

from __future__ import annotations

import html


def marked_up(text: str) -> str:
    """HTML for a paragraph in which backticks mark code; one that holds several lines keeps them."""
    if "\n" in text:
        first, rest = text.split("\n", 1)
        return marked_up(first) + preformatted(rest)
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def preformatted(text: str) -> str:
    style = "margin:.3em 0 0;white-space:pre-wrap;font-size:var(--jp-code-font-size,13px)"
    return f"<pre style='{style}'>{html.escape(text)}</pre>"
