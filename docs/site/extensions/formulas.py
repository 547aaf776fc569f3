"""Formulas as MathML, written when the pages are: browsers draw it themselves, and no script is needed.

Block formulas are `$$...$$` in a lesson, those within a sentence `$...$`.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert

MATHML = "http://www.w3.org/1998/Math/MathML"
PRIMES = ("\u2032", "\u2033", "\u2034")
NORM = "\u2016"
ACCENTS = ("\u00af", "~", "^", "\u02d9")
NO_OPERATORS = ("\u221e", "\u2026", "\u22a4", "max", "min")  # infinity, dots, transposed
TIGHT = ("/", ".", *PRIMES)
OPENING = ("(", "[", "{", NORM)
FUNCTIONS = ("sin", "cos", "tan", "ln", "log", "exp", "max", "min")

Element = ElementTree.Element


def mathml(formula: str, display: str = "inline") -> str:
    """A LaTeX formula as MathML, spaced as TeX spaces it."""
    ElementTree.register_namespace("", "")
    tree = ElementTree.fromstring(convert(formula, display=display).replace(f' xmlns="{MATHML}"', ""))
    for element in list(tree.iter()):
        _element(element)
    for element in list(tree.iter()):
        if element.tag in ("math", "mrow", "mtd"):
            _row(element)
    return ElementTree.tostring(tree, encoding="unicode")


def _element(element: Element) -> None:
    """What follows from an element alone."""
    if element.tag == "mover" and element[1].text in ACCENTS:
        element.set("accent", "true")
    if element.tag == "msup" and element[1].text in PRIMES:
        element.tag, element[1].tag = "mrow", "mo"  # a prime is drawn raised already
    if element.tag == "mo":
        if element.text in NO_OPERATORS or (len(element.text or "") > 1 and (element.text or "").isalpha()):
            element.tag = "mi"
            element.attrib.clear()
        elif element.text in TIGHT:
            element.attrib.update(lspace="0", rspace="0")


def _row(row: Element) -> None:
    """What follows from an element's neighbors in its row."""
    norms = 0
    for position in range(len(row) - 1, -1, -1):
        here = row[position]
        before = row[position - 1] if position else None
        if here.tag == "mo" and here.text in ("\u2212", "-", "+") and _opens(before):
            here.attrib.update(form="prefix", lspace="0", rspace="0")
        elif here.tag == "mo" and here.text == NORM:
            norms += 1  # from the right: the first one closes
            here.attrib.update(form="postfix" if norms % 2 else "prefix", stretchy="false", lspace="0", rspace="0")
        elif before is None or before.tag == "mspace":
            continue
        elif (_is_function(before) and not _begins_bracket(here)) or (_is_function(here) and before.tag != "mo"):
            row.insert(position, Element("mspace", width="0.167em"))


def _opens(before: Element | None) -> bool:
    """Whether a sign that follows stands before a number, and not between two."""
    return before is None or (before.tag == "mo" and before.text in (*OPENING, ",", "=", ";"))


def _is_function(element: Element) -> bool:
    return element.tag == "mi" and element.text in FUNCTIONS


def _begins_bracket(element: Element) -> bool:
    first = element[0] if element.tag == "mrow" and len(element) else element
    return first.tag in ("mo", "mspace")


def inline(writer: Any, node: nodes.math) -> None:
    writer.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="formula">{mathml(node.astext(), "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
