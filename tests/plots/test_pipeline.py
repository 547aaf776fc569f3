"""The "you are here" strip: what it says, what is in color, and that nothing runs into anything else."""

from __future__ import annotations

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from vitcourse.cnn import ConvNet
from vitcourse.plots.pipeline import BOXES, HIGHLIGHTS, STAGES, STEPS, pipeline_strip
from vitcourse.plots.style import BLUE

IMAGENET = {
    "image": (3, 224, 224),
    "patches": (196, 768),
    "embed": (197, 768),
    "encoder": (197, 768),
    "pool": (768,),
    "head": (1000,),
    "prediction": "a class",
    "depth": 12,
}

RESNET = {
    "image": (3, 224, 224),
    "stage 1": (256, 56, 56),
    "stage 2": (512, 28, 28),
    "stage 3": (1024, 14, 14),
    "pool": (1024,),
    "head": (1000,),
    "prediction": "a class",
}


def words(figure: Figure) -> dict[str, str]:
    """Each text and its color."""
    return {text.get_text(): to_hex(text.get_color()) for text in figure.axes[0].texts if text.get_text()}


@pytest.mark.parametrize("highlight", HIGHLIGHTS)
def test_the_lessons_part_is_in_color_and_no_other(highlight):
    colors = words(pipeline_strip(highlight))
    for step in STEPS:
        name = "encoder × depth" if step == "encoder" else step
        name = STAGES.get(step, step) if highlight == "cnn" else name
        assert (colors[name] == BLUE.lower()) == (step in HIGHLIGHTS[highlight][0]), step
    assert colors[HIGHLIGHTS[highlight][1]] == BLUE.lower()


def test_each_shape_stands_under_its_box():
    figure = pipeline_strip("model", IMAGENET)
    places = {text.get_text(): text.get_position() for text in figure.axes[0].texts}
    assert "encoder × 12" in places
    middle = {box.name: box.middle for box in BOXES}
    assert places["(3, 224, 224)"][0] == middle["image"]
    assert places["(196, 768)"][0] == middle["patches"]
    assert places["(768,)"][0] == middle["pool"]
    assert places["a class"][0] == middle["prediction"]


def test_boxes_without_a_shape_keep_none():
    assert "(10,)" in words(pipeline_strip("patches"))
    assert "(10,)" not in words(pipeline_strip("patches", {"image": (1, 28, 28)}))


def test_a_cnn_shows_its_stages_and_nothing_of_a_vit():
    model, image = ConvNet(width=16), torch.zeros(1, 1, 28, 28)
    maps = [tuple(model.stages[:n](image).shape[1:]) for n in (1, 2, 3)]
    figure = pipeline_strip("cnn")
    places = {text.get_text(): text.get_position()[0] for text in figure.axes[0].texts}
    middle = {STAGES.get(box.name, box.name): box.middle for box in BOXES}
    for number, shape in enumerate(maps, start=1):
        assert places[f"stage {number}"] == places[str(shape)] == middle[f"stage {number}"]
    assert places["(64,)"] == middle["pool"]
    assert not {"patches", "embed", "encoder × depth", "attention", "MLP", "+", "(49, 16)", "(50, 64)"} & set(places)
    assert "(8, 7, 7)" in words(pipeline_strip("cnn", {"stage 3": (8, 7, 7)}))


@pytest.mark.parametrize("highlight", HIGHLIGHTS)
@pytest.mark.parametrize("shapes", [None, IMAGENET])
def test_at_800_px_texts_stay_inside_and_apart(highlight, shapes):
    if highlight == "cnn" and shapes:
        shapes = RESNET
    figure = pipeline_strip(highlight, shapes)
    figure.set_dpi(100)
    assert figure.get_figwidth() == 8.0
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for text in figure.axes[0].texts if text.get_text() and text.get_fontsize() >= 9.5]
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in texts]
    for i, box in enumerate(boxes):
        assert box.x0 >= -2, texts[i].get_text()
        assert box.x1 <= 802, texts[i].get_text()
        for j in range(i):
            assert not box.overlaps(boxes[j]), (texts[i].get_text(), texts[j].get_text())


def test_an_unknown_highlight_or_box_is_refused():
    with pytest.raises(ValueError, match=r"highlight='pool' must be one of 'start', 'patches'"):
        pipeline_strip("pool")
    with pytest.raises(ValueError, match=r"shapes has \['blocks'\]; valid: image, patches"):
        pipeline_strip("model", {"blocks": (12,)})
    with pytest.raises(ValueError, match=r"shapes has \['encoder'\]; valid: image, stage 1, stage 2, stage 3, pool"):
        pipeline_strip("cnn", {"encoder": (50, 64)})
