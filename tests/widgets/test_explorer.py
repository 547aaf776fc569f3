"""The explorer from Python's side: what is sent, what is computed on demand, what can be read and set."""

from __future__ import annotations

import gc
import math
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from vitcourse import VisionTransformer
from vitcourse.maps import explain
from vitcourse.pair_model import PairFinder
from vitcourse.widgets import Explorer, explorer
from vitcourse.widgets.explorer.assets import ESM, HERE, SCRIPTS
from vitcourse.widgets.explorer.coding import to_bytes
from vitcourse.widgets.explorer.source import bytes_of
from vitcourse.widgets.fallback import WIDGET_VIEW, FirstFrame
from vitcourse.widgets.scripts import joined

CONFIG = dict(
    img_size=(8, 12), patch_size=4, in_channels=3, num_classes=4, embed_dim=12, depth=3, num_heads=2, mlp_ratio=2.0
)
TOKENS = 7
LABELS = [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
CLASSES = ["a <b>cat</b>", "dog", "cow", "owl"]


def model_of(seed: int = 0, **options) -> VisionTransformer:
    torch.manual_seed(seed)
    model = VisionTransformer(**CONFIG | options)
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.4)
    return model


IMAGES = torch.rand(10, 3, 8, 12, generator=torch.Generator().manual_seed(1))


def made(**more) -> Explorer:
    return explorer(model_of(), IMAGES, **dict(labels=LABELS, classes=CLASSES, preload=3) | more)


def decoded(codes: bytes, scales: bytes, shape: tuple[int, ...], axes: int) -> torch.Tensor:
    """What the browser makes of the bytes."""
    values = torch.from_numpy((np.frombuffer(codes, np.uint8).reshape(shape) / 255.0) ** 2)
    largest = torch.from_numpy(np.frombuffer(scales, "<f4").copy()).double()
    return values * largest.reshape(*shape[:-axes], *[1] * axes)


def test_weights_survive_the_way_to_the_browser():
    weights = torch.randn(3, 4, 50, 50, generator=torch.Generator().manual_seed(0)).mul(3).softmax(dim=-1)
    codes, scales = to_bytes(weights, axes=2)
    assert (len(codes), len(scales)) == (weights.numel(), 4 * 12)
    back = decoded(codes, scales, tuple(weights.shape), 2)
    largest = weights.amax(dim=(-2, -1), keepdim=True)
    bound = (weights * largest).sqrt() / 255 + largest / 4 / 255**2
    error = (back - weights).abs()
    assert (error <= bound * (1 + 1e-5)).all()
    assert (error / largest).max() <= 0.004
    assert (error / largest).max() > 0.001  # the bound is near what happens


def test_nothing_is_coded_as_nothing():
    codes, scales = to_bytes(torch.zeros(2, 3, 3), axes=2)
    assert set(codes) == {0}
    assert np.frombuffer(scales, "<f4").tolist() == [0, 0]


def test_what_is_sent_is_what_the_model_says():
    shown = made()
    found = explain(model_of(), IMAGES[1:2])
    slot = shown.preloaded[1]
    (sent,) = slot["models"]
    assert (slot["number"], slot["label"]) == (1, "dog")
    maps = decoded(sent["codes"], sent["scales"], (3, 2, TOKENS, TOKENS), 2)
    assert_close(maps, found.maps[0].double(), atol=0.004, rtol=0)
    relevance = decoded(sent["gradient"], sent["gradient_scales"], (TOKENS, TOKENS), 1)
    assert_close(relevance, found.relevance[0].double(), atol=0.004, rtol=0)
    top = found.probabilities[0].topk(3)
    assert [position for position, _ in sent["answers"]] == top.indices.tolist()
    assert_close(torch.tensor([value for _, value in sent["answers"]]), top.values, atol=1e-5, rtol=0)
    pixels = np.frombuffer(slot["pixels"], np.uint8).reshape(3, 8, 12)
    assert np.abs(pixels / 255 - IMAGES[1].numpy()).max() <= 0.5 / 255 + 1e-6


def test_sizes_and_names():
    about = made(alt="  Where a\n model looks. ").about
    assert about == {
        "alt": "Where a model looks.",
        "models": ["model"],
        "layers": 3,
        "heads": 2,
        "rows": 2,
        "cols": 3,
        "prefix": 1,
        "channels": 3,
        "height": 8,
        "width": 12,
        "total": 10,
        "output": "classes",
        "classes": CLASSES,
        "why_not": "",
    }


