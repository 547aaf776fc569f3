"""What a benchmark leaves: a table on the screen, and build/benchmarks/NAME.json with the machine and all figures.

`tools/write_benchmarks.py` puts the tables of these files into docs/benchmarks.md.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

LOAD = os.getloadavg()[0]  # as this is imported: before the run, whose own work would count as well
FOLDER = "VITCOURSE_BENCHMARKS"  # environment variable: where the files go instead
PACKAGES = ("torch", "torchvision", "timm", "transformers", "vit-pytorch")


def directory() -> Path:
    """Where the files lie."""
    return Path(os.environ.get(FOLDER) or Path(__file__).resolve().parents[1] / "build/benchmarks")


def machine() -> dict[str, Any]:
    """Date, processor, cores, threads, load before the run, and versions."""
    import torch

    from vitcourse.experiments.tables import processor

    return dict(
        date=date.today().isoformat(),
        processor=processor(),
        cores=os.cpu_count(),
        threads=torch.get_num_threads(),
        load=round(LOAD, 2),
        python=platform.python_version(),
        versions={name: version for name in PACKAGES if (version := _version(name))},
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown, its columns aligned for the screen."""
    cells = [list(map(str, header)), *([str(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    cells.insert(1, ["-" * width for width in widths])
    aligned = ([text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in cells)
    return "\n".join("| " + " | ".join(row) + " |" for row in aligned)


def write(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    data: Any = None,
    *,
    note: str = "",
    quick: bool = False,
) -> Path:
    """Print a table and keep it.

    Args:
        name: of the benchmark, and of the file in build/benchmarks.
        header: of the columns.
        rows: of the table, as they are to be read.
        data: the figures behind it, anything that JSON can hold.
        note: a sentence or two that belong under the table.
        quick: a thin run: its figures mean nothing and lie in a folder beside the others.
    """
    print("\n".join(["", table(header, rows), *([note] if note else [])]), flush=True)
    kept = dict(name=name, machine=machine(), header=header, rows=rows, note=note, data=data)
    folder = directory() / "quick" if quick else directory()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(_finite(kept), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def _finite(value: Any) -> Any:
    """The same without infinities, which JSON has no word for: null in their place."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name).partition("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None
