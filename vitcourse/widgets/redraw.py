"""Draws a figure again and again, and only what changed: most of the time goes into ticks and texts that stay.

What changed is read from matplotlib's own `stale` marks. All that stands still is kept as a bitmap; on top of
it go the artists that ever changed, and in their axes whatever lies over them. Everything is drawn afresh where
that would not be exact: axes whose limits moved, other projections, subfigures, or no mark at all.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from vitcourse.widgets.render import DRAWING


class Renderer:
    """The pixels of one figure, cheap to have again after a change."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.canvas = figure.canvas if isinstance(figure.canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
        self.partial = True
        self._moving: dict[int, Artist] = {}  # every artist that changed so far, by id
        self._plan: list[Artist] = []
        self._here: set[int] = set()  # ids of all artists when the plan was made
        self._background: object = None
        self._frame: object = None  # limits, sizes and the like, as of the last drawing
        self._still: dict[int, Artist] = {}  # the artists in the background, by id
        self._orders: dict[int, float] = {}  # what lies over what, by id, as of the last drawing

    def settle(self) -> None:
        """Lays the figure out once and keeps that layout: nothing moves later, and drawing is faster."""
        with DRAWING, warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There are no gridspecs")  # axes that were placed by hand
            self.canvas.draw()
            if self.figure.get_layout_engine() is not None:
                self.figure.set_layout_engine("none")
            self._forget()

    def rgb(self) -> np.ndarray:
        """The figure as it is now: uint8 array (height, width, 3)."""
        with DRAWING:
            changed = self._changed() if self.partial else None
            if changed is None:
                self._forget()
                self.canvas.draw()
            else:
                self._draw(changed)
            self._remember()
            return np.asarray(self.canvas.buffer_rgba())[:, :, :3].copy()

    def _forget(self) -> None:
        self._background = self._frame = None
        self._here = set()  # what lies over what is asked again: axes may have come, gone or moved

    def _children(self) -> Iterator[Artist]:
        for child in self.figure.get_children():
            if isinstance(child, Axes):
                yield from child.get_children()
            elif child is not self.figure.patch:
                yield child

    def _state(self) -> object:
        """What, if it differs, moves everything."""
        size = (self.figure.dpi, *self.figure.get_size_inches())
        looks: list[Any] = [self.figure.get_facecolor()]
        for axes in self.figure.axes:
            limits, place = axes.viewLim.get_points().tobytes(), axes.bbox.get_points().tobytes()
            scales = axes.get_xscale(), axes.get_yscale(), axes.get_aspect()
            looks.append((id(axes), axes.get_visible(), axes.zorder, axes.axison, limits, place, scales))
        return size, looks

    def _remember(self) -> None:
        self._frame = self._state()
        self._orders = {id(child): child.zorder for child in self._children()}
        for child in self._children():
            for artist in _family(child):
                artist.stale = False

    def _changed(self) -> list[Artist] | None:
        """The artists that changed since the last drawing; None if everything must be drawn."""
        flat = all(axes.name == "rectilinear" for axes in self.figure.axes) and not self.figure.subfigs
        if not flat or self._frame is None or self._frame != self._state():
            return None
        children = list(self._children())
        if self._background is not None and not self._still.keys() <= {id(child) for child in children}:
            return None  # one that stood still was removed
        if any(self._orders.get(id(child), child.zorder) != child.zorder for child in children):
            return None  # one went in front of another
        changed = [child for child in children if any(artist.stale for artist in _family(child))]
        if not changed and {id(child) for child in children} >= set(self._moving):
            return None  # nothing is marked, and nothing was removed: what changed is unknown
        return changed

    def _draw(self, changed: list[Artist]) -> None:
        children = {id(child): child for child in self._children()}
        here = set(children)
        self._moving = {key: artist for key, artist in self._moving.items() if key in here}
        new = [artist for artist in changed if id(artist) not in self._moving]
        for artist in new:
            self._moving[id(artist)] = artist
        if new or here != self._here:
            self._here = here
            self._plan = self._over()
        over = {id(artist) for artist in self._plan}
        # Each artist belongs to the background or is drawn over it, never both, never neither.
        if self._background is None or over & self._still.keys() or here - over - self._still.keys():
            shown = [artist for artist in self._plan if not artist.get_animated()]
            for artist in shown:
                artist.set_animated(True)  # left out by draw()
            try:
                self.canvas.draw()
            finally:
                for artist in shown:
                    artist.set_animated(False)
            self._background = self.canvas.copy_from_bbox(self.figure.bbox)
            self._still = {key: child for key, child in children.items() if key not in over}
        else:
            self.canvas.restore_region(self._background)
        renderer = self.canvas.get_renderer()
        for artist in self._plan:
            artist.draw(renderer)

    def _over(self) -> list[Artist]:
        """What is drawn on the background, in order: what moves, and what lies over it."""
        plan: list[Artist] = []
        before: list[Axes] = []  # axes with something in the plan
        for axes in sorted(self.figure.axes, key=lambda axes: axes.zorder):
            if not axes.get_visible():
                continue
            artists = _in_order(axes)
            covers = any(_overlap(axes, other) for other in before)
            moving = [i for i, artist in enumerate(artists) if id(artist) in self._moving]
            if not moving and not covers:
                continue
            before.append(axes)
            if covers:
                plan += artists
                continue
            inside = all(_clipped(artists[i], axes) for i in moving)
            plan += [
                artist
                for artist in artists[moving[0] :]
                if id(artist) in self._moving or not (inside and _outside(artist, axes))
            ]
        rest = [child for child in self.figure.get_children() if not isinstance(child, Axes)]
        rest.remove(self.figure.patch)
        return plan + sorted(rest, key=lambda artist: artist.zorder)


