"""The attention explorer in JupyterLab: what reaches Python and what does not, both themes, files, saving."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

CELLS = [
    """
import gc
import torch, vitcourse as vc
from vitcourse.widgets import Explorer, explorer
torch.manual_seed(0)
model = vc.VisionTransformer(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=24, depth=6,
                             num_heads=3)
images = torch.rand(40, 1, 28, 28)
""",
    "shown = explorer(model, images, labels=[i % 10 for i in range(40)])\ndisplay(shown)",
    "shown.close(); del shown; _ = gc.collect()",
]
STAGE = ".vitcourse-stage"
COUNT = """() => {
    if (window.messages !== undefined) return;
    window.messages = 0;
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (...data) { window.messages += 1; return send.apply(this, data); };
}"""


@pytest.fixture(scope="module")
def notebook(lab, opened):
    lab.write("explorer.ipynb", CELLS)
    notebook = opened("explorer.ipynb")
    notebook.run_cell(0)
    notebook.run_cell(1)
    notebook.page.wait_for_selector(STAGE)
    return notebook


@pytest.fixture
def page(notebook):
    notebook.page.locator(STAGE).scroll_into_view_if_needed()
    notebook.page.mouse.move(5, 5)
    yield notebook.page
    assert notebook.errors() == []


def knows(notebook, code, expected):
    """Waits until the kernel prints what is expected."""
    deadline = time.monotonic() + 15
    while (said := notebook.python(f"print({code})").strip()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return said == expected


def center(page, patch):
    box = page.locator(STAGE).bounding_box()
    row, column = divmod(patch, 7)
    return box["x"] + box["width"] * (column + 0.5) / 7, box["y"] + box["height"] * (row + 0.5) / 7


def test_hovers_send_nothing_and_a_click_does(notebook, page):
    page.evaluate(COUNT)
    page.wait_for_timeout(1500)
    before = page.evaluate("() => window.messages")
    for patch in range(0, 49, 3):
        page.mouse.move(*center(page, patch))
    page.get_by_text("Patch (row 7, column 7) looks most at").wait_for()
    page.keyboard.down("Shift")
    page.get_by_text("Patch (row 7, column 7) is looked at most by").wait_for()
    page.keyboard.up("Shift")
    page.mouse.move(5, 5)
    page.get_by_text("Class token looks most at").wait_for()
    page.wait_for_timeout(1000)
    assert page.evaluate("() => window.messages") == before
    page.mouse.click(*center(page, 16))
    assert knows(notebook, "shown.patch", "16")
    assert page.evaluate("() => window.messages") > before


def test_keys_stay_here(notebook, page):
    cells = page.evaluate("() => window.notebookPanel.content.widgets.length")
    page.focus(STAGE)
    for key in ("ArrowDown", "ArrowDown", "Enter", "]", "[", ".", "c", "Escape"):
        page.keyboard.press(key)
    assert knows(notebook, "(shown.layer, shown.head, shown.patch)", "(5, 1, -1)")
    page.get_by_role("button", name="rollout").focus()
    page.keyboard.press("Enter")
    assert knows(notebook, "shown.mode", "rollout")
    assert page.evaluate("() => window.notebookPanel.content.mode") == "command"  # Enter did not open the cell
    page.get_by_role("button", name="one layer").click()
    page.evaluate("() => { window.notebookPanel.content.activeCellIndex = 0; }")
    page.keyboard.down("Shift")
    page.mouse.click(*center(page, 3))
    page.keyboard.up("Shift")
    assert knows(notebook, "shown.patch", "3")
    state = page.evaluate(
        "() => { const content = window.notebookPanel.content; return [content.widgets.length, content.mode, "
        "content.widgets.filter((cell) => content.isSelected(cell)).length]; }"
    )
    assert state[:2] == [cells, "command"]
    assert state[2] <= 1  # Shift and a click would mark several


def test_python_chooses_too(notebook, page):
    notebook.python("shown.layer, shown.head, shown.mode, shown.patch = 2, 3, 'layer', 48")
    page.get_by_text("layer 2, head 3", exact=True).wait_for()
    page.get_by_text("Patch (row 7, column 7) looks most at").wait_for()
    notebook.python("shown.image = 31")
    page.get_by_text("prediction; label: 1").wait_for()
    notebook.python("shown.image = 0")


def test_any_image_and_ones_own(notebook, page):
    field = page.get_by_role("spinbutton")
    field.fill("23")
    field.press("Enter")
    page.get_by_text("prediction; label: 3").wait_for()
    assert knows(notebook, "shown.image", "23")
    notebook.python("shown.show(images[1], label='from Python')")
    page.get_by_text("prediction; label: from Python").wait_for()
    assert knows(notebook, "shown.image", "-1")


def test_a_file_becomes_ink(notebook, page):
    paper = np.full((40, 60, 3), 255, np.uint8)
    paper[:, 25:35] = 0  # a dark bar in the middle of what remains when it is cut
    file = io.BytesIO()
    Image.fromarray(paper).save(file, "png")
    page.locator("input[type=file]").set_input_files(
        {"name": "bar.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    assert knows(notebook, "shown.image", "-1")
    assert knows(notebook, "shown.own['label']", "")
    code = "[shown.own['pixels'][28 * 14 + x] > 127 for x in (1, 14, 26)]"
    assert knows(notebook, code, "[False, True, False]")
    page.locator("input[type=file]").set_input_files({"name": "no.png", "mimeType": "image/png", "buffer": b"no image"})
    page.get_by_text("This file is no image").wait_for()
    page.get_by_role("button", name="image 0,").click()
    assert knows(notebook, "shown.image", "0")


@pytest.mark.parametrize("width", [1300, 800])
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_fits_and_nothing_jumps(notebook, page, theme, width):
    page.set_viewport_size({"width": width, "height": 1000})
    change = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    try:
        page.evaluate(change, f"JupyterLab {theme}")
        page.wait_for_selector(
            f"body[data-jp-theme-light='{'true' if theme == 'Light' else 'false'}']", state="attached"
        )
        page.locator(STAGE).scroll_into_view_if_needed()
        box = page.locator(".vitcourse-explorer")
        inner, outer = box.evaluate("(node) => [node.scrollWidth, node.clientWidth]")
        assert inner <= outer
        heights = set()
        for patch in range(0, 49, 6):
            page.mouse.move(*center(page, patch))
            heights.add(box.bounding_box()["height"])
        page.get_by_role("button", name="class token").hover()  # a shorter sentence
        heights.add(box.bounding_box()["height"])
        page.keyboard.down("Shift")
        heights.add(box.bounding_box()["height"])
        page.keyboard.up("Shift")
        assert len(heights) == 1
        for control in page.locator(".vitcourse-explorer :is(button, input[type=range]):visible").all():
            place = control.bounding_box()
            area = box.bounding_box()
            assert area["x"] <= place["x"]
            assert place["x"] + place["width"] <= area["x"] + area["width"] + 1
    finally:
        page.evaluate(change, "JupyterLab Light")
        page.set_viewport_size({"width": 1300, "height": 1000})


def test_saved_it_is_a_picture_below_80_kb(notebook, page):
    notebook.save()
    (output,) = notebook.saved().cells[1].outputs
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.data["text/plain"].startswith("attention explorer: one model, 40 images")
    assert len(output.data["image/png"]) < 80_000
    assert "widgets" not in notebook.saved().metadata


def test_closed_it_leaves_nothing_in_the_kernel(notebook, page):
    comms = "len(get_ipython().kernel.comm_manager.comms)"
    alive = "sum(type(o) is Explorer for o in gc.get_objects())"
    notebook.run_cell(2)
    before = notebook.python(f"print({comms}, {alive})").split()
    for _ in range(3):
        notebook.run_cell(1)
        notebook.run_cell(2)
    assert notebook.python(f"print({comms}, {alive})").split() == before
    assert before[1] == "0"
    page.wait_for_function("() => !document.querySelector('.vitcourse-stage')")
    notebook.run_cell(1)
    page.wait_for_selector(STAGE)


@pytest.mark.slow
def test_200_times_opened_and_closed(notebook, page):
    inspector = page.context.new_cdp_session(page)

    def often(times):
        for _ in range(times):
            notebook.run_cell(1)
            notebook.run_cell(2)
        inspector.send("HeapProfiler.collectGarbage")
        heap = inspector.send("Runtime.getHeapUsage")["usedSize"]
        python = "_ = gc.collect()\nprint(len(gc.get_objects()), len(get_ipython().kernel.comm_manager.comms))"
        return heap, *(int(part) for part in notebook.python(python).split())

    heap, objects, comms = often(20)
    heap_after, objects_after, comms_after = often(180)
    assert comms_after == comms
    assert objects_after - objects < 180 * 20  # the history of cells that ran
    # JupyterLab keeps about 220 kB of every two cells that run, and the browser the module's text.
    assert (heap_after - heap) / 180 < 500_000
    notebook.run_cell(1)
    page.wait_for_selector(STAGE)
