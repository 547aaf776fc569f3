"""`make html`: the lessons as pages in build/html, to be read and partly used without a kernel and without a network.

python tools/build_html.py                 all lessons
python tools/build_html.py 00 06           these two
python tools/build_html.py --no-run        explorers as pictures: nothing is run, seconds instead of minutes

The pages show the committed notebooks. Sphinx and myst-nb come with `pip install -e '.[html]'`, which `make html` does.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from build_notebooks import chosen
from lesson_pages import page_of
from lesson_run import LessonError
from lesson_source import NOTEBOOKS, ROOT, SOURCES, Lesson, course
from math_font import write_font
from site_texts import start_page, without_links_outside

SITE = ROOT / "docs/site"
OUT = ROOT / "build/html"
TEXTS = ("instructors",)  # of docs/, beside the lessons


def lay_out(staging: Path, lessons: list[Lesson], *, live: bool = True) -> None:
    """Writes all that Sphinx reads into an empty folder: configuration, start page, texts, lessons."""
    shutil.copytree(SITE, staging, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    write_font(staging / "_static/math.woff")
    (staging / "lessons").mkdir()
    for lesson in lessons:
        begun = time.perf_counter()
        page = page_of(lesson, nbformat.read(lesson.notebook, as_version=4), live=live)
        nbformat.write(page, staging / "lessons" / lesson.notebook.name)
        print(f"{lesson.name}: {time.perf_counter() - begun:.1f} s", flush=True)
    start = staging / "index.md"
    start.write_text(start_page(start.read_text(encoding="utf-8"), lessons), encoding="utf-8")
    for name in TEXTS:
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        (staging / f"{name}.md").write_text(without_links_outside(text), encoding="utf-8")


def write_pages(staging: Path, out: Path) -> int:
    """Runs Sphinx; returns its exit status. A warning is a failure: the course's own texts are all that it reads."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", cache]
        return subprocess.call([*command, str(staging), str(out)], cwd=ROOT)


def build(lessons: list[Lesson], out: Path, *, live: bool = True) -> int:
    """Writes the pages of `lessons` into the folder `out`, and all of it as `out`.zip.

    What was there before stays until they are complete.

    Returns:
        Sphinx's exit status: 0 where all went well.

    Raises:
        LessonError: a lesson with an explorer was run, and a cell failed.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        staging, fresh = Path(directory, "site"), Path(directory, "html")
        staging.mkdir()
        lay_out(staging, lessons, live=live)
        if status := write_pages(staging, fresh):
            return status
        (fresh / ".buildinfo").unlink(missing_ok=True)
        (fresh / "_sources").rmdir()
        shutil.rmtree(out, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(fresh, out)
        shutil.make_archive(str(out), "zip", directory, "html")
    return 0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write the lessons as pages.")
    parser.add_argument("numbers", nargs="*", metavar="NN", help="lesson numbers; all where none is given")
    parser.add_argument("--no-run", action="store_true", help="show explorers as pictures instead of running lessons")
    parser.add_argument("--out", type=Path, default=OUT, help="an own folder for the pages; it is replaced")
    options = parser.parse_args(arguments)
    lessons = [lesson for lesson in chosen(options.numbers, course(SOURCES, NOTEBOOKS)) if lesson.notebook.exists()]
    begun = time.perf_counter()
    try:
        status = build(lessons, options.out, live=not options.no_run)
    except LessonError as error:
        print(f"html: {error}", file=sys.stderr)
        return 1
    if status == 0:
        print(f"{len(lessons)} lessons in {time.perf_counter() - begun:.0f} s: open {options.out / 'index.html'}")
        print(f"to send them: {options.out}.zip")
    return status


if __name__ == "__main__":
    sys.exit(main())
