"""What an exercise is made of: the reference, the probes that tell answers apart, hints, misconceptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Probe:
    """One call of the learner's function.

    Attributes:
        label: what it is, in the learner's words: "two images of 4 x 6 pixels, patch size 2".
        make: fresh arguments, by name and in the order of the signature, from a seeded generator.
        traits: what is special about it ("one image", "square image"). Where an answer is right for probes of one
            trait alone, the result says so.
    """

    label: str
    make: Callable[[torch.Generator], Arguments]
    traits: frozenset[str] = frozenset()

    def arguments(self) -> Arguments:
        return self.make(torch.Generator().manual_seed(0))


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that people give, and the sentence that helps whoever gave it.

    Attributes:
        name: short, for `result.diagnosis`: "softmax over the queries".
        message: the symptom that the learner can see, then the reason; never the corrected line.
        edits: (old, new) pieces of the reference's source, its `parts` included, each of which occurs there exactly
            once; or
        function: the wrong answer itself.
    """

    name: str
    message: str
    edits: tuple[tuple[str, str], ...] = ()
    function: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Property:
    """Something that every right answer has, and the sentence for one that has it not.

    Attributes:
        holds: (value, arguments) -> bool; called only where shape and dtype are right.
    """

    name: str
    message: str
    holds: Callable[[Any, Arguments], bool]


@dataclass(frozen=True)
class Exercise:
    """One function that the learner writes.

    Attributes:
        name: the function's.
        lesson: "01".
        reference: the right answer, the package's own object where it has one.
        parts: functions that the reference calls and that belong to the answer: edits reach them, `solution` shows
            them.
        stub: the signature as the lesson gives it, "(images, patch_size)".
        minutes, difficulty: what the lesson says, difficulty from 1 to 3.
        core: on the 90-minute path.
        axes: names of the result's axes, for "they differ in token 0 only".
        batch: arguments whose first axis is the batch, as the result's is.
        whole: functions of the package that do all the work; who calls one has not written the exercise.
        written_by_hand: names that do the exercise's work in one call, which the learner therefore writes out.
        observe: what to compare beside the returned value, after the call: (value, arguments) -> what by name.
        untouched: whether the arguments must be left as they were.
        gradients: whether gradients by the arguments must be right, too.
        unattempted: sources, other than one that raises NotImplementedError, that count as not attempted.
        together: as many misconceptions at once are recognised.
        piece: whether the function is a part of the model, or of its training, in `my_vit`.
    """

    name: str
    lesson: str
    reference: Callable[..., Any]
    stub: str
    minutes: int
    difficulty: int
    probes: tuple[Probe, ...]
    hints: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    parts: tuple[Callable[..., Any], ...] = ()
    core: bool = False
    axes: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    batch: tuple[str, ...] = ()
    whole: tuple[Callable[..., Any], ...] = ()
    written_by_hand: tuple[str, ...] = ()
    observe: Callable[[Any, Arguments], Any] | None = None
    untouched: bool = True
    gradients: bool = True
    unattempted: tuple[str, ...] = ()
    together: int = 2
    piece: bool = False


def wrong(name: str, message: str, *edits: tuple[str, str] | str, function: Callable[..., Any] | None = None) -> Any:
    """A misconception, written short: `wrong("over the queries", "Your rows ...", "dim=-1", "dim=-2")`.

    Two strings are one edit; for several give pairs.
    """
    pairs: tuple[Any, ...] = edits
    if len(edits) == 2 and all(isinstance(edit, str) for edit in edits):
        pairs = ((edits[0], edits[1]),)
    if bool(pairs) == (function is not None):
        raise ValueError(f"misconception {name!r}: give edits or a function, and not both")
    return Misconception(name, " ".join(message.split()), pairs, function)


def probe(label: str, make: Callable[[torch.Generator], Arguments], *traits: str) -> Probe:
    return Probe(label, make, frozenset(traits))


def seeded(generator: torch.Generator, make: Callable[[], Any]) -> Any:
    """What `make` builds from torch's global random numbers, a module say, drawn from the generator's seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(generator.initial_seed())  # `torch.manual_seed` asks for GPUs, each time
        made = make()
    return made.double() if isinstance(made, nn.Module) else made


def normal(generator: torch.Generator, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Normal numbers; float64 unless asked otherwise, so that a cast to float32 on the way is seen."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)
