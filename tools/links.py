"""`make links REPO=owner/name`: Binder and Colab links of one GitHub repository, into README.md and lessons/*.py.

In a lesson two cells are written after its first Markdown cell: the links, and the cell that installs the course on
Colab. Running the tool again replaces them; `--remove` takes them out. Without a repository there are no links.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from marked import with_region

ROOT = Path(__file__).resolve().parents[1]
# GitHub: an owner of letters, digits and single hyphens; a name of letters, digits, dots, hyphens and underscores.
REPOSITORY = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*/(?!\.{1,2}$)[A-Za-z0-9._-]+(?<!\.git)")
# Any cell that this tool has written, up to the next cell or the end of the file.
OWN_CELL = re.compile(r'^# %%[^\n]*"(?:links|colab)"\]\n(?:(?!# %%).*\n?)*', re.MULTILINE)
NEXT_CELL = re.compile(r"^# %%", re.MULTILINE)

CELLS = """\
# %% [markdown] tags=["core", "links"]
# [Open this lesson in Binder][binder] | [Open it in Colab][colab]
#
# [binder]: {binder}
# [colab]: {colab}

# %% tags=["core", "hide-source", "colab"]
# Colab has PyTorch and most of the rest, but not this course. Where the course is installed, nothing happens here.
import importlib.util

if importlib.util.find_spec("vitcourse") is None:
    import subprocess
    import sys

    for wanted in (
        ["anywidget", "einops", "jaxtyping", "platformdirs", "safetensors"],
        ["--no-deps", "git+https://github.com/{repository}"],
    ):
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)

"""


def checked(repository: str) -> str:
    """``repository`` if GitHub could know it; else ``ValueError``."""
    if not REPOSITORY.fullmatch(repository):
        raise ValueError(f"REPO={repository!r} must be a GitHub owner and a name, such as make links REPO=owner/name")
    return repository


def binder(repository: str, lesson: str) -> str:
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/work/{lesson}.ipynb"


def colab(repository: str, lesson: str) -> str:
    return f"https://colab.research.google.com/github/{repository}/blob/HEAD/notebooks/{lesson}.ipynb"


def in_lesson(source: str, lesson: str, repository: str | None) -> str:
    """A lesson's source with this repository's two cells, or without any for ``None``."""
    source = OWN_CELL.sub("", source)
    if repository is None:
        return source
    starts = [match.start() for match in NEXT_CELL.finditer(source)]
    if not starts or not source.startswith("# %% [markdown]", starts[0]):
        raise ValueError(f"lesson {lesson} must begin with a Markdown cell")
    after_first = starts[1] if len(starts) > 1 else len(source)
    cells = CELLS.format(binder=binder(repository, lesson), colab=colab(repository, lesson), repository=repository)
    return source[:after_first] + cells + source[after_first:]


def in_readme(text: str, lessons: list[str], repository: str | None) -> str:
    """The README with a line for Binder and one for Colab, or with nothing between the markers."""
    if repository is None or not lessons:
        return with_region(text, "links", "")
    each = ", ".join(f"[{lesson[:2]}]({colab(repository, lesson)})" for lesson in lessons)
    lines = [
        "Nothing to install:",
        "",
        f"- [Open the course in Binder]({binder(repository, lessons[0])}); the first start takes some minutes",
        f"- Open a lesson in Colab: {each}; run its second cell first, it installs the course",
    ]
    return with_region(text, "links", "\n".join(lines))


def write_links(root: Path, repository: str | None) -> list[Path]:
    """Write all links; return the files that changed. Nothing is written unless every file can be."""
    lessons = sorted((root / "lessons").glob("[0-9][0-9]_*.py"))
    new = {path: in_lesson(path.read_text(encoding="utf-8"), path.stem, repository) for path in lessons}
    readme = root / "README.md"
    new[readme] = in_readme(readme.read_text(encoding="utf-8"), [path.stem for path in lessons], repository)
    changed = [path for path, text in new.items() if text != path.read_text(encoding="utf-8")]
    for path in changed:
        path.write_text(new[path], encoding="utf-8")
    return changed


def main(arguments: list[str]) -> int:
    try:
        repository = None if arguments == ["--remove"] else checked(arguments[0] if arguments else "")
        changed = write_links(ROOT, repository)
    except ValueError as error:
        print(f"links: {error}", file=sys.stderr)
        return 2
    print(*[path.relative_to(ROOT) for path in changed], sep="\n")
    print("links: now run `make notebooks`" if changed else "links: nothing to change")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
