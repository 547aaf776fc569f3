"""Static pictures: alt text, size, and a figure that is closed afterwards."""

import html.parser
import io

import numpy as np
from matplotlib import pyplot as plt
from PIL import Image

from vitcourse.widgets import picture
from vitcourse.widgets.render import fast_png, looks_the_same, small_png


class Tag(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        self.tag, self.attrs = tag, dict(attrs)


def parse(shown):
    tag = Tag()
    tag.feed(shown._repr_html_())
    return tag


def line():
    figure, axes = plt.subplots(figsize=(6, 3))
    axes.plot([1, 3, 2])
    axes.set_xlabel("epoch")
    return figure


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_html_carries_alt_and_bytes():
    tag = parse(picture(line(), alt='Less than "half" & more <b>'))
    assert tag.tag == "img"
    assert tag.attrs["alt"] == 'Less than "half" & more <b>'
    assert tag.attrs["src"].startswith("data:image/png;base64,iVBOR")


def test_text_is_the_alt_text():
    assert repr(picture(line(), alt="A line\n  rises.")) == "picture: A line rises."


def test_the_figure_is_closed():
    figure = line()
    assert figure.number in plt.get_fignums()
    picture(figure, alt="A line.")
    assert figure.number not in plt.get_fignums()


def test_a_line_is_small_and_sharper_than_it_is_shown():
    shown = picture(line(), alt="A line.")
    assert len(shown.png) < 25_000
    assert 1.3 < pixels(shown.png).shape[1] / (shown.width - 16) < 1.7


def test_a_large_photograph_stays_within_its_budget():
    noise = np.random.default_rng(0).random((90, 90, 3))
    figure, axes = plt.subplots(figsize=(7, 7))
    axes.imshow(noise, interpolation="nearest")
    shown = picture(figure, alt="Noise.", max_kb=50)
    assert pixels(shown.png).shape[1] / (shown.width - 16) < 1.05


def test_fast_png_is_the_same_picture():
    rgb = np.random.default_rng(0).integers(0, 255, (37, 53, 3), dtype=np.uint8)
    np.testing.assert_array_equal(pixels(fast_png(rgb)), rgb)


def test_small_png_of_few_colors_is_exact_and_smaller():
    rgb = np.zeros((100, 100, 3), np.uint8)
    rgb[20:60, 30:70] = (230, 159, 0)
    small = small_png(rgb)
    assert Image.open(io.BytesIO(small)).mode == "P"
    np.testing.assert_array_equal(pixels(small), rgb)


def test_small_png_keeps_full_colors_where_a_palette_would_show():
    y, x = np.mgrid[0:256, 0:256]
    rgb = np.stack([y, x, (255 - y) ^ x], axis=-1).astype(np.uint8)
    np.testing.assert_array_equal(pixels(small_png(rgb)), rgb)


def test_looks_the_same_notices_a_shift_of_color():
    gray = np.full((10, 10, 3), 128, np.uint8)
    assert looks_the_same(gray, gray + 1)
    assert not looks_the_same(gray, gray + 2)
    spot = gray.copy()
    spot[0] += 20
    assert not looks_the_same(gray, spot)
