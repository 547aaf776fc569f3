"""`make bench`: install the libraries to compare with, run all benchmarks one after the other, write their tables.

python tools/run_benchmarks.py                   all of them
python tools/run_benchmarks.py start map_toll    these
QUICK=1 python tools/run_benchmarks.py           a thin version of each; docs/benchmarks.md stays as it is

What fails does not keep the rest from running. The benchmarks in a browser need Chromium or Chrome; docs/benchmarks.md
has their figures by hand.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/browser"))
from lab import find_chromium
from pip_step import Missing, run_pip
from write_benchmarks import ROOT, write_tables

OUT = ROOT / "build/benchmarks"
# The quick ones first; the last trains for over an hour.
COMPUTED: dict[str, list[str]] = {
    "training_step": [],
    "map_toll": [],
    "peak_memory": [],
    "step_and_forward": [],
    "start": [],
    "time_to_accuracy": [],
}
IN_A_BROWSER = ("pen_latency", "explorer", "slider_latency", "lesson_latency")


def missing_libraries(root: Path = ROOT) -> list[str]:
    """What the extra `bench` asks for and this environment does not have."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [line for line in project["optional-dependencies"]["bench"] if not _installed(Requirement(line))]


def _installed(requirement: Requirement) -> bool:
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name))
    except importlib.metadata.PackageNotFoundError:
        return False


def commands(names: list[str], quick: bool) -> dict[str, list[str]]:
    """The command of each benchmark; a thin version has none for those in a browser."""
    found = {name: ["--quick"] if quick else options for name, options in COMPUTED.items()}
    if not quick:
        found |= {name: ["--out", str(OUT / f"{name}.json")] for name in IN_A_BROWSER}
    if unknown := sorted(set(names) - set(found)):
        raise SystemExit(f"bench: no benchmark {', '.join(unknown)}; there are: {', '.join(found)}")
    return {
        name: [sys.executable, f"benchmarks/{name}.py", *options]
        for name, options in found.items()
        if name in (names or found)
    }


def run(wanted: dict[str, list[str]]) -> int:
    """Runs them; prints what each took; 1 if one failed."""
    lines, failed = [], False
    OUT.mkdir(parents=True, exist_ok=True)
    for name, command in wanted.items():
        if name in IN_A_BROWSER and not find_chromium():
            lines.append(f"skipped {name}: needs Chromium or Chrome")
            continue
        print(f"== {name}", flush=True)
        started = time.monotonic()
        code = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        failed = failed or code != 0
        lines.append(f"{'FAILED' if code else 'ok':7} {name}, {time.monotonic() - started:.0f} s")
    print("==", *lines, sep="\n", flush=True)
    return 1 if failed else 0


def main() -> int:
    quick = os.environ.get("QUICK", "") not in ("", "0")
    wanted = commands(sys.argv[1:], quick)
    try:
        if lacking := missing_libraries():
            run_pip(ROOT, "-c", "constraints.txt", *lacking)
    except Missing as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    status = run(wanted)
    if not quick:
        write_tables(OUT, ROOT / "docs/benchmarks.md")
    return status


if __name__ == "__main__":
    sys.exit(main())
