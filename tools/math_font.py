"""The font for formulas in the pages: browsers draw MathML well only with a font that has mathematical tables.

STIX Two Math (SIL Open Font License) comes with the package `ziamath`. The pages get the part of it that formulas use,
as a web font with its copyright and license in it, and under no name of its own: it is not the font that was published.
"""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

ROOT = 0x221A
RANGES = (
    (0x20, 0x7E),  # Latin
    (0xA0, 0xFF),
    (0x300, 0x338),  # accents
    (0x370, 0x3FF),  # Greek
    (0x2000, 0x206F),  # spaces, primes, dots
    (0x2100, 0x214F),  # the italic h is one of these
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # operators
    (0x2308, 0x230B),
    (0x27E8, 0x27EB),
    (0x2A00, 0x2A0F),
    (0x1D400, 0x1D7FF),  # mathematical letters: every variable of a formula is one
)
COPYRIGHT, LICENSE, LICENSE_ADDRESS = 0, 13, 14  # of a font's table of names


def write_font(path: Path) -> None:
    """Writes the web font to `path`."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    source = importlib.resources.files("ziamath") / "fonts/STIXTwoMath-Regular.ttf"
    options = Options(flavor="woff", layout_features=["ssty", "dtls", "flac"], hinting=False, notdef_outline=True)
    options.name_IDs = [COPYRIGHT, LICENSE, LICENSE_ADDRESS]
    with importlib.resources.as_file(source) as file:
        font = load_font(str(file), options)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for first, last in RANGES for code in range(first, last + 1)])
    subsetter.subset(font)
    level_roots(font)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_font(font, str(path), options)


def level_roots(font: Any) -> None:
    """All sizes of the root sign as wide as the ordinary one.

    Behind each root, Chromium keeps room for the widest sign that the font has, even where it takes a smaller one.
    """
    variants = font["MATH"].table.MathVariants
    ordinary = font.getBestCmap()[ROOT]
    taller = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(ordinary)]
    taller.GlyphAssembly = None  # for roots over several lines, of which there are none
    width, _ = font["hmtx"][ordinary]
    for record in taller.MathGlyphVariantRecord:
        name = record.VariantGlyph
        share = width / font["hmtx"][name][0]
        outline = font["glyf"][name]
        outline.coordinates.scale((share, 1))
        outline.coordinates.toInt()
        outline.recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, outline.xMin)