def test_it_begins_with_the_last_layer_the_mean_and_the_class_token():
    shown = made()
    assert (shown.image, shown.layer, shown.head, shown.mode, shown.patch) == (0, 3, 0, "layer", -1)
    assert (shown.direction, shown.pinned) == ("from", None)
    other = made(image=2, layer=1, head=2, mode="gradient", patch=5)
    assert (other.image, other.layer, other.head, other.mode, other.patch) == (2, 1, 2, "gradient", 5)


def state_bytes(shown: Explorer) -> int:
    """All that is sent when it is opened, but for the module and its style, which are the same for every explorer."""
    total = len(str({name: v for name, v in shown.get_state().items() if name not in ("_esm", "_css", "preloaded")}))
    return total + sum(bytes_of(slot) + 300 for slot in shown.preloaded)  # and their numbers as text


def test_eight_images_take_at_most_400_kb():
    model = VisionTransformer(
        img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=12, depth=6, num_heads=3
    )
    shown = explorer(model, torch.rand(30, 1, 28, 28), labels=[0] * 30)
    assert len(shown.preloaded) == 8
    assert bytes_of(shown.preloaded[0]) == 6 * 3 * 50 * 50 + 4 * 18 + 50 * 50 + 4 * 50 + 28 * 28
    assert 380_000 < state_bytes(shown) <= 400_000


def test_an_image_further_on_is_computed_when_it_is_chosen():
    shown = made()
    assert shown.arrived == {}
    shown.image = 7
    assert shown.arrived["number"] == 7
    assert shown.arrived["label"] == "owl"
    expected = to_bytes(explain(model_of(), IMAGES[7:8]).maps[0], axes=2)[0]
    assert shown.arrived["models"][0]["codes"] == expected
    shown.image = 1
    assert shown.arrived["number"] == 7  # nothing to compute
    assert made(image=9).arrived["number"] == 9
    assert len(made(preload=99).preloaded) == 10


def test_ones_own_image(monkeypatch):
    shown = made()
    sent = []
    monkeypatch.setattr(shown, "send_state", lambda key=None: sent.append(set(key)))
    own = torch.rand(3, 8, 12)
    shown.show(own, label="mine")
    assert sent == [{"own", "image"}]  # nothing else, and at once
    assert (shown.image, shown.own["number"], shown.own["label"]) == (-1, -1, "mine")
    expected = to_bytes(explain(model_of(), own[None]).maps[0], axes=2)[0]
    assert shown.own["models"][0]["codes"] == expected
    shown.show(own[None], label=2)
    assert shown.own["label"] == "cow"
    shown.show(own)
    assert shown.own["label"] == ""


def test_what_the_browser_asks_for(monkeypatch):
    shown = made()
    answers, states = [], []
    monkeypatch.setattr(shown, "send", lambda content, buffers=None: answers.append(content))
    monkeypatch.setattr(shown, "send_state", lambda key=None: states.append(key))
    shown._handle_custom_msg({"kind": "hello"}, [])
    assert answers == [{"kind": "here"}]
    shown._handle_custom_msg({"kind": "ask", "image": 8}, [])
    assert shown.arrived["number"] == 8
    states.clear()
    shown._handle_custom_msg({"kind": "ask", "image": 8}, [])
    assert states == ["arrived"]  # once more, for a view that is opened anew
    data = bytes(range(144)) * 2
    shown._handle_custom_msg({"kind": "upload"}, [memoryview(data)])
    assert shown.own["pixels"] == data
    assert shown.image == -1


@pytest.mark.parametrize(
    ("content", "buffers", "says"),
    [
        ({"kind": "upload"}, [b"123"], "3 bytes; expected"),
        ({"kind": "upload"}, [], "IndexError"),
        ({"kind": "ask", "image": 99}, [], "image=99"),
        ({"kind": "ask"}, [], "image=None"),
    ],
)
def test_what_goes_wrong_on_the_way_is_said(content, buffers, says):
    shown = made()
    shown._handle_custom_msg(content, buffers)
    assert says in shown.problem
    shown.show(IMAGES[0])
    assert shown.problem == ""


@pytest.mark.parametrize("content", ["hello", {}, {"kind": "else"}, None])
def test_other_messages_are_let_pass(content):
    shown = made()
    shown._handle_custom_msg(content, [])
    assert shown.problem == ""


