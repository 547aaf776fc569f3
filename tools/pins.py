"""`make pins`: write constraints.txt from the versions in this environment.

Pinned is everything that the package, its tests, pages and benchmarks need, directly or through others, where it is
installed. Left out are the CUDA libraries, which follow from PyTorch's own version and exist on Linux only. Names and
versions alone: where packages come from is pip's configuration. A version that the oldest Python of the course cannot
take is refused.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
OLDEST_PYTHON = "3.11.0"
BY_PYTORCH = re.compile(r"nvidia-|cuda-|triton|pytorch-triton")
HEADER = """\
# The versions with which the course was tested: everything that it needs, directly or through other packages.
# To refresh: make an environment without this file's pins (.venv/bin/pip install --upgrade -e '.[test,html,bench]'),
# run `make test`, then `make pins`. torch and torchvision belong together: their releases come in pairs.
"""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def stated(root: Path = ROOT) -> list[str]:
    """What pyproject.toml asks for, the packages for tests, pages and benchmarks included."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *extras["test"], *extras["html"], *extras["bench"]]


def installed_closure(requirements: list[str]) -> dict[str, str]:
    """Name and version of each requirement that is installed, and of all that those need in turn."""
    found: dict[str, str] = {}
    waiting = [(Requirement(line), "") for line in requirements]
    seen = set()
    while waiting:
        requirement, extra = waiting.pop()
        name = canonical(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen and not BY_PYTORCH.match(name):
                seen.add((name, wanted))
                waiting += [(Requirement(line), wanted) for line in distribution.requires or []]
                # A build of PyTorch's own index says 2.15.0+cpu; pinned is the release.
                found[name] = distribution.version.partition("+")[0]
    return found


def too_new(names: Iterable[str], python: str = OLDEST_PYTHON) -> list[str]:
    """Those of ``names`` whose installed version ``python`` cannot take: systems stay at an early release for years."""
    metadata = {name: importlib.metadata.metadata(name) for name in names}
    needs = {name: fields["Requires-Python"] for name, fields in metadata.items() if "Requires-Python" in fields}
    return [
        f"{name} needs Python {range_}" for name, range_ in needs.items() if not SpecifierSet(range_).contains(python)
    ]


def main() -> None:
    if refused := too_new(installed_closure(stated())):
        sys.exit(f"pins: install older versions of these, Python {OLDEST_PYTHON} is served too: {', '.join(refused)}")
    lines = [f"{name}=={version}" for name, version in sorted(installed_closure(stated()).items())]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} pins")


if __name__ == "__main__":
    main()
