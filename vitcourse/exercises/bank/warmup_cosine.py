"""`warmup_cosine` (lesson 05): the learning rate over a run."""

from __future__ import annotations

import math

from ...training.schedule import warmup_cosine
from ..spec import Exercise, Probe, Property, probe, wrong

WARM_UP, UP_TO_THE_TOP, ANY_WARM_UP = (
    "the steps of the warm-up",
    "the warm-up and the first step after it",
    "runs that have a warm-up",
)


def _at(step: int, label: str, *traits: str, total: int = 11, warmup: int = 4) -> Probe:
    return probe(
        f"{label} (step {step} of {total}, warm-up {warmup})",
        lambda g: {"step": step, "total_steps": total, "warmup_steps": warmup},
        *traits,
    )


def _product(step: int, total_steps: int, warmup_steps: int) -> float:
    return min(1, (step + 1) / max(1, warmup_steps)) * 0.5 * (1 + math.cos(math.pi * step / total_steps))


EXERCISE = Exercise(
    name="warmup_cosine",
    lesson="05",
    reference=warmup_cosine,
    stub="(step, total_steps, warmup_steps)",
    minutes=5,
    difficulty=1,
    piece=True,
    probes=(
        _at(6, "a step on the way down", ANY_WARM_UP),
        _at(0, "the first step", WARM_UP, UP_TO_THE_TOP, ANY_WARM_UP),
        _at(1, "the second step", WARM_UP, UP_TO_THE_TOP, ANY_WARM_UP),
        _at(3, "the last step of the warm-up", WARM_UP, UP_TO_THE_TOP, ANY_WARM_UP),
        _at(4, "the first step after the warm-up", UP_TO_THE_TOP, ANY_WARM_UP),
        _at(10, "the last step", ANY_WARM_UP),
        _at(0, "the first step of a run without warm-up", total=5, warmup=0),
        _at(3, "a later step of a run without warm-up", total=5, warmup=0),
    ),
    hints=(
        "There are two cases. Which condition on `step` tells them apart, and what should both give where they meet?",
        "Warm-up: the first step, number 0, gets 1 of `warmup_steps` parts, the last gets all. Afterwards: how far "
        "has the run come, from 0 to 1, of what remains after the warm-up?",
        "With that share `s`, half a cosine from 1 down to 0 is `(1 + cos(pi s)) / 2`. The share counts steps "
        "since the end of the warm-up, divided by how many there are after it.",
    ),
    properties=(
        Property(
            "between 0 and 1",
            "The factor is a share of the peak learning rate: it lies between 0 and 1.",
            lambda value, arguments: 0 <= value <= 1,
        ),
    ),
    misconceptions=(
        wrong(
            "starts at 0",
            """Your first step has factor 0: the model does not move, and a batch is wasted. The whole warm-up is
            one step late. Steps are counted from 0, so the first is already one part of the way.""",
            "(step + 1)",
            "step",
        ),
        wrong(
            "starts at 0, without a warm-up too",
            """Your first step has factor 0: the model does not move, and a batch is wasted. A run without a warm-up
            has such a first step too, where it should begin at 1. Steps are counted from 0, so the first is one
            part of the way.""",
            ("if step < warmup_steps:", "if step <= warmup_steps:"),
            ("(step + 1) / warmup_steps", "step / max(1, warmup_steps)"),
        ),
        wrong(
            "warm-up ends below 1",
            """The last step of your warm-up is below 1: it is divided into one part too many. Your `+ 1` in the
            count of steps is right; the number of parts is the number of warm-up steps.""",
            "(step + 1) / warmup_steps",
            "(step + 1) / (warmup_steps + 1)",
        ),
        wrong(
            "warm-up divided by the whole run",
            """Your warm-up rises too slowly, and the factor jumps to 1 at its end: the steps are divided by the
            length of the whole run.""",
            "(step + 1) / warmup_steps",
            "(step + 1) / total_steps",
        ),
        wrong(
            "curved warm-up",
            """Your warm-up follows half a cosine from 0 to 1. That is used as well, but here it should be a
            straight line.""",
            "return (step + 1) / warmup_steps",
            "return 0.5 * (1 - math.cos(math.pi * (step + 1) / warmup_steps))",
        ),
        wrong(
            "whole numbers only",
            """Your factor is 0 or 1 and nothing between: both divisions drop what stands behind the point, as `//`
            and `int` do.""",
            ("(step + 1) / warmup_steps", "(step + 1) // warmup_steps"),
            (") / max(1,", ") // max(1,"),
        ),
        wrong(
            "precedence in the warm-up",
            """Your warm-up grows beyond 1, by one each step: a division binds more strongly than a sum, so only the
            1 is divided.""",
            "(step + 1) / warmup_steps",
            "step + 1 / warmup_steps",
        ),
        wrong(
            "precedence in the share",
            """After the warm-up your factor jumps up and down: a division binds more strongly than a difference, so
            only the two numbers beside it are divided.""",
            "(step - warmup_steps) / max(1, total_steps - warmup_steps)",
            "step - warmup_steps / total_steps - warmup_steps",
        ),
        wrong(
            "cases exchanged",
            """The two cases stand the wrong way round: your first steps follow the cosine, the later ones rise
            without end.""",
            "if step < warmup_steps:",
            "if step > warmup_steps:",
        ),
        wrong(
            "product of both",
            """Your factor never reaches 1: warm-up and cosine are multiplied, and the cosine has been falling since
            step 0. They should follow one another.""",
            function=_product,
        ),
        wrong(
            "one warm-up step too many",
            """Your factor rises above 1 at the first step after the warm-up: this step is counted to the warm-up
            still. Steps are counted from 0; which number has the last step of the warm-up?""",
            "if step < warmup_steps:",
            "if step <= warmup_steps:",
        ),
        wrong(
            "no warm-up",
            """Your first steps have the full learning rate, or nearly: the warm-up is left out, the cosine begins
            at once.""",
            "if step < warmup_steps:",
            "if step < 0:",
        ),
        wrong(
            "share of the whole run",
            """Your factor falls from 1 at the end of the warm-up at once, to a value in the middle of the curve:
            the cosine has been running since step 0. It should begin where the warm-up ends.""",
            "(step - warmup_steps) / max(1, total_steps - warmup_steps)",
            "step / total_steps",
        ),
        wrong(
            "divided by the whole run",
            """Your curve begins right and ends too high: the last steps are still long. The steps since the warm-up
            are divided by the length of the whole run, so their share never comes near 1.""",
            "max(1, total_steps - warmup_steps)",
            "total_steps",
        ),
        wrong(
            "warm-up steps not taken off",
            """After the warm-up your factor jumps down, and near the end it rises again: the share is larger than 1
            there. It counts from step 0, but divides by the steps that follow the warm-up.""",
            "(step - warmup_steps)",
            "step",
        ),
        wrong(
            "last step exactly 0",
            """Your last step has factor 0, so it does not move the model: a batch is wasted. The curve would reach
            0 one step after the last; your denominator is one too small.""",
            "max(1, total_steps - warmup_steps)",
            "max(1, total_steps - warmup_steps - 1)",
        ),
        wrong(
            "one step ahead on the way down",
            """The first step after the warm-up is below 1 already: your cosine is one step ahead. The `+ 1` of the
            warm-up has no place in the second case.""",
            "(step - warmup_steps)",
            "(step + 1 - warmup_steps)",
        ),
        wrong(
            "twice too high",
            """After the warm-up your factor jumps to 2 and falls from there: the cosine goes from 1 to -1, and
            raised by 1 from 2 to 0. Something must halve it.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "1 + math.cos(math.pi * progress)",
        ),
        wrong(
            "bare cosine",
            """Your factor becomes negative in the second half and ends near -1: the model would climb. A cosine
            goes from 1 to -1; it has to be brought into the range from 1 to 0.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "math.cos(math.pi * progress)",
        ),
        wrong(
            "halved, not raised",
            """After the warm-up your factor jumps to 0.5, and it ends near -0.5: the cosine is halved, but not
            raised, so half of the curve lies below 0.""",
            "(1 + math.cos(math.pi * progress))",
            "math.cos(math.pi * progress)",
        ),
        wrong(
            "raised by one half",
            """After the warm-up your factor jumps to 1.5 and ends at -0.5: only the 1 is halved, not the cosine
            beside it. A product binds more strongly than a sum.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "0.5 + math.cos(math.pi * progress)",
        ),
        wrong(
            "sine",
            """After the warm-up your factor jumps to 0.5, rises to 1 in the middle and falls again: a sine begins
            at 0 and has its top in the middle. The curve should begin at its top.""",
            "math.cos(",
            "math.sin(",
        ),
        wrong(
            "degrees",
            """Your factor goes up and down many times after the warm-up: the angle runs to 180, and `cos` reads it
            in radians, where half a turn is 3.14.""",
            "math.pi * progress",
            "180 * progress",
        ),
        wrong(
            "no pi",
            """Your last factor is about 0.8, the learning rate hardly falls: the angle runs only from 0 to 1. Half
            a cosine is half a turn, and `cos` takes its angle in radians.""",
            "math.pi * progress",
            "progress",
        ),
        wrong(
            "a whole turn",
            """Your factor falls to 0 in the middle and rises to 1 again at the end, where steps should be short:
            that is a whole turn of the cosine, not half of one.""",
            "math.pi * progress",
            "2 * math.pi * progress",
        ),
        wrong(
            "a quarter turn",
            """Your curve goes from 1 to 0, but it stays high too long and ends steep: that is a quarter turn of the
            cosine. Half a turn, lifted to the range from 1 to 0, is flat at both ends.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "math.cos(0.5 * math.pi * progress)",
        ),
        wrong(
            "upside down",
            """After the warm-up your factor falls to 0 and rises to 1 at the end: the curve is upside down, it
            should go from 1 to 0.""",
            "1 + math.cos(",
            "1 - math.cos(",
        ),
        wrong(
            "straight line",
            """After the warm-up your factor falls along a straight line; the exercise asks for half a cosine, flat
            at both ends.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "1 - progress",
        ),
    ),
)
