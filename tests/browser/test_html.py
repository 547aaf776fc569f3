"""The pages of `make html` in a browser, from a folder and without a network: what stands alone works, and nothing is
asked of anybody."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
sys.path.append(str(Path(__file__).parent))
import build_html
from lab import find_chromium, running_browser
from lesson_pages import EXPLORER
from lesson_source import course

pytestmark = pytest.mark.slow

EXPLORING = """\
import torch
from vitcourse.training import load_checkpoint
from vitcourse.widgets import explorer

images = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
explorer(load_checkpoint("mnist"), images)
"""
# What the tint over the image shows, as text.
TINT = "document.querySelector('.vitcourse-stage-tint').toDataURL()"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Pages of lesson 00, and of a lesson 06 with an explorer and its quiz."""
    if find_chromium() is None:
        pytest.skip("no Chromium or Chrome is installed: nothing is tested in a browser")
    folder = tmp_path_factory.mktemp("pages")
    zero, six = (each for each in course() if each.number in ("00", "06"))
    v4 = nbformat.v4
    first_frame = v4.new_output(
        "display_data", data={"text/plain": f"{EXPLORER}: made up", "image/png": "iVBORw0KGgo="}
    )
    asked = v4.new_output("display_data", data={"text/plain": "quiz of lesson 06: 4 questions", "text/html": "<p></p>"})
    cells = [
        v4.new_markdown_cell("# 06 Attention maps\n\nText."),
        v4.new_code_cell(EXPLORING, outputs=[first_frame]),
        v4.new_code_cell('quiz("06")', outputs=[asked]),
        v4.new_markdown_cell("## Deeper\n\nmore", metadata={"jp-MarkdownHeadingCollapsed": True}),
        v4.new_markdown_cell("### A topic\n\nhidden words", metadata={"jp-MarkdownHeadingCollapsed": True}),
    ]
    made = dataclasses.replace(six, notebooks=folder)
    nbformat.write(v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}}), made.notebook)
    assert build_html.build([zero, made], folder / "html") == 0
    return folder / "html"


@pytest.fixture(scope="module")
def browser(site):
    with running_browser() as running:
        yield running


def asks_a_host(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:", "about:"))


@pytest.fixture
def opened(browser, site):
    """opened(name) opens a page from its file, offline; in the end the console was silent and no host was asked."""
    contexts, said = [], []

    def open_one(name: str, *, dark: bool = False, script: bool = True):
        scheme = "dark" if dark else "light"
        context = browser.new_context(
            offline=True, color_scheme=scheme, java_script_enabled=script, viewport={"width": 1300, "height": 1000}
        )
        contexts.append(context)
        page = context.new_page()
        if script:  # a frame may begin before the browser forbids it scripts
            loud = ("error", "warning")
            page.on("console", lambda message: said.append(message.text) if message.type in loud else None)
            page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"failed: {request.url[:200]}"))
        page.on("request", lambda request: said.append(request.url[:200]) if asks_a_host(request.url) else None)
        page.goto((site / name).as_uri())
        return page

    yield open_one
    found = list(said)  # closing cuts off what is still being loaded
    for context in contexts:
        context.close()
    assert found == []


def inner(page, choice: str):
    """The page within the frame that has `choice`."""
    for frame in page.frames[1:]:
        frame.wait_for_selector("#root > *", state="attached")
        if frame.query_selector(choice):
            return frame
    raise AssertionError(f"no frame has {choice}")


def height_settled(page, number: int) -> float:
    """The height of a frame, once it is that of what is in it."""
    element = page.locator("iframe.vitcourse-alone").nth(number).element_handle()
    for _ in range(50):
        height = element.bounding_box()["height"]
        if abs(height - element.content_frame().evaluate("document.body.getBoundingClientRect().height")) < 2:
            return height
        page.wait_for_timeout(100)
    raise AssertionError(f"frame {number} keeps {height} px")


