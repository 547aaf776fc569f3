"""The images and models of one explorer, and what the browser needs of one image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from vitcourse.maps import Explained, TokenGrid, explain

from .checks import class_names, label_numbers, named_models, require_callable, require_images
from .coding import pixels_to_bytes, to_bytes

OWN = -1  # the number of one's own image
Slot = dict[str, Any]


class Source:
    """Computes what is shown of an image: `slot(number)` for one of the set, `own_slot(image)` for another.

    Raises:
        ValueError: whatever `explorer` refuses about models, images, labels, classes.
    """

    def __init__(
        self,
        model: Any,
        images: Tensor,
        *,
        labels: Any = None,
        classes: Any = None,
        prepare: Callable[[Tensor], Tensor] | None = None,
        grid: tuple[int, int] | None = None,
    ) -> None:
        self.models: dict[str, nn.Module] = named_models(model)
        require_images("images", images)
        require_callable("prepare", prepare)
        self.images, self.prepare = images, prepare
        self.labels = label_numbers(labels, len(images))
        self.classes = class_names(classes, self.labels)
        self._grid = _pair(grid)
        self._gradients = dict.fromkeys(self.models, True)
        self.why_not = ""
        first = self.explain(images[:1])
        self._describe(first)

    def _describe(self, first: dict[str, Explained]) -> None:
        """Keep what is the same for all images, and see that two models can be compared."""
        one = next(iter(first.values()))
        shapes = {name: (tuple(each.maps.shape[1:]), each.grid) for name, each in first.items()}
        if len(set(shapes.values())) > 1:
            listed = "; ".join(
                f"{name!r} has {layers} layers, {heads} heads, {tokens} tokens in {grid.rows} x {grid.cols} patches"
                for name, ((layers, heads, tokens, _), grid) in shapes.items()
            )
            raise ValueError(f"model: side by side, two models must have maps of one size; {listed}")
        _, self.layers, self.heads, self.tokens, _ = one.maps.shape
        self.grid: TokenGrid = one.grid
        self.output = one.output
        outputs = 0 if one.probabilities is None else one.probabilities.shape[1]
        if self.classes and one.output == "classes" and len(self.classes) != outputs:
            raise ValueError(f"classes has {len(self.classes)} names; the model has {outputs} classes")
        for name, each in first.items():
            if each.reason:
                self._gradients[name] = False
                self.why_not = self.why_not or each.reason
        self._first: dict[str, Explained] | None = first

    def explain(self, images: Tensor) -> dict[str, Explained]:
        """What each model says of a batch; by its name."""
        prepared = images if self.prepare is None else self.prepare(images)
        return {
            name: explain(model, prepared, grid=self._grid, gradients=self._gradients[name])
            for name, model in self.models.items()
        }

    def slot(self, number: int) -> Slot:
        label = "" if self.labels is None else self.name_of(self.labels[number])
        return self._made(number, self.images[number], label)

    def own_slot(self, image: Any, label: Any = None) -> Slot:
        """A slot for an image that is not of the set: (C, H, W) or (1, C, H, W), of the set's size."""
        if isinstance(image, Tensor) and image.ndim == 3:
            image = image[None]
        require_images("image", image)
        size = tuple(self.images.shape[1:])
        if len(image) != 1 or tuple(image.shape[1:]) != size:
            raise ValueError(f"image has shape {tuple(image.shape)}; expected {size} (channels, height, width)")
        name = label if isinstance(label, str) else "" if label is None else self.name_of(int(label))
        return self._made(OWN, image[0], name)

    def name_of(self, number: int) -> str:
        return self.classes[number] if 0 <= number < len(self.classes) else str(number)

    def _made(self, number: int, image: Tensor, label: str) -> Slot:
        # The first image was explained to learn the sizes; once is enough for a large model.
        explained = self._first if number == 0 and self._first else self.explain(image[None].detach())
        self._first = None
        return {
            "number": number,
            "label": label,
            "pixels": pixels_to_bytes(image),
            "models": [_sent(each) for each in explained.values()],
        }


def _sent(explained: Explained) -> dict[str, Any]:
    """One model's maps of one image as bytes, and its three most probable answers as (position, probability)."""
    codes, scales = to_bytes(explained.maps[0], axes=2)
    sent: dict[str, Any] = {"codes": codes, "scales": scales, "answers": []}
    if explained.relevance is not None:
        sent["gradient"], sent["gradient_scales"] = to_bytes(explained.relevance[0], axes=1)
    if explained.probabilities is not None:
        top = explained.probabilities[0].topk(min(3, explained.probabilities.shape[1]))
        pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        sent["answers"] = [[position, round(value, 5)] for position, value in pairs]
    return sent


def bytes_of(slot: Slot) -> int:
    """How many bytes a slot takes on its way."""
    parts = [slot, *slot["models"]]
    return sum(len(value) for part in parts for value in part.values() if isinstance(value, bytes))


def image_from_bytes(data: bytes, shape: tuple[int, int, int]) -> Tensor:
    """What the browser uploads, one byte a value in the order of `shape`, in 0..1."""
    if len(data) != shape[0] * shape[1] * shape[2]:
        raise ValueError(f"the uploaded image has {len(data)} bytes; expected {shape} of one byte each")
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).float().div(255).view(shape)


def _pair(grid: Any) -> tuple[int, int] | None:
    if grid is None:
        return None
    if not (isinstance(grid, (tuple, list)) and len(grid) == 2 and all(isinstance(n, int) and n > 0 for n in grid)):
        raise ValueError(f"grid={grid!r} is no pair (rows, columns) of whole numbers")
    return grid[0], grid[1]
