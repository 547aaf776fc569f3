"""Checks of what a committed notebook keeps: counts, outputs, pictures, metadata."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from lesson_files import calls, code_cells, tags
from lesson_outputs import ADDRESS, CHECKED, WIDGET_VIEW, visible_text

PATH = re.compile(r"(?<![\w.<:/])/(?:home|root|Users|tmp|usr|opt|var|mnt|work|private|srv)/\w|\b[A-Z]:\\\w")
MANY_DIGITS = re.compile(r"(?<![\w.])\d[\d,]*\.\d+(?:[eE][-+]?\d+)?")
WITH_ALT = ("picture", "live", "job")
LEAST_CHECKED = 5


def execution_problems(cells: list[Any]) -> list[str]:
    """Every code cell ran, in order, without an error, a warning or anything else on stderr."""
    problems = []
    for expected, cell in enumerate(code_cells(cells), start=1):
        if cell.execution_count != expected:
            problems.append(f"{cell.id} has the execution count {cell.execution_count}, expected {expected}")
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"{cell.id} failed: {output.ename}: {output.evalue}")
            elif output.output_type == "stream" and output.name == "stderr":
                problems.append(f"{cell.id} wrote to stderr: {output.text.strip()[:80]}")
    return problems


def checked_problems(cells: list[Any]) -> list[str]:
    """At least five cells whose output nbval compares; it passes silently one that has none."""
    checked = [cell for cell in code_cells(cells) if CHECKED in tags(cell)]
    problems = []
    if len(checked) < LEAST_CHECKED:
        problems.append(f"{len(checked)} cells are {CHECKED}, at least {LEAST_CHECKED}")
    for cell in checked:
        text = "".join(visible_text(output) for output in cell.outputs)
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})} - {"text/plain"}
        if cell.execution_count is None or not text.strip():
            problems.append(f"{cell.id} is {CHECKED} without count or output")
        if kinds:
            problems.append(f"{cell.id} is {CHECKED} and shows {', '.join(sorted(kinds))}")
        for number in MANY_DIGITS.findall(text):
            if len(re.sub(r"[eE].*|\D", "", number).lstrip("0")) > 6:
                problems.append(f"{cell.id} is {CHECKED} and prints {number}: six digits at most")
    return problems


def private_problems(cells: list[Any]) -> list[str]:
    """No memory address and no path of the builder's machine in what a reader sees."""
    problems = []
    for cell in code_cells(cells):
        for text in map(visible_text, cell.outputs):
            problems += [f"{cell.id} shows {what[0]!r}" for find in (ADDRESS, PATH) if (what := find.search(text))]
    return problems


class _Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.found.append(dict(attributes))


def images(html: str) -> list[dict[str, str | None]]:
    """The attributes of all <img> in a piece of HTML."""
    parser = _Images()
    parser.feed(html)
    return parser.found


def picture_problems(cells: list[Any]) -> list[str]:
    """Every image has alt text; a figure or a widget is never shown bare."""
    problems = []
    for cell in cells:
        shown = [("its text", cell.source)] if cell.cell_type == "markdown" else []
        if cell.cell_type == "markdown":
            problems += [f"{cell.id}: a Markdown image without alt" for _ in re.finditer(r"!\[\s*\]\(", cell.source)]
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown += [("an output", data["text/html"])] if "text/html" in data else []
            if WIDGET_VIEW in data:
                problems.append(f"{cell.id} keeps a live view: its model is gone, readers see 'model not found'")
            bare = [kind for kind in data if kind.startswith("image/")]
            if bare and "<img" not in data.get("text/html", ""):
                problems.append(f"{cell.id} shows {bare[0]} bare: use picture(figure, alt=...)")
            if "<Figure size" in data.get("text/plain", ""):
                problems.append(f"{cell.id} shows a figure's repr: end the cell with picture(figure, alt=...)")
        for where, html in shown:
            problems += [f"{cell.id}: an image in {where} without alt text" for image in images(html)
                         if not (image.get("alt") or "").strip()]  # fmt: skip
    return problems


def alt_problems(cells: list[Any]) -> list[str]:
    """Each picture(...), live(...) and job(...) says what it shows."""
    problems = []
    for cell in code_cells(cells):
        for call in calls(cell, *WITH_ALT):
            alt = next((word.value for word in call.keywords if word.arg == "alt"), None)
            text = getattr(alt, "value", "a computed text of some words")
            if alt is None or (isinstance(text, str) and len(text.split()) < 3):
                problems.append(f"{cell.id}, line {call.lineno}: no alt text of at least three words")
    return problems


def metadata_problems(written: Any, built: Any) -> list[str]:
    """Ids and metadata as the source defines them: no times, no widget state, nothing of the builder's machine."""
    problems = []
    for mine, theirs in zip(written.cells, built.cells, strict=False):
        if mine.id != theirs.id:
            problems.append(f"{theirs.id}: the id should be {mine.id}")
        if mine.metadata != theirs.metadata:
            problems.append(f"{theirs.id}: metadata {dict(theirs.metadata)}, expected {dict(mine.metadata)}")
        if problems:
            break  # the rest follows from the first
    extra = {key: value for key, value in built.metadata.items() if key != "vitcourse"}
    if extra != written.metadata:
        problems.append(f"the notebook's metadata are {sorted(extra)}, expected {sorted(written.metadata)}")
    if not isinstance(built.metadata.get("vitcourse", {}).get("core_seconds"), int):
        problems.append("metadata without core_seconds: build it with tools/build_notebooks.py")
    return problems
