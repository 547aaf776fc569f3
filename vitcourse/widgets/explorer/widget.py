"""The attention explorer, Python's side: what is sent, what is computed on demand, what can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets
from torch import Tensor

from vitcourse.widgets.fallback import Bundle, FirstFrame, png_frame

from .assets import ESM, STYLE
from .checks import DIRECTIONS, MODES, require_room, require_whole
from .frame import first_frame
from .source import OWN, Source, bytes_of, image_from_bytes

PINNED = ("model", "image", "layer", "head", "mode", "patch", "direction")


class Explorer(FirstFrame, anywidget.AnyWidget):
    """Attention maps under the hand; lessons make one with `explorer(model, images)`.

    All that a hover draws is in the browser already. It sends nothing; a click does, and so do the controls.

    Traits set by either side:
        image: the image's position in the set; -1 is one's own, from `show` or uploaded.
        layer: counted from 1, as lessons do.
        head: counted from 1; 0 is the mean over heads.
        mode: "layer", "rollout" (up to `layer`) or "gradient" (for the predicted class).
        patch: which patch asks, row by row from 0; -1 is the class token, or without one the mean over patches.
        direction: "from": where it looks; "to": who looks at it.
        strength: of the tint, 0 to 1.
        pinned: the map kept beside, a dict of model (its name), image, layer, head, mode, patch, direction; or None.

    Traits sent to the browser:
        about: sizes, names, texts. preloaded: the images that are sent at once. arrived: the last one that was
        computed on demand. own: one's own image. problem: what went wrong, empty while all is well.
    """

    stands_alone = True  # works in a page without a kernel

    _esm = ESM
    _css = STYLE

    image = traitlets.Int(0).tag(sync=True, echo_update=False)
    layer = traitlets.Int(1).tag(sync=True, echo_update=False)
    head = traitlets.Int(0).tag(sync=True, echo_update=False)
    mode = traitlets.Unicode("layer").tag(sync=True, echo_update=False)
    patch = traitlets.Int(-1).tag(sync=True, echo_update=False)
    direction = traitlets.Unicode("from").tag(sync=True, echo_update=False)
    strength = traitlets.Float(0.85).tag(sync=True, echo_update=False)
    pinned = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True, echo_update=False)

    about = traitlets.Dict().tag(sync=True)
    preloaded: traitlets.List = traitlets.List().tag(sync=True)
    arrived = traitlets.Dict().tag(sync=True)
    own = traitlets.Dict().tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)

    def __init__(self, source: Source, *, preload: int, alt: str, **chosen: Any) -> None:
        self._source = source
        self._sent = min(preload, len(source.images))
        self._frame: Bundle | None = None
        first = source.slot(0)
        require_room(bytes_of(first), self._sent)
        chosen = {name: self._valid(name, value) for name, value in chosen.items()}
        number = chosen["image"]
        super().__init__(
            about=self._about(alt),
            preloaded=[first, *(source.slot(i) for i in range(1, self._sent))],
            arrived=source.slot(number) if number >= self._sent else {},
            **chosen,
        )
        self.on_msg(self._hear)

    def _about(self, alt: str) -> dict[str, Any]:
        source = self._source
        channels, height, width = source.images.shape[1:]
        return {
            "alt": alt,
            "models": list(source.models),
            "layers": source.layers,
            "heads": source.heads,
            "rows": source.grid.rows,
            "cols": source.grid.cols,
            "prefix": source.grid.prefix,
            "channels": channels,
            "height": height,
            "width": width,
            "total": len(source.images),
            "output": source.output,
            "classes": source.classes,
            "why_not": source.why_not,
        }

    @traitlets.validate("image", "layer", "head", "mode", "patch", "direction", "strength", "pinned")
    def _check(self, proposal: traitlets.Bunch) -> Any:
        return self._valid(proposal["trait"].name, proposal["value"])

    def _valid(self, name: str, value: Any) -> Any:
        """The value, if this explorer can show it; else ValueError says what it can."""
        source = self._source
        rows, cols, _ = source.grid
        whole = {
            "image": (OWN if self.own else 0, len(source.images) - 1, ""),
            "layer": (1, source.layers, ""),
            "head": (0, source.heads, "0 is the mean over heads"),
            "patch": (-1, rows * cols - 1, "-1 is the class token"),
        }
        if name in whole:
            return require_whole(name, value, *whole[name])
        options = {"mode": MODES, "direction": DIRECTIONS}.get(name, ())
        if options and value not in options:
            raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, options))}")
        if name == "mode" and value == "gradient" and source.why_not:
            raise ValueError(f"mode='gradient' cannot be shown: {source.why_not}")
        if name == "strength" and not (isinstance(value, (int, float)) and 0 <= value <= 1):
            raise ValueError(f"strength={value!r} is not a number from 0 to 1")
        if name == "pinned" and value is not None:
            if set(value) != set(PINNED):
                raise ValueError(f"pinned={value!r} must be None or a dict of {', '.join(PINNED)}")
            if value["model"] not in source.models:
                raise ValueError(f"pinned: model={value['model']!r} must be one of {', '.join(source.models)}")
            for key in PINNED[1:]:
                self._valid(key, value[key])
        return value

    @traitlets.observe("image")
    def _bring(self, change: traitlets.Bunch) -> None:
        """Compute an image that the browser does not have yet."""
        number = change["new"]
        if number >= self._sent and self.arrived.get("number") != number:
            self.arrived = self._source.slot(number)

    def show(self, image: Tensor, label: Any = None) -> None:
        """Show one's own image, (C, H, W) or (1, C, H, W) in 0..1; it replaces the one shown before.

        Args:
            label: a text, or a number (the position in `classes`).

        Raises:
            ValueError: the image is of another size than those of the set, or not in 0..1.
        """
        slot = self._source.own_slot(image, label)
        with self.hold_sync():
            self.own, self.problem, self.image = slot, "", OWN

    def close(self) -> None:
        """Close the view and all that it holds; ipywidgets alone would leave its layout open."""
        layout, self._frame = self.layout, None
        super().close()
        if layout is not None:
            layout.close()

    def _hear(self, _: Any, content: Any, buffers: list[Any]) -> None:
        """What the browser asks for: is anybody there, an image of the set, an uploaded one."""
        kind = content.get("kind") if isinstance(content, dict) else None
        try:
            if kind == "hello":
                self.send({"kind": "here"})
            elif kind == "ask":
                self._send_again(self._valid("image", content.get("image")))
            elif kind == "upload":
                channels, height, width = self._source.images.shape[1:]
                self.show(image_from_bytes(bytes(buffers[0]), (channels, height, width)))
        except Exception as problem:
            self.problem = f"{type(problem).__name__}: {problem}"

    def _send_again(self, number: int) -> None:
        """An image that a view of the browser lacks: one that is opened anew knows the last one alone."""
        if self.arrived.get("number") == number:
            self.send_state("arrived")
        elif number >= 0:
            self.arrived = self._source.slot(number)

    def __repr__(self) -> str:
        source = self._source
        names = " and ".join(source.models) if len(source.models) > 1 else "one model"
        return (
            f"attention explorer: {names}, {len(source.images)} images, {source.grid.rows} x {source.grid.cols} "
            f"patches, {source.layers} layers, {source.heads} heads"
        )

    def _first_frame(self) -> Bundle:
        if self._frame is None:
            png, width, height = first_frame(self._source, self.image, self.layer, self.head)
            self._frame = png_frame(png, width=width, height=height)
        return self._frame


def explorer(
    model: Any,
    images: Tensor,
    *,
    labels: Any = None,
    classes: Any = None,
    prepare: Callable[[Tensor], Tensor] | None = None,
    preload: int = 8,
    image: int = 0,
    layer: int | None = None,
    head: int | None = None,
    mode: str = "layer",
    patch: int | None = None,
    alt: str = "",
    grid: tuple[int, int] | None = None,
) -> Explorer:
    """A view of all attention maps of a model: hover a patch of an image and see where it looks.

    Make it the last expression of a cell:

        explorer(model, test.images, labels=test.labels, classes=test.classes)

    Args:
        model: one model, or a mapping of two, {"trained": a, "untrained": b}, shown side by side. Any module on which
            `vitcourse.record_attention` works, every token to every token.
        images: (N, channels, height, width) in 0..1, as they are to be shown.
        labels: (N,) whole numbers.
        classes: names of the classes, shown as they are.
        prepare: from images to what the model takes (normalization).
        preload: how many images are computed and sent at once; the others when they are chosen.
        image, layer, head, mode, patch: what is shown first; see the traits of `Explorer`. The last layer, the mean
            over heads and the class token unless given.
        alt: what is to be seen, for who cannot see it; a plain sentence unless given.
        grid: (rows, columns) of patches, for a model that does not tell.

    Raises:
        ValueError: names the argument, what it was, and what would be valid; before anything is sent.
    """
    source = Source(model, images, labels=labels, classes=classes, prepare=prepare, grid=grid)
    require_whole("preload", preload, 1, 10**9)
    if not isinstance(alt, str):
        raise ValueError(f"alt={alt!r} is no text")
    return Explorer(
        source,
        preload=preload,
        alt=" ".join(alt.split()) or "An image under a grid of patches, tinted by attention.",
        image=image,
        layer=source.layers if layer is None else layer,
        head=0 if head is None else head,
        mode=mode,
        patch=-1 if patch is None else patch,
    )
