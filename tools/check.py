"""All checks of the course, one after the other; what fails does not keep the rest from running.

python tools/check.py          what `make test` runs
python tools/check.py slow     what `make test-slow` runs
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Shapes in public signatures are enforced here, so that an annotation cannot say what is not so.
SHAPES = "--jaxtyping-packages=vitcourse,shapes.checked"

Step = tuple[str, list[str]]


def _pytest(*options: str) -> list[str]:
    # Why tests were skipped is part of the result: without Chromium, nothing was looked at in a browser.
    return [sys.executable, "-m", "pytest", "-rfEs", *options]


def _paths(pattern: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def fast_steps() -> list[Step]:
    notebooks = _paths("notebooks/*.ipynb")
    return [
        ("ruff", [sys.executable, "-m", "ruff", "check", "."]),
        ("mypy", [sys.executable, "-m", "mypy", "vitcourse", *_paths("lessons/*.py")]),
        ("tests", _pytest("-m", "not slow", SHAPES, "--ignore=tests/bad_input")),
        # With the shapes enforced, they would answer wrong arguments before the course's own messages do.
        ("bad input", _pytest("-m", "not slow", "tests/bad_input")),
        ("notebooks", _pytest("--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=120", *notebooks)),
    ]


def slow_steps() -> list[Step]:
    return [("slow tests", _pytest("-m", "slow"))]


def run(steps: list[Step]) -> int:
    """Run all steps, print what each took; return 0 if all passed, else 1.

    What exercises note meanwhile is thrown away: the user's own progress stays as it is.
    """
    lines, failed = [], False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as state:
        environment = os.environ | {"VITCOURSE_STATE": state}
        for name, command in steps:
            print(f"== {name}", flush=True)
            started = time.monotonic()
            code = subprocess.call(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=environment)
            failed = failed or code != 0
            lines.append(f"{'FAILED' if code else 'ok':7} {name}, {time.monotonic() - started:.0f} s")
    print("==", *lines, sep="\n", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run(slow_steps() if sys.argv[1:] == ["slow"] else fast_steps()))