def _family(child: Artist) -> list[Artist]:
    """The artists whose marks tell whether this child of an axes changed."""
    if isinstance(child, Axis):
        return [child, child.label]  # its ticks mark the axis itself
    if isinstance(child, Annotation):
        return [child, *([child.arrow_patch] if child.arrow_patch else [])]
    return child.findobj() if child.get_children() else [child]


def _in_order(axes: Axes) -> list[Artist]:
    """The children of the axes in the order in which matplotlib draws them."""
    artists = axes.get_children()
    artists.remove(axes.patch)
    framed = axes.axison and axes.get_frame_on()
    if not framed:
        artists = [artist for artist in artists if artist not in axes.spines.values()]
    if not axes.axison:
        artists = [artist for artist in artists if not isinstance(artist, Axis)]
    artists.sort(key=lambda artist: artist.zorder)
    return [axes.patch, *artists] if framed else artists


def _overlap(axes: Axes, other: Axes) -> bool:
    first, second = axes.bbox, other.bbox
    across = min(first.x1, second.x1) - max(first.x0, second.x0)
    up = min(first.y1, second.y1) - max(first.y0, second.y0)
    return bool(across > 1 and up > 1)


def _clipped(artist: Artist, axes: Axes) -> bool:
    """Whether this artist draws nothing outside its axes."""
    box = artist.get_clip_box()
    if not artist.get_clip_on() or box is None or isinstance(artist, Axis):
        return False
    return bool(np.abs(box.get_points() - axes.bbox.get_points()).max() < 1)


def _outside(artist: Artist, axes: Axes) -> bool:
    """Whether this artist draws nothing inside its axes: a title, an axis with its ticks and texts."""
    if isinstance(artist, Text):
        if not artist.get_text() or not artist.get_visible():
            return True
        box, frame = artist.get_window_extent(), axes.bbox
        return bool(box.y0 > frame.y1 + 1 or box.y1 < frame.y0 - 1 or box.x0 > frame.x1 + 1 or box.x1 < frame.x0 - 1)
    if isinstance(artist, Axis):
        if any(spine.get_position() not in (("outward", 0.0), "outward") for spine in axes.spines.values()):
            return False  # an axis through the middle
        ticks: list[Any] = [*artist.majorTicks[:1], *artist.minorTicks[:1]]
        return all(not t.gridline.get_visible() and t.get_tickdir() == "out" and t.get_pad() >= 0 for t in ticks)
    return False
