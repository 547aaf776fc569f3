"""The duel, Python's side: it answers each hidden patch, and keeps the others' numbers until the prediction flips."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import torch
import traitlets
from torch import Tensor

from vitcourse.plots.duel import duel_frame
from vitcourse.widgets.fallback import Bundle, FirstFrame, png_frame
from vitcourse.widgets.render import pixels, small_png
from vitcourse.widgets.scripts import ELEMENTS, joined

from .game import CHANCE, SEARCH, Game, Rival

HERE = pathlib.Path(__file__).parent
SCRIPTS = ("board.js", "chart.js", "cards.js", "duel.js")  # each uses only what stands above it
PLAYING, FLIPPED, GIVEN_UP = "", "flipped", "given up"


class Duel(FirstFrame, anywidget.AnyWidget):
    """A game against maps: hide patches until the prediction flips; lessons make one with `duel(...)`.

    What the other orders needed is sent when the round is over, and not before.

    Traits set by either side:
        image: which one is played.
        hidden: the patches hidden, in the order in which they were; numbered row by row from 0.
        over: "" while a round is played, "flipped" or "given up".

    Traits sent to the browser:
        about: sizes and names. pictures: all images, one byte a value. said: what the model says to the patches
        hidden. results: for each image whose round is over, what everybody needed. score: means over the images
        whose answer was flipped, first rounds only.
    """

    _esm = joined(ELEMENTS, *(HERE / name for name in SCRIPTS))
    _css = HERE / "duel.css"

    image = traitlets.Int(0).tag(sync=True, echo_update=False)
    hidden = traitlets.List(traitlets.Int()).tag(sync=True, echo_update=False)
    over = traitlets.Unicode(PLAYING).tag(sync=True, echo_update=False)

    about = traitlets.Dict().tag(sync=True)
    pictures = traitlets.Bytes(b"").tag(sync=True)
    said = traitlets.Dict().tag(sync=True)
    results = traitlets.Dict().tag(sync=True)
    score = traitlets.Dict().tag(sync=True)

    def __init__(self, game: Game, classes: Sequence[str], alt: str) -> None:
        self._game, self._classes = game, list(classes)
        self._seen: tuple[int, list[int]] = (-1, [])  # the image and the patches to which `said` is the answer
        self._counted: dict[int, int | None] = {}  # first rounds; None: given up
        self._frame: Bundle | None = None
        height, width = game.images.shape[-2:]
        bytes_of = (game.images.detach().cpu() * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        about = {
            "alt": alt,
            "rows": game.grid[0],
            "cols": game.grid[1],
            "height": height,
            "width": width,
            "channels": game.images.shape[1],
            "classes": self._classes,
            "playable": game.playable,
            "blank": self._classes[game.blank],
            "rivals": [*game.scores, CHANCE, SEARCH],
        }
        super().__init__(
            about=about,
            pictures=bytes_of.contiguous().numpy().tobytes(),
            image=game.playable.index(True),
            score=game.score({}),
        )
        self.observe(self._moved, ["image", "hidden"])
        self.observe(self._ended, "over")
        self._answer()

    @traitlets.validate("image")
    def _valid_image(self, proposal: traitlets.Bunch) -> int:
        return self._image_to_play(proposal["value"])

    def _image_to_play(self, number: int) -> int:
        if not 0 <= number < len(self._game.first):
            raise ValueError(f"image={number} is not from 0 to {len(self._game.first) - 1}")
        if not self._game.playable[number]:
            blank = self._classes[self._game.blank]
            raise ValueError(f"image={number} cannot be played: the model answers {blank} to a blank image, too")
        return number

    @traitlets.validate("hidden")
    def _patches(self, proposal: traitlets.Bunch) -> list[int]:
        hidden = proposal["value"]
        if len(set(hidden)) < len(hidden) or not all(0 <= patch < self._game.patches for patch in hidden):
            raise ValueError(f"hidden={hidden} must be different patches from 0 to {self._game.patches - 1}")
        return hidden

    def touch(self, patch: int) -> None:
        """Hides a patch, or brings it back if it is hidden, as a click does; nothing when the round is over.

        Raises:
            ValueError: there is no such patch.
        """
        if not self.over:
            self.hidden = [p for p in self.hidden if p != patch] if patch in self.hidden else [*self.hidden, patch]

    def start(self, image: int | None = None) -> None:
        """Begins a round anew, with this image or the present one.

        Raises:
            ValueError: there is no such image, or the model gives its answer to a blank image, too.
        """
        image = self._image_to_play(self.image if image is None else image)
        with self.hold_trait_notifications():
            self.image = image
            self.hidden, self.over = [], PLAYING

    def give_up(self) -> None:
        """Ends the round and shows what the others needed."""
        if not self.over:
            self.over = GIVEN_UP

    def _moved(self, _: Any) -> None:
        if (self.image, self.hidden) != self._seen:
            self._answer()

    def _ended(self, change: traitlets.Bunch) -> None:
        if change["new"] == GIVEN_UP:
            self._finish(None)

    def _answer(self) -> None:
        """Says what the model answers; ends the round at the first patch with which the prediction flips."""
        (image, before), new, first = self._seen, list(self.hidden), self._game.first[self.image]
        if self.over and image == self.image:
            new = before  # a click that was on its way when the round ended
        path = self._game.path(self.image, new)
        # Several clicks may come in one message: each is looked at. What is brought back begins another path.
        goes_on = image == self.image and new[: len(before)] == before
        flipped = [
            k for k in range(len(before) + 1 if goes_on else len(new), len(new) + 1) if path[k].argmax() != first
        ]
        flips = bool(flipped) and not self.over
        if flips:
            new, path = new[: flipped[0]], path[: flipped[0] + 1]
        self._seen = (self.image, new)
        with self.hold_sync():
            self.hidden, self.said = new, self._words(path, first)
            if flips:
                self.over = FLIPPED
        if flips:
            self._finish(len(new))  # takes longer, and therefore comes in a message of its own

    def _words(self, path: Tensor, first: int) -> dict[str, Any]:
        others = path.clone()
        others[:, first] = -1
        strongest, rival = others.max(dim=-1)
        return {
            "image": self.image,
            "first": first,
            "rival": int(rival[-1]),
            "curve": [
                [round(p, 4), round(q, 4)] for p, q in zip(path[:, first].tolist(), strongest.tolist(), strict=True)
            ],
        }

    def _finish(self, needed: int | None) -> None:
        """Sends what everybody needed; `needed` is None for a round that was given up."""
        self._counted.setdefault(self.image, needed)
        marks = [float(patch in self.hidden) for patch in range(self._game.patches)]
        mine = Rival("you", needed, marks, self.said["rival"] if needed else None)
        everybody = [mine, *self._game.rivals(self.image)]
        with self.hold_sync():
            self.results = {**self.results, str(self.image): [one._asdict() for one in everybody]}
            self.score = self._game.score(self._counted)

    def __repr__(self) -> str:
        return f"duel: {self.about['alt']}"

    def _first_frame(self) -> Bundle:
        if self._frame is None:
            game, image = self._game, self._game.playable.index(True)
            pixels_of = game.images[image].detach().cpu()
            shown = pixels_of[0] if len(pixels_of) == 1 else pixels_of.permute(1, 2, 0)
            figure = duel_frame(shown.numpy(), game.grid, {r.name: (r.needed, r.hidden) for r in game.rivals(image)})
            picture = pixels(figure)
            self._frame = png_frame(small_png(picture), width=picture.shape[1], height=picture.shape[0])
        return self._frame


def duel(
    model: Any, images: Tensor, scores: Mapping[str, Tensor], *, classes: Sequence[str] | None = None, alt: str
) -> Duel:
    """A game: hide patches of an image until the model's prediction flips, then see what others needed.

    The others hide the patches in the order of their scores, the highest first. Two more always play: chance, the mean
    of 20 random orders, and a search that asks the model before each patch.

        duel(model, test.images[:10], {"rollout": rollout(maps)[:, 0, 1:]}, alt="...")

    Args:
        model: from images to logits (batch, classes), with a `grid` of patches; in evaluation mode.
        images: (N, channels, height, width) in 0..1, as the model takes them. 0 hides.
        scores: name -> (N, patches).
        classes: their names; their numbers unless given.
        alt: what it shows, for who cannot see it.

    Raises:
        ValueError: names the argument and what would be valid.
    """
    game = Game(model, images, scores)
    names = [str(name) for name in (range(game.classes) if classes is None else classes)]
    if len(names) != game.classes:
        raise ValueError(f"classes has {len(names)} names; the model has {game.classes} classes")
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError(f"alt={alt!r}: say in a sentence what can be played")
    return Duel(game, names, " ".join(alt.split()))
