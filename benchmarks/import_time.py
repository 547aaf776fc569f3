"""How long `import vitcourse` takes against `import torch`: fresh processes in turn, a table of medians.

python benchmarks/import_time.py [--runs 15]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterable
from statistics import median

LIMIT = 1.15  # times `import torch`
STATEMENTS = ("import torch", "import vitcourse", "from vitcourse import *")


def seconds(statement: str) -> float:
    """The time of one statement in a fresh Python, whose own start is not counted."""
    code = f"import time; began = time.perf_counter(); exec({statement!r}); print(time.perf_counter() - began)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def compare(statements: Iterable[str], runs: int) -> dict[str, float]:
    """Median seconds of each statement, one after the other in every round, so that all see the same machine."""
    for statement in statements:
        seconds(statement)  # brings the files into memory
    times = [{statement: seconds(statement) for statement in statements} for _ in range(runs)]
    return {statement: median(one[statement] for one in times) for statement in statements}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    medians = compare(STATEMENTS, runs)
    print(f"medians of {runs} interleaved runs, Python {sys.version.split()[0]}; limit: {LIMIT} times `import torch`")
    print(f"{'':24} {'time':>8} {'ratio':>6}")
    for statement, taken in medians.items():
        print(f"{statement:24} {taken:6.2f} s {taken / medians['import torch']:6.2f}")
