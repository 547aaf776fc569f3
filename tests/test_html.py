"""`make html`: formulas, folds, frames and links of the pages. (tests/browser/test_html.py opens them in a browser.)"""

from __future__ import annotations

import copy
import re
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "docs/site/extensions"))
import build_html
import lesson_pages
from formulas import mathml
from lesson_source import Lesson, course, read, written
from site_texts import start_page, without_links_outside

from vitcourse.widgets.standalone import FRAME

FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)
SECRET = "wordofthefoldedsection"


def shown(plain: str, **data: str):
    return nbformat.v4.new_output("display_data", data={"text/plain": plain, **data})


def made_notebook():
    """A lesson with a quiz, an explorer, a folded cell, a folded section and Colab's own cell."""
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# 03 A title\n\n## What you will be able to do\n\nSee $\\sqrt{d_k}$, and\n\n$$a = b$$"),
        v4.new_code_cell("install", metadata={"tags": ["core", "colab"]}),
        v4.new_code_cell(
            "explorer(model)", outputs=[shown("attention explorer: one", **{"image/png": "iVBORw0KGgo="})]
        ),
        v4.new_code_cell("hidden", metadata={"jupyter": {"source_hidden": True}, "tags": ["core"]}),
        v4.new_code_cell("after"),
        v4.new_markdown_cell("## Quiz"),
        v4.new_code_cell(
            'quiz("03")', outputs=[shown("quiz of lesson 03: 5 questions", **{"text/html": "<p>text</p>"})]
        ),
        v4.new_markdown_cell("## Deeper\n\nfolded", metadata={"jp-MarkdownHeadingCollapsed": True}),
        v4.new_markdown_cell(f"### A topic\n\n{SECRET}", metadata={"jp-MarkdownHeadingCollapsed": True}),
        v4.new_markdown_cell("## Papers\n\nat the end"),
    ]
    for number, cell in enumerate(cells, start=1):
        cell.id = f"03-{number:03d}"
    return v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lessons")
    nbformat.write(made_notebook(), folder / "03_made_up.ipynb")
    later = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 04 Another\n\npatchify")])
    later.cells[0].id = "04-001"
    nbformat.write(later, folder / "04_other.ipynb")
    return [
        Lesson("03", "made_up", "A title", 7, notebooks=folder),
        Lesson("04", "other", "Another", notebooks=folder),
    ]


@pytest.fixture(scope="module")
def site(lessons, tmp_path_factory):
    """The folder of a built site."""
    out = tmp_path_factory.mktemp("site") / "html"
    (out / "old").mkdir(parents=True)
    assert build_html.build(lessons, out, live=False) == 0
    return out


def sources(page) -> list[str]:
    return [cell.source for cell in page.cells]


def test_the_committed_notebook_stays_as_it_is(lessons):
    before = made_notebook()
    notebook = copy.deepcopy(before)
    lesson_pages.page_of(lessons[0], notebook, live=False)
    assert notebook == before


def test_a_quiz_becomes_live_without_a_kernel(lessons, monkeypatch):
    monkeypatch.setattr(lesson_pages, "run", lambda *args, **kwargs: pytest.fail("nothing is to be run"))
    page = lesson_pages.page_of(lessons[0], made_notebook(), live=False)
    (output,) = next(cell for cell in page.cells if cell.source.startswith("quiz")).outputs
    assert output.data["text/html"].startswith('<iframe class="vitcourse-alone" sandbox="allow-scripts"')
    assert "Two patches have equal pixels." in output.data["text/html"]


def test_an_explorer_gets_the_frame_of_a_run_up_to_it(lessons, monkeypatch):
    ran = []

    def run(notebook, *, name, timeout):
        ran.extend(sources(notebook))
        notebook.cells[-1].outputs = [shown("attention explorer: one", **{FRAME: "<iframe>alive</iframe>"})]

    monkeypatch.setattr(lesson_pages, "run", run)
    page = lesson_pages.page_of(lessons[0], made_notebook())
    assert "frames_in_bundles" in ran[1]
    assert ran[-1] == "explorer(model)"
    (output,) = next(cell for cell in page.cells if cell.source.startswith("explorer")).outputs
    assert output.data == {"text/html": "<iframe>alive</iframe>"}


def test_the_explorer_is_known_by_what_it_says_of_itself():
    import torch

    import vitcourse as vc
    from vitcourse.exercises import quiz
    from vitcourse.widgets import explorer

    model = vc.VisionTransformer(img_size=8, patch_size=4, in_channels=1, embed_dim=8, depth=1, num_heads=2)
    assert repr(explorer(model, torch.rand(1, 1, 8, 8))).startswith(lesson_pages.EXPLORER)
    assert repr(quiz("03")).startswith(lesson_pages.QUIZ)


@pytest.mark.parametrize(
    ("alive", "words"),
    [
        ([], "Run this lesson in JupyterLab to move the controls and"),
        (["the quiz"], "The quiz works here. Run this lesson in JupyterLab to move the other controls"),
        (["the attention explorer", "the quiz"], "The attention explorer and the quiz work here."),
    ],
)
def test_one_line_says_what_needs_a_kernel(alive, words):
    assert words in lesson_pages.note(alive).source


def test_a_page_says_it_once_and_leaves_colab_out(lessons):
    page = lesson_pages.page_of(lessons[0], made_notebook(), live=False)
    assert [number for number, text in enumerate(sources(page)) if "without-kernel" in text] == [1]
    assert "install" not in sources(page)


