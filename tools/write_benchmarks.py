"""Puts the tables of build/benchmarks/*.json between their markers in docs/benchmarks.md; `make bench` does it too.

python tools/write_benchmarks.py

A table whose file is not there stays as it is: not all are measured at the same time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marked import with_region

ROOT = Path(__file__).resolve().parents[1]
# Files of benchmarks/report.py, by the name of their region.
NAMES = (
    "time_to_accuracy",
    "step_and_forward",
    "share_of_peak",
    "peak_memory",
    "map_toll",
    "training_step",
    "start",
)


def region(kept: dict[str, Any]) -> str:
    """What stands between the markers: the machine, the table, the note under it."""
    parts = [about(kept["machine"]), table(kept["header"], kept["rows"]), kept["note"]]
    return "\n\n".join(part for part in parts if part)


def about(machine: dict[str, Any]) -> str:
    """One sentence: date, machine, versions."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"Measured on {machine['date']}: {machine['processor']}, cores: {machine['cores']}, threads: "
        f"{machine['threads']}, Python {machine['python']}, {versions}; load before the run {machine['load']}."
    )


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def write_tables(folder: Path, page: Path) -> list[str]:
    """Writes every table that `folder` has a file for; returns their names."""
    text, written = page.read_text(encoding="utf-8"), []
    for name in NAMES:
        if (path := folder / f"{name}.json").exists():
            text = with_region(text, name, region(json.loads(path.read_text(encoding="utf-8"))))
            written.append(name)
    page.write_text(text, encoding="utf-8")
    return written


if __name__ == "__main__":
    print("written:", ", ".join(write_tables(ROOT / "build/benchmarks", ROOT / "docs/benchmarks.md")) or "nothing")
