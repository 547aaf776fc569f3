"""The attention explorer in a page without a kernel, by mouse, keys and touch: it draws what Python computes."""

from __future__ import annotations

import pytest
import torch
from bare_page import open_bare, plain
from explorer_cases import CLASSES, IMAGES, TOKENS, decoded_maps, found, made, pair_model, two_models
from torch.testing import assert_close

from vitcourse.maps import rollout
from vitcourse.widgets.explorer.assets import HERE
from vitcourse.widgets.scripts import joined

STAGE, GLANCE = ".vitcourse-stage", ".vitcourse-glance"
COLS, ROWS = 4, 3

WEIGHTS = """({source, slot, about, asked}) => {
    const bytes = (value) => Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0));
    const views = (value) => Array.isArray(value) ? value.map(views)
        : value === null || typeof value !== "object" ? value
        : "base64" in value ? bytes(value)
        : Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, views(inner)]));
    const {unpack, chosenWeights} = new Function(`${source}; return {unpack, chosenWeights};`)();
    const maps = unpack(views(slot), about).models[0];
    return asked.map(([choice, query, direction]) => {
        const out = new Float32Array(maps.tokens);
        chosenWeights(maps, choice, query, direction, out);
        return [...out];
    });
}"""


@pytest.fixture(scope="module")
def blank(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def opened_page(browser):
    """opened_page(widget) shows it; no error may have been said at the end of the test."""
    pages = []

    def open_one(widget, **options):
        page = browser.new_page(viewport={"width": 1000, "height": 900}, **options)
        pages.append((page, open_bare(page, widget)))
        page.mouse.move(1, 1)
        page.wait_for_selector(STAGE)
        return page

    yield open_one
    for page, errors in pages:
        page.close()
        assert errors == []


def weights_in_browser(page, widget, choice, direction):
    """(queries, tokens): for each token, and last for the mean over all, the weights that the browser computes."""
    asked = [[choice, query, direction] for query in [*range(TOKENS), -1]]
    source = joined(HERE / "coding.js", HERE / "weights.js")
    data = {"source": source, "slot": plain(widget.preloaded[0]), "about": widget.about, "asked": asked}
    return torch.tensor(page.evaluate(WEIGHTS, data), dtype=torch.float64)


def rows_and_columns(matrix, direction):
    matrix = matrix if direction == "from" else matrix.T
    return torch.cat([matrix, matrix.mean(dim=0, keepdim=True)])


@pytest.mark.parametrize("direction", ["from", "to"])
def test_weights_are_those_that_were_sent(blank, direction):
    shown = made()
    maps, relevance = decoded_maps(shown)
    for layer in range(4):
        for head in range(3):
            choice = {"mode": "layer", "layer": layer + 1, "head": head}
            expected = maps[layer].mean(dim=0) if head == 0 else maps[layer, head - 1]
            computed = weights_in_browser(blank, shown, choice, direction)
            assert_close(computed, rows_and_columns(expected, direction), atol=1e-6, rtol=1e-5)
    computed = weights_in_browser(blank, shown, {"mode": "gradient"}, direction)
    assert_close(computed, rows_and_columns(relevance, direction), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("direction", ["from", "to"])
@pytest.mark.parametrize("layer", [1, 2, 4])
def test_rollout_is_that_of_the_package(blank, direction, layer):
    shown = made()
    maps, _ = decoded_maps(shown)
    expected = rollout(list(maps[:layer, None]))[0]
    computed = weights_in_browser(blank, shown, {"mode": "rollout", "layer": layer}, direction)
    assert_close(computed, rows_and_columns(expected, direction), atol=1e-6, rtol=1e-5)
    exact = rollout(list(found(IMAGES[:1]).maps[0, :layer, None].double()))[0]
    assert_close(computed, rows_and_columns(exact, direction), atol=0.01, rtol=0)  # the coding's own error


# What the page shows, as numbers: how dark each cell of the tint is.
DARKNESS = """(canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({length: data.length / 4}, (_, i) => 765 - data[4 * i] - data[4 * i + 1] - data[4 * i + 2]);
}"""


def tint(page, number=0):
    return torch.tensor(page.locator(".vitcourse-stage-tint").nth(number).evaluate(DARKNESS), dtype=torch.float64)


def small_maps(page, number=0):
    return page.locator(f"{GLANCE} canvas").nth(number).evaluate(DARKNESS)


def center(page, patch, number=0):
    box = page.locator(STAGE).nth(number).bounding_box()
    row, column = divmod(patch, COLS)
    return box["x"] + box["width"] * (column + 0.5) / COLS, box["y"] + box["height"] * (row + 0.5) / ROWS


def same_order(cells, weights):
    """Whether darker cells are those with more weight."""
    order = weights.argsort()
    sorted_tint = cells[order]
    return bool((sorted_tint[1:] - sorted_tint[:-1] >= -2).all()) and sorted_tint[-1] > sorted_tint[0] + 30


def sent(page):
    return page.evaluate("() => [window.saved, window.sent.length]")


def test_a_hover_shows_where_the_patch_looks_and_sends_nothing(opened_page):
    shown = made(layer=2, head=1)
    maps, _ = decoded_maps(shown)
    page = opened_page(shown)
    before, atlas = tint(page), small_maps(page)
    assert same_order(before, maps[1, 0, 0, 1:])  # the class token
    messages = sent(page)
    for patch in (0, 6, 11):
        page.mouse.move(*center(page, patch))
        assert same_order(tint(page), maps[1, 0, 1 + patch, 1:])
        assert small_maps(page) != atlas
        best = divmod(int(maps[1, 0, 1 + patch, 1:].argmax()), COLS)
        place = f"row {best[0] + 1}, column {best[1] + 1}"
        times = float(maps[1, 0, 1 + patch, 1:].max() * TOKENS)
        share = float(maps[1, 0, 1 + patch, 0])
        share = "<1" if share < 0.01 else round(100 * share)
        row, column = divmod(patch, COLS)
        page.get_by_text(
            f"Patch (row {row + 1}, column {column + 1}) looks most at {place}: {times:.1f} times an equal share; "
            f"{share} % on the class token"
        ).wait_for()
    page.mouse.move(1, 1)
    assert_close(tint(page), before)
    assert small_maps(page) == atlas
    assert sent(page) == messages
    assert page.evaluate("() => window.model.get('patch')") == -1


def test_shift_and_the_button_show_who_looks_at_it(opened_page):
    shown = made(layer=1, head=2)
    maps, _ = decoded_maps(shown)
    page = opened_page(shown)
    page.mouse.move(*center(page, 5))
    looks = tint(page)
    page.keyboard.down("Shift")
    assert same_order(tint(page), maps[0, 1, 1:, 6])
    assert page.get_by_role("button", name="who looks at it").get_attribute("aria-pressed") == "true"
    page.keyboard.up("Shift")
    assert_close(tint(page), looks)
    page.get_by_role("button", name="who looks at it").click()
    page.mouse.move(*center(page, 5))
    assert same_order(tint(page), maps[0, 1, 1:, 6])
    page.get_by_text("is looked at most by").wait_for()
    assert page.evaluate("() => window.model.get('direction')") == "to"


def test_a_click_keeps_the_patch(opened_page):
    page = opened_page(made())
    page.mouse.click(*center(page, 7))
    assert page.evaluate("() => window.model.get('patch')") == 7
    page.mouse.move(*center(page, 2))
    hovered = tint(page)
    page.mouse.move(1, 1)
    kept = tint(page)
    assert not torch.equal(hovered, kept)
    page.get_by_text("Patch (row 2, column 4)").wait_for()
    page.get_by_role("button", name="class token").click()
    assert page.evaluate("() => window.model.get('patch')") == -1
    page.mouse.move(1, 1)
    page.get_by_text("Class token looks most").wait_for()


def test_by_keyboard_alone(opened_page):
    page = opened_page(made(layer=2, head=0))

    def value(name):
        return page.evaluate("(name) => window.model.get(name)", name)

    page.focus(STAGE)
    page.keyboard.press("ArrowRight")  # from the class token to the middle
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.get_by_text("Patch (row 1, column 4)").wait_for()
    assert value("patch") == -1
    page.keyboard.press("Enter")
    assert value("patch") == 3
    for key, name, expected in [
        ("]", "layer", 3),
        ("]", "layer", 4),
        ("]", "layer", 4),
        ("[", "layer", 3),
        (".", "head", 1),
        (".", "head", 2),
        (".", "head", 0),
        (",", "head", 2),
        ("c", "patch", -1),
    ]:
        page.keyboard.press(key)
        assert value(name) == expected, key
    page.locator("[aria-live]").get_by_text("layer 3, head 2, class token: looks most at row").wait_for()
    page.keyboard.press("p")
    assert value("pinned") == {
        "model": "model", "image": 0, "layer": 3, "head": 2, "mode": "layer", "patch": -1, "direction": "from",
    }  # fmt: skip
    page.focus(GLANCE)
    for key, expected in [
        ("ArrowRight", ("layer", 3, 0)),  # the mean stands right of the last head
        ("ArrowRight", ("rollout", 3, 0)),
        ("ArrowRight", ("rollout", 3, 0)),
        ("ArrowUp", ("rollout", 2, 0)),
        ("ArrowLeft", ("layer", 2, 0)),
        ("ArrowLeft", ("layer", 2, 2)),
    ]:
        page.keyboard.press(key)
        assert (value("mode"), value("layer"), value("head")) == expected


def test_small_maps_choose_and_the_modes_follow(opened_page):
    shown = made()
    maps, relevance = decoded_maps(shown)
    page = opened_page(shown)
    box = page.locator(GLANCE).bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert page.evaluate("() => ['mode', 'layer', 'head'].map((name) => window.model.get(name))") == ["layer", 1, 1]
    assert same_order(tint(page), maps[0, 0, 0, 1:])
    page.mouse.click(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    assert page.evaluate("() => ['mode', 'layer'].map((name) => window.model.get(name))") == ["rollout", 4]
    assert same_order(tint(page), rollout(list(maps[:, None]))[0, 0, 1:])
    page.get_by_role("button", name="gradient-weighted").click()
    assert same_order(tint(page), relevance[0, 1:])
    page.get_by_text("Class token rests most on").wait_for()


def test_a_pinned_map_stays(opened_page):
    page = opened_page(made(layer=1, head=1))
    page.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_text("pinned: image 0, layer 1, head 1").wait_for()
    kept = tint(page, 1)
    assert_close(kept, tint(page))
    page.get_by_role("button", name="image 1,").click()
    page.mouse.move(*center(page, 4))
    assert_close(tint(page, 1), kept)
    assert not torch.equal(tint(page), kept)
    page.get_by_role("button", name="Unpin").click()
    assert page.locator(STAGE).count() == 1
    assert page.evaluate("() => window.model.get('pinned')") is None


def test_two_models_show_the_same_patch_on_one_scale(opened_page):
    shown = two_models()
    both = [decoded_maps(shown, model)[0][-1].mean(dim=0) for model in (0, 1)]  # last layer, mean of heads
    page = opened_page(shown)
    assert page.locator(STAGE).count() == 2
    scales = page.locator(".vitcourse-legend-high")
    for number in (0, 1):
        before = [tint(page, i) for i in (0, 1)]
        page.mouse.move(*center(page, 2 + number, number))
        assert not torch.equal(tint(page, 0), before[0])
        assert not torch.equal(tint(page, 1), before[1])
        assert page.get_by_text(f"Patch (row 1, column {3 + number})").count() == 2
        top = max(4.0, *(float(maps[3 + number, 1:].max() * TOKENS) for maps in both))
        assert scales.all_inner_texts() == [f"{top:.1f} times an equal share"] * 2
    page.locator("[aria-live]").get_by_text("trained: layer 4, mean of heads, patch (row 1, column 4)").wait_for()
    page.get_by_role("button", name="Pin", exact=True).nth(1).click()
    assert page.evaluate("() => window.model.get('pinned').model") == "untrained"
    page.get_by_role("button", name="Unpin").click()
    page.locator(STAGE).nth(1).focus()
    page.keyboard.press("p")
    assert page.evaluate("() => window.model.get('pinned').model") == "untrained"


def test_a_finger_asks_and_keeps(opened_page):
    page = opened_page(made(), has_touch=True)
    page.touchscreen.tap(*center(page, 10))
    assert page.evaluate("() => window.model.get('patch')") == 10
    page.get_by_text("Patch (row 3, column 3)").wait_for()
    assert page.locator(STAGE).evaluate("(stage) => getComputedStyle(stage).touchAction") == "none"


def test_images_are_chosen_and_without_a_kernel_no_other_is_offered(opened_page):
    page = opened_page(made(preload=3))
    assert page.locator(".vitcourse-thumb").count() == 3
    assert not page.locator(".vitcourse-ask").is_visible()
    assert not page.locator(".vitcourse-upload").is_visible()
    before = page.locator(".vitcourse-stage-image").evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_role("button", name="image 2, label cow").click()
    assert page.evaluate("() => window.model.get('image')") == 2
    page.get_by_text("prediction; label: cow").wait_for()
    assert page.locator(".vitcourse-stage-image").evaluate("(canvas) => canvas.toDataURL()") != before


def test_with_a_kernel_any_image_can_be_had(opened_page):
    shown = made(preload=3)
    page = opened_page(shown)
    assert page.evaluate("() => window.sent[0][0]") == {"kind": "hello"}
    page.evaluate("() => window.answer({kind: 'here'})")
    field = page.locator("input[type=number]")
    field.fill("7")
    field.press("Enter")
    assert page.evaluate("() => window.model.get('image')") == 7
    page.get_by_text("image 7 is being computed").wait_for()
    shown.image = 7
    page.evaluate("(value) => window.arrive('arrived', value)", plain(shown.arrived))
    page.get_by_text("prediction; label: owl").wait_for()
    assert page.get_by_text("is being computed").count() == 0
    shown.show(IMAGES[5], label="mine")
    page.evaluate("(value) => window.arrive('own', value)", plain(shown.own))
    page.evaluate("() => window.model.set('image', -1)")
    page.get_by_text("prediction; label: mine").wait_for()
    assert page.get_by_role("button", name="own image, label mine").get_attribute("aria-pressed") == "true"


def test_texts_are_never_markup(opened_page):
    page = opened_page(made())
    page.get_by_text(f"prediction; label: {CLASSES[0]}").wait_for()
    assert "<b>" in CLASSES[0]
    assert page.locator(".vitcourse-explorer b").all_inner_texts() == ["", CLASSES[0]]


def test_what_cannot_be_shown_is_absent_and_says_why(opened_page):
    page = opened_page(pair_model())
    assert page.get_by_role("button", name="gradient-weighted").count() == 0
    page.get_by_text("No gradient-weighted map: the model's output is not one logit for each class.").wait_for()
    page.get_by_role("button", name="mean over patches").hover()
    page.get_by_text("Mean over patches looks most at").wait_for()


def test_the_tint_has_a_strength(opened_page):
    page = opened_page(made())
    strong = tint(page).max()
    page.locator("input[type=range]").fill("0.3")
    page.wait_for_timeout(50)
    assert 0 < tint(page).max() < 0.5 * strong
    assert page.evaluate("() => window.model.get('strength')") == 0.3
    page.locator("input[type=range]").fill("0")
    page.wait_for_timeout(50)
    assert tint(page).max() == 0


def test_closed_it_leaves_no_listener(opened_page):
    page = opened_page(made())
    inspector = page.context.new_cdp_session(page)

    def listeners():
        inspector.send("HeapProfiler.collectGarbage")
        return inspector.send("Memory.getDOMCounters")["jsEventListeners"]

    page.evaluate("() => window.close_it()")
    assert page.evaluate("() => window.listening()") == 0
    before = listeners()
    for _ in range(20):
        page.evaluate("() => { const close = window.open_one(); window.model.set('pinned', null); close(); }")
    assert page.evaluate("() => window.listening()") == 0
    assert listeners() == before
    assert page.locator(STAGE).count() == 0


@pytest.mark.slow
def test_opened_and_closed_200_times_no_memory_is_kept(opened_page):
    page = opened_page(made())
    inspector = page.context.new_cdp_session(page)
    page.evaluate("() => window.close_it()")

    def left():
        inspector.send("HeapProfiler.collectGarbage")
        heap = inspector.send("Runtime.getHeapUsage")
        counters = inspector.send("Memory.getDOMCounters")
        return heap["usedSize"], counters["nodes"], counters["jsEventListeners"]

    def often(times):
        for _ in range(times):
            page.evaluate("() => { const close = window.open_one(); close(); }")

    often(20)
    heap, nodes, listeners = left()
    often(200)
    heap_after, nodes_after, listeners_after = left()
    assert (nodes_after, listeners_after) == (nodes, listeners)
    assert heap_after - heap < 200 * 1000  # a thousandth of what an open one takes