def test_an_answer_is_judged_and_the_frame_grows(opened):
    page = opened("lessons/06_attention_maps.html")
    page.set_viewport_size({"width": 420, "height": 900})  # so narrow that reasons take more lines than are kept free
    page.locator("iframe.vitcourse-alone").nth(1).scroll_into_view_if_needed()  # far off it is not laid out anew
    quiz = inner(page, ".vitcourse-quiz")
    before = height_settled(page, 1)
    for question in quiz.query_selector_all(".vitcourse-question"):
        question.query_selector_all(".vitcourse-answer")[0].click()
        height_settled(page, 1)  # a frame that grows moves the next answer from under the mouse
    assert quiz.query_selector(".vitcourse-reason strong").inner_text().strip() in ("Right.", "Wrong.")
    assert "of 4 right at the first try" in quiz.query_selector(".vitcourse-score").inner_text()
    assert height_settled(page, 1) > before


def test_a_frame_far_below_the_window_tells_its_height_unasked(browser, site):
    page = browser.new_page(viewport={"width": 1300, "height": 400})
    page.route("**/frames.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.add_init_script("window.told = []; window.addEventListener('message', (event) => told.push(event.data));")
    page.goto((site / "lessons/00_start.html").as_uri())
    quiz = inner(page, ".vitcourse-quiz")
    height = quiz.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
    page.wait_for_function(
        "(height) => window.told.some((data) => data.vitcourse === 'height' && data.height === height)", arg=height
    )
    page.close()


def test_the_explorer_draws_where_the_pointer_is(opened):
    page = opened("lessons/06_attention_maps.html")
    explorer = inner(page, ".vitcourse-stage")
    height_settled(page, 0)
    stage = explorer.locator(".vitcourse-stage").first
    seen = {explorer.evaluate(TINT)}
    for x, y in ((20, 20), (150, 150), (280, 90)):
        stage.hover(position={"x": x, "y": y})
        seen.add(explorer.evaluate(TINT))
    assert len(seen) == 4


def test_the_explorer_works_by_keyboard(opened):
    page = opened("lessons/06_attention_maps.html")
    explorer = inner(page, ".vitcourse-stage")
    explorer.locator(".vitcourse-stage").first.focus()
    before = explorer.evaluate(TINT)
    page.keyboard.press("ArrowRight")
    assert explorer.evaluate(TINT) != before


def test_a_frame_reads_nothing_of_the_page(opened):
    page = opened("lessons/06_attention_maps.html")
    quiz = inner(page, ".vitcourse-quiz")
    assert quiz.evaluate("window.origin") == "null"
    assert quiz.evaluate("(() => { try { return parent.document.title; } catch { return 'refused'; } })()") == "refused"


def test_frames_follow_the_theme_of_the_page(opened):
    page = opened("lessons/00_start.html")
    quiz = inner(page, ".vitcourse-quiz")
    quiz.wait_for_selector("body[data-theme=light]")
    page.evaluate("document.body.dataset.theme = 'dark'")
    quiz.wait_for_selector("body[data-theme=dark]")
    assert quiz.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    page.evaluate("document.body.dataset.theme = 'auto'")
    quiz.wait_for_selector("body[data-theme=light]")
    page.emulate_media(color_scheme="dark")
    quiz.wait_for_selector("body[data-theme=dark]")


@pytest.mark.parametrize("width", [1300, 800, 400])
@pytest.mark.parametrize("name", ["index", "instructors", "lessons/00_start", "lessons/06_attention_maps"])
def test_no_page_is_wider_than_the_window(opened, name, width):
    page = opened(f"{name}.html")
    page.set_viewport_size({"width": width, "height": 1000})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_opens_what_is_folded(opened):
    page = opened("lessons/06_attention_maps.html")
    assert not page.get_by_text("hidden words").is_visible()
    page.evaluate("location.hash = 'a-topic'")
    page.get_by_text("hidden words").wait_for()
    page.evaluate("history.replaceState(null, '', location.pathname)")
    page.reload()
    page.locator("details.folded > summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("more", exact=True).wait_for()


def test_search_finds_a_word_of_the_code(opened):
    page = opened("index.html")
    page.fill(".sidebar-search", "patchify")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    assert any("00 Start" in text for text in page.locator("#search-results li").all_inner_texts())
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("h1")
    assert "/lessons/" in page.url


def test_without_javascript_the_first_frames_are_there(opened):
    page = opened("lessons/00_start.html", script=False)
    assert page.frame_locator("iframe.vitcourse-alone").last.get_by_text("Answer").count() > 0


def test_formulas_have_a_font_that_can_draw_them(opened):
    page = opened("lessons/06_attention_maps.html")
    assert page.evaluate("document.fonts.load('16px \"Math of the course\"').then((fonts) => fonts.length)") == 1
