"""Sections that are folded in a notebook are folded in the page: their heading opens them.

The builder leaves a comment `folded` below the heading of each. The change is made when a page is written, after titles
and contents have been collected.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform


class Folded(SphinxPostTransform):
    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        for comment in list(self.document.findall(nodes.comment)):
            section = comment.parent
            if comment.astext().strip() == "folded" and isinstance(section, nodes.section):
                section.remove(comment)
                title = next(node for node in section.children if isinstance(node, nodes.title))
                at = section.index(title)
                section.insert(at, _html('<details class="folded"><summary>'))
                section.insert(at + 2, _html("</summary>"))
                section.append(_html("</details>"))


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def setup(app: Any) -> dict[str, bool]:
    app.add_post_transform(Folded)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