@pytest.mark.parametrize("lesson", written(course()), ids=lambda lesson: lesson.number)
def test_every_formula_of_the_lessons_is_understood(lesson):
    found = 0
    for cell in read(lesson).cells:
        if cell.cell_type == "markdown":
            for match in FORMULA.finditer(re.sub(r"`[^`]*`", "", cell.source)):
                formula = mathml(match[1] or match[2], "block" if match[1] else "inline")
                assert "\\" not in formula, f"{cell.id}: {match[0]}"
                assert len(ElementTree.fromstring(formula)) > 0
                found += 1
    assert found > 0 or lesson.number == "00"


@pytest.mark.parametrize(
    ("formula", "part"),
    [
        (r"\sin 0.2", '<mi>sin</mi><mspace width="0.167em" /><mn>0.2</mn>'),
        (r"a \ln a", '<mi>a</mi><mspace width="0.167em" /><mi>ln</mi><mspace width="0.167em" /><mi>a</mi>'),
        (r"\sin(x)", '<mi>sin</mi><mo stretchy="false">('),
        (r"x'", '<mrow><mi>x</mi><mo lspace="0" rspace="0">\u2032</mo></mrow>'),
        (r"(-1)", '(</mo><mo form="prefix" lspace="0" rspace="0">\u2212</mo>'),
        (r"-1", '<mrow><mo form="prefix" lspace="0" rspace="0">\u2212</mo>'),
        (r"2 - 1", "<mn>2</mn><mo>\u2212</mo><mn>1</mn>"),
        (r"\bar d", '<mover accent="true">'),
        (r"D/4", '<mo lspace="0" rspace="0">/</mo>'),
        (r"1, \dots, N", "<mi>\u2026</mi>"),
    ],
)
def test_formulas_are_spaced_as_tex_spaces_them(formula, part):
    assert part in mathml(formula)


def test_a_norm_opens_and_closes():
    forms = re.findall(r'form="(\w+)"', mathml(r"\lVert p \rVert \lVert q \rVert"))
    assert forms == ["prefix", "postfix"] * 2


def test_links_to_files_of_the_repository_become_words():
    text = "see [claims](claims.md), [x](../README.md#the-lessons), [out](https://example.org/a), [here](#plans)"
    assert without_links_outside(text) == (
        "see claims, [start page](index.md), [out](https://example.org/a), [here](#plans)"
    )


def test_the_start_page_has_every_lesson_and_its_minutes(lessons):
    text = start_page((build_html.SITE / "index.md").read_text(encoding="utf-8"), lessons)
    assert "| 03 | [A title](lessons/03_made_up.ipynb) | 7 |" in text
    assert "| 04 | [Another](lessons/04_other.ipynb) | optional |" in text
    assert "| | together | 7 |" in text


def test_what_was_there_before_is_replaced_and_a_zip_lies_beside(site):
    assert not (site / "old").exists()
    with zipfile.ZipFile(site.with_suffix(".zip")) as packed:
        assert "html/lessons/03_made_up.html" in packed.namelist()


def test_every_page_has_title_next_and_previous(site):
    page = (site / "lessons/03_made_up.html").read_text(encoding="utf-8")
    assert "<title>03 A title - Vision Transformers, hands on</title>" in page
    assert '<link rel="next" title="04 Another" href="04_other.html"' in page
    assert '<link rel="prev"' in page
    assert (site / "instructors.html").exists()


def test_no_page_loads_anything_from_elsewhere(site):
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"""(?:\bsrc=["']?|url\(\s*["']?|@import\s+["']?)(https?:|//)[^\s"')]*""", text)
        loaded += [tag for tag in re.findall(r"<link[^>]*>", text) if "://" in tag]
        assert loaded == [], path


def test_folded_stays_folded(site):
    page = (site / "lessons/03_made_up.html").read_text(encoding="utf-8")
    deeper = page[page.index('<section id="deeper">') : page.index('<section id="papers">')]
    assert deeper.count('<details class="folded"><summary>') == deeper.count("</details>") == 2
    assert re.search(r'<details class="folded"><summary>\s*<h2>Deeper', deeper)
    assert "details open" not in page
    assert deeper.index("</summary>") < deeper.index(SECRET) < deeper.index("</details>")
    hidden = re.search(r"<details[^>]*>(?:(?!</details>).)*hidden(?:(?!</details>).)*</details>", page, re.DOTALL)
    assert hidden is not None
    assert "Show the code" in hidden[0]


def test_formulas_are_drawn_without_a_script(site):
    page = (site / "lessons/03_made_up.html").read_text(encoding="utf-8")
    assert "<msqrt>" in page
    assert '<div class="formula"><math display="block">' in page
    assert not re.search(r"<script[^>]*mathjax", page, re.IGNORECASE)
    assert (site / "_static/math.woff").stat().st_size < 400_000


def test_the_font_of_the_formulas_says_whose_it_is(site):
    from fontTools.ttLib import TTFont

    font = TTFont(site / "_static/math.woff")
    assert "SIL Open Font License" in font["name"].getDebugName(13)
    assert font["name"].getDebugName(0)
    glyphs = font.getBestCmap()
    # A letter of a formula is drawn as its slanted twin; h is the one that stands elsewhere.
    assert {0x221A, 0x2211, 0x210E, 0x1D451, 0x3C3} <= set(glyphs)
