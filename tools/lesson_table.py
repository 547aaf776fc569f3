"""`make readme`: the table of lessons in README.md, from lessons/course.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from marked import with_region

ROOT = Path(__file__).resolve().parents[1]


def lesson_rows(root: Path = ROOT) -> list[dict[str, Any]]:
    return tomllib.loads((root / "lessons/course.toml").read_text(encoding="utf-8"))["lesson"]


def table(lessons: list[dict[str, Any]]) -> str:
    lines = ["| | lesson | minutes |", "|---|---|---|"]
    for lesson in lessons:
        notebook = f"notebooks/{lesson['number']}_{lesson['slug']}.ipynb"
        # A lesson that is still to be written stands in the table, without a link.
        link = f"[{lesson['title']}]({notebook})" if (ROOT / notebook).exists() else lesson["title"]
        lines.append(f"| {lesson['number']} | {link} | {lesson.get('minutes', 'optional')} |")
    total = sum(lesson.get("minutes", 0) for lesson in lessons)
    return "\n".join([*lines, f"| | together | {total} |"])


def main() -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(with_region(text, "lessons", table(lesson_rows())), encoding="utf-8")


if __name__ == "__main__":
    main()
