"""Checks of a lesson's parts: headings and their order, predictions, quiz, tags, folding."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from lesson_files import called, calls, headings, prose_lines, tags, tree

ORDER = ("What you will be able to do", "Predict", "Measure", "Exercises", "Recap", "Quiz", "Deeper", "Papers")
OPTIONAL = {"Exercises"}
OPTIONAL_AT_THE_START = OPTIONAL | {"Measure", "Deeper"}  # lesson 00 shows, it does not measure
REPEATED = {"Measure"}
TAGS = {
    "core",
    "deeper",
    "exercise",
    "nbval-check-output",
    "hide-source",
    "links",
    "colab",
}  # the last two: tools/links.py
CORE_PARTS = ("What you will be able to do", "Predict", "Recap", "Quiz")


@dataclass
class Section:
    """What stands below one heading of level 2: its prose, and the cells in which it stands or begins."""

    name: str
    first: int
    tags: list[str]
    lines: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def sections(cells: list[Any]) -> list[Section]:
    """Sections in their order; the name is the heading up to a colon."""
    found: list[Section] = []
    for position, cell in enumerate(cells):
        if cell.cell_type != "markdown":
            continue
        for line in prose_lines(cell.source):
            if line.startswith("## "):
                found.append(Section(line[3:].partition(":")[0].strip(), position, tags(cell)))
            elif found:
                found[-1].lines.append(line)
    return found


def title_problems(lesson: Any, cells: list[Any]) -> list[str]:
    expected = f"# {lesson.number} {lesson.title}"
    first = cells[0].source.splitlines()[0] if cells and cells[0].source else ""
    problems = [] if first == expected else [f"the first line is {first!r}, expected {expected!r}"]
    count = sum(level == 1 for cell in cells for level, _ in headings(cell))
    return problems + ([] if count == 1 else [f"{count} headings of level 1"])


def order_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """The parts that `docs/lesson_shape.md` names: all there, once, in their order."""
    names = [section.name for section in sections(cells) if section.name in ORDER]
    optional = OPTIONAL_AT_THE_START if lesson.number == "00" else OPTIONAL
    problems = [f"no heading '## {name}'" for name in ORDER if name not in names and name not in optional]
    problems += [f"'## {name}' stands {names.count(name)} times" for name in ORDER
                 if names.count(name) > 1 and name not in REPEATED]  # fmt: skip
    if names != sorted(names, key=ORDER.index):
        problems.append(f"parts in this order: {', '.join(names)}")
    return problems


def opening_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """The list of aims, the minutes, the line that recalls the lesson before."""
    opening = next((section for section in sections(cells) if section.name == ORDER[0]), None)
    if opening is None:
        return []  # order_problems says so
    problems = []
    if len(re.findall(r"^[-*] ", opening.text, re.MULTILINE)) < 2:
        problems.append("no list of what you will be able to do")
    minutes = re.findall(r"(\d+) minutes", opening.text)
    if lesson.minutes is not None and minutes != [str(lesson.minutes)]:
        problems.append(f"says {minutes} minutes, the course table {lesson.minutes}")
    before = f"lesson {int(lesson.number) - 1:02d}"
    until = next((s.first for s in sections(cells) if s.first > opening.first), len(cells))
    text = "\n".join(cell.source for cell in cells[:until] if cell.cell_type == "markdown").lower()
    if lesson.number != "00" and before not in " ".join(text.split()):
        problems.append(f"does not recall {before}")
    return problems


def prediction_problems(cells: list[Any]) -> list[str]:
    """At least two predictions, the strip and the heading before the first, each revealed in a later cell."""
    places = [position for position, cell in enumerate(cells) for _ in calls(cell, "predict")]
    problems = [] if len(places) >= 2 else [f"{len(places)} calls of predict(...), at least 2"]
    if not places:
        return problems
    outside = [cells[position].id for position in places if "core" not in tags(cells[position])]
    problems += [f"{cell} asks for a prediction outside the core" for cell in outside]
    strips = [position for position, cell in enumerate(cells) if calls(cell, "pipeline_strip")]
    if not strips or strips[0] > places[0]:
        problems.append("no pipeline_strip(...) before the first prediction")
    heading = next((s.first for s in sections(cells) if s.name == "Predict"), None)
    if heading is not None and heading > places[0]:
        problems.append(f"{cells[places[0]].id} predicts before the heading '## Predict'")
    for name, position in _predictions(cells).items():
        later = [cell for cell in cells[position + 1 :] if f"{name}.reveal(" in cell.source and calls(cell, "reveal")]
        if not later:
            problems.append(f"{name} is never revealed")
        problems += [f"{cell.id} reveals a guess: not nbval-check-output" for cell in later
                     if "nbval-check-output" in tags(cell)]  # fmt: skip
    return problems


def _predictions(cells: list[Any]) -> dict[str, int]:
    """Name -> position of its cell, for each `name = predict(...)`."""
    found = {}
    for position, cell in enumerate(cells):
        for node in tree(cell).body if calls(cell, "predict") else ():
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value) == "predict":
                found |= {target.id: position for target in node.targets if isinstance(target, ast.Name)}
    return found


def quiz_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """The lesson's own quiz, the last line of the only code cell below `## Quiz`; its questions stand in a file."""
    found = sections(cells)
    begins = next((section.first for section in found if section.name == "Quiz"), None)
    if begins is None:
        return []  # order_problems says so
    ends = next((section.first for section in found if section.first > begins), len(cells))
    code = [cell for cell in cells[begins:ends] if cell.cell_type == "code"]
    problems = [] if len(code) == 1 else [f"'## Quiz' holds {len(code)} code cells, it must be one"]
    for cell in code:
        body = tree(cell).body
        last = ast.unparse(body[-1]) if body else ""
        if last != f"quiz({lesson.number!r})":
            problems.append(f'{cell.id} must end with quiz("{lesson.number}")')
        if "core" not in tags(cell):
            problems.append(f"{cell.id} holds the quiz, but is not core")
    text = "\n".join(section.text for section in found if section.name == "Quiz")
    if "<details" in text:
        problems.append("an answer in <details>: it belongs into the file of the quiz")
    return problems + [f"{cell.id} calls quiz(...) outside '## Quiz'" for cell in cells
                       if calls(cell, "quiz") and cell not in code]  # fmt: skip