def test_what_the_browser_sets_is_what_python_sees():
    shown = made()
    pin = {"model": "model", "image": 0, "layer": 1, "head": 2, "mode": "layer", "patch": 3, "direction": "to"}
    shown.set_state({"patch": 4, "layer": 2, "head": 1, "direction": "to", "strength": 0.3, "pinned": pin})
    assert (shown.patch, shown.layer, shown.head, shown.direction, shown.strength) == (4, 2, 1, "to", 0.3)
    assert shown.pinned == pin
    shown.set_state({"image": 6})
    assert shown.arrived["number"] == 6


def test_two_models_side_by_side():
    shown = explorer({"trained": model_of(), "untrained": model_of(seed=1)}, IMAGES, preload=2)
    assert shown.about["models"] == ["trained", "untrained"]
    first, second = shown.preloaded[0]["models"]
    assert first["codes"] != second["codes"]
    assert second["codes"] == to_bytes(explain(model_of(seed=1), IMAGES[:1]).maps[0], axes=2)[0]


def test_images_are_prepared_for_the_model_and_shown_as_they_are():
    seen = []

    def prepare(images):
        seen.append(tuple(images.shape))
        return (images - 0.5) / 0.5

    shown = made(prepare=prepare, labels=None)
    expected = to_bytes(explain(model_of(), (IMAGES[:1] - 0.5) / 0.5).maps[0], axes=2)[0]
    assert shown.preloaded[0]["models"][0]["codes"] == expected
    assert shown.preloaded[0]["pixels"] == made().preloaded[0]["pixels"]
    assert seen == [(1, 3, 8, 12)] * 3  # each image once


def test_without_class_token_and_without_classes():
    shown = explorer(PairFinder(), torch.rand(2, 1, 42, 42))
    assert (shown.about["prefix"], shown.about["output"], shown.about["classes"]) == (0, "patches", [])
    assert "one logit for each class" in shown.about["why_not"]
    assert "gradient" not in shown.preloaded[0]["models"][0]
    assert explorer(model_of(pool="mean"), IMAGES, preload=1).about["why_not"] == ""


def test_a_large_model():
    model = VisionTransformer(img_size=224, patch_size=16, num_classes=2, embed_dim=12, depth=12, num_heads=12)
    shown = explorer(model, torch.rand(1, 3, 224, 224))
    assert (shown.about["layers"], shown.about["heads"], shown.about["rows"]) == (12, 12, 14)
    assert len(shown.preloaded[0]["models"][0]["codes"]) == 144 * 197**2
    assert len(shown._first_frame()[0]["image/png"]) * 3 / 4 < 60_000


def test_without_a_kernel_it_is_a_picture():
    shown = made()
    data, metadata = shown._repr_mimebundle_()
    assert data[WIDGET_VIEW]["model_id"] == shown.model_id
    assert data["text/plain"] == "attention explorer: one model, 10 images, 2 x 3 patches, 3 layers, 2 heads"
    assert 2000 < len(data["image/png"]) * 3 / 4 < 60_000
    assert metadata["image/png"]["width"] == 640
    assert shown._first_frame()[0]["image/png"] is data["image/png"]  # drawn once
    for method in ("_repr_mimebundle_", "_ipython_display_"):
        assert getattr(Explorer, method) is getattr(FirstFrame, method)
    two = explorer({"a": model_of(), "b": model_of()}, IMAGES, preload=1)
    assert repr(two).startswith("attention explorer: a and b, ")
    assert len(two._first_frame()[0]["image/png"]) * 3 / 4 < 60_000


def test_the_module_is_one_text_with_one_export_and_no_import():
    assert Explorer._esm == ESM or str(ESM) in str(Explorer._esm)
    assert ESM.count("export ") == 1
    assert "import " not in ESM.replace("important", "")
    assert "innerHTML" not in ESM
    assert "__DIGEST__" not in ESM
    assert {path.name for path in HERE.glob("*.js")} == set(SCRIPTS)
    assert joined(HERE / "coding.js", HERE / "weights.js").index("// weights.js") > 0
    assert Explorer.stands_alone


def test_closed_it_leaves_nothing():
    shown = made()
    gone = weakref.ref(shown)
    layout = shown.layout
    shown.close()
    assert layout.comm is None
    del shown, layout
    gc.collect()
    assert gone() is None


def test_strength_is_kept_between_zero_and_one():
    shown = made()
    with pytest.raises(ValueError, match=r"strength=1\.5"):
        shown.strength = 1.5
    with pytest.raises(ValueError, match="strength=nan"):
        shown.strength = math.nan