def tag_problems(cells: list[Any]) -> list[str]:
    problems = []
    for cell in cells:
        has = tags(cell)
        if ("core" in has) == ("deeper" in has) or len(has) != len(set(has)):
            problems.append(f"{cell.id} is tagged {has}: exactly one of core and deeper")
        problems += [f"{cell.id} has an unknown tag {tag!r}" for tag in has if tag not in TAGS]
        if cell.cell_type != "code" and {"exercise", "nbval-check-output", "hide-source"} & set(has):
            problems.append(f"{cell.id} is no code cell, but tagged {has}")
        if {"exercise", "hide-source"} <= set(has):
            problems.append(f"{cell.id} is an exercise, but folded")
        if "nbval-check-output" in has and calls(cell, "load"):
            problems.append(f"{cell.id} is nbval-check-output and loads data: without MNIST it prints a line more")
    for section in sections(cells):
        wanted = "core" if section.name in CORE_PARTS else "deeper" if section.name == "Deeper" else None
        if wanted and wanted not in section.tags:
            problems.append(f"'## {section.name}' is not tagged {wanted}")
    return problems


def folding_problems(cells: list[Any]) -> list[str]:
    """A deeper heading folds what follows, up to a heading of its level or above: no core cell may be folded away."""
    problems, folded = [], 0
    for cell in cells:
        found = headings(cell)
        begins = bool(found) and cell.source.lstrip().startswith("#")
        level = min((level for level, _ in found), default=0)  # JupyterLab takes a cell's highest heading
        if "deeper" in tags(cell) and 0 < level <= 2 and not begins:
            problems.append(f"{cell.id} has a heading below other text, which is not folded: begin a cell with it")
        if level and (not folded or level <= folded):
            folded = 0
        if folded and "core" in tags(cell):
            problems.append(f"{cell.id} is core, but folded away by a deeper heading of level {folded}")
            folded = 0
        if not folded and begins and "deeper" in tags(cell):
            folded = level
    return problems


def deeper_problems(lesson: Any, cells: list[Any]) -> list[str]:
    """One heading of level 3 a topic."""
    text = next((section.text for section in sections(cells) if section.name == "Deeper"), None)
    if text is None or re.search(r"^### ", text, re.MULTILINE):
        return []
    return ["'## Deeper' has no heading of level 3"]
