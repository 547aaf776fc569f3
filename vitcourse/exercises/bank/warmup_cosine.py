"""`warmup_cosine` (lesson 05): the learning rate over a run."""

from __future__ import annotations

import math

from ...training.schedule import warmup_cosine
from ..spec import Arguments, Exercise, Probe, Property, probe, wrong

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


def _right(arguments: Arguments) -> float:
    return warmup_cosine(**arguments)


def _near(value: float, other: float) -> bool:
    return abs(value - other) <= 1e-6


def _is_not_rounded(value: float, arguments: Arguments) -> bool:
    right = _right(arguments)
    return _near(value, right) or not any(value == round(right, digits) for digits in range(1, 5))


def _is_not_far_too_small(value: float, arguments: Arguments) -> bool:
    return not 0 < value < 0.03 * _right(arguments)


def _ends_low(value: float, arguments: Arguments) -> bool:
    return arguments["step"] < arguments["total_steps"] - 1 or value < _right(arguments) + 0.01


def _begins_above_0(value: float, arguments: Arguments) -> bool:
    return arguments["step"] > 0 or value > 0


def _has_no_floor(value: float, arguments: Arguments) -> bool:
    """Not a mixture with one of the floors that people use."""
    right = _right(arguments)
    mixed = (floor + (1 - floor) * right for floor in (0.01, 0.02, 0.05, 0.1, 0.2))
    return arguments["step"] < arguments["warmup_steps"] or _near(right, 1) or not any(_near(value, m) for m in mixed)


def _is_not_halved(value: float, arguments: Arguments) -> bool:
    return not any(_near(value, factor * _right(arguments)) for factor in (0.5, 2))


def _whole(step: int, total_steps: int, warmup_steps: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / total_steps))


def _exchanged(step: int, total_steps: int, warmup_steps: int) -> float:
    if step < total_steps:
        return (step + 1) / total_steps
    return 0.5 * (1 + math.cos(math.pi * (step - total_steps) / (warmup_steps - total_steps)))


def _from_1(step: int, total_steps: int, warmup_steps: int) -> float:
    if step <= warmup_steps:
        return step / warmup_steps
    return 0.5 * (1 + math.cos(math.pi * (step - 1 - warmup_steps) / (total_steps - warmup_steps)))


def _from_1_guarded(step: int, total_steps: int, warmup_steps: int) -> float:
    if step <= warmup_steps:
        return step / max(1, warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * (step - 1 - warmup_steps) / (total_steps - warmup_steps)))


def _smaller_of_both(step: int, total_steps: int, warmup_steps: int) -> float:
    return min((step + 1) / max(1, warmup_steps), 0.5 * (1 + math.cos(math.pi * step / total_steps)))


def _roots(step: int, total_steps: int, warmup_steps: int) -> float:
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    return float((max(1, warmup_steps) / (step + 1)) ** 0.5)


EXERCISE = Exercise(
    name="warmup_cosine",
    lesson="05",
    reference=warmup_cosine,
    stub="(step, total_steps, warmup_steps)",
    minutes=5,
    difficulty=1,
    piece=True,
    probes=(
        _at(7, "a step on the way down", ANY_WARM_UP),
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
        Property(
            "a factor, not a learning rate",
            "Your number is far too small, less than a thirtieth of what it should be. Is it a learning rate already? "
            "Asked for is the factor, whose peak is 1; it is multiplied by the peak learning rate elsewhere.",
            _is_not_far_too_small,
        ),
        Property(
            "above 0 at the first step",
            "Your first step has factor 0 or less: the model does not move, and a batch is wasted. Steps are counted "
            "from 0, and the first is already one part of the way.",
            _begins_above_0,
        ),
        Property(
            "no floor",
            "Your curve does not go towards 0, but towards a floor above it: it is a mixture of the right curve and a "
            "constant. That is used as well; here the end is 0.",
            _has_no_floor,
        ),
        Property(
            "near 0 at the end",
            "Your last step is too long: the curve should come near 0 there, and yours stays above. Is there a floor, "
            "or does the share of the run not come near 1?",
            _ends_low,
        ),
        Property(
            "no factor of 2",
            "Your number is half of what it should be, or twice: a 2 is missing or too many.",
            _is_not_halved,
        ),
        Property(
            "not rounded",
            "Your number is the right factor, rounded. Round where you print, not where you return.",
            _is_not_rounded,
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
            "starts at 0, and fails without a warm-up",
            """Your first step has factor 0: the model does not move, and a batch is wasted. A run without a warm-up
            raises ZeroDivisionError at its first step, which you count to the warm-up. Steps are counted from 0, so
            the first is one part of the way.""",
            ("if step < warmup_steps:", "if step <= warmup_steps:"),
            ("(step + 1) / warmup_steps", "step / warmup_steps"),
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
            "whole numbers in the warm-up",
            """Your warm-up is 0 until its last step: its division drops what stands behind the point, as `//` and
            `int` do. A share of the way is needed.""",
            "(step + 1) / warmup_steps",
            "(step + 1) // warmup_steps",
        ),
        wrong(
            "no way down",
            """Your factor rises to 1 and stays there, so the last steps are as long as the longest. Either there is
            no cosine after the warm-up, or its share of the way is always 0, because a division drops what stands
            behind the point, as `//` and `int` do.""",
            ") / max(1,",
            ") // max(1,",
        ),
        wrong(
            "whole numbers in the angle",
            """After the warm-up your factor comes down in a few jumps: the angle is a whole number, because a
            division drops what stands behind the point, as `//` and `int` do.""",
            "math.pi * progress",
            "(math.pi * (step - warmup_steps) // max(1, total_steps - warmup_steps))",
        ),
        wrong(
            "whole numbers at the end",
            """After the warm-up your factor is 1 once and then 0: what is returned drops what stands behind the
            point. `//` gives whole numbers only.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "(1 + math.cos(math.pi * progress)) // 2",
        ),
        wrong(
            "a half that is 0",
            """After the warm-up your factor is 0 throughout, and the model stands still: something that is 0 is
            multiplied with the curve. `1 // 2` is 0, as whole numbers go.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "0.0",
        ),
        wrong(
            "cosine over the whole run, no warm-up",
            """Your first step has the full learning rate, and `warmup_steps` plays no part: one cosine runs over
            all steps. There should be a straight rise first, and the cosine only after it.""",
            function=_whole,
        ),
        wrong(
            "full learning rate in the warm-up",
            """Your factor is 1 in all of the warm-up. It should rise there, step by step, so that the first steps
            are short.""",
            "return (step + 1) / warmup_steps",
            "return 1.0",
        ),
        wrong(
            "standstill in the warm-up",
            """Your factor is 0 in all of the warm-up: the model does not move, and all these batches are wasted. It
            should rise there, step by step.""",
            "return (step + 1) / warmup_steps",
            "return 0.0",
        ),
        wrong(
            "one warm-up step too many, guarded",
            """Your factor rises above 1 at the first step after the warm-up: this step is counted to the warm-up
            still. Steps are counted from 0, so the last step of the warm-up has a number one below their count.""",
            ("if step < warmup_steps:", "if step <= warmup_steps:"),
            ("(step + 1) / warmup_steps", "(step + 1) / max(1, warmup_steps)"),
        ),
        wrong(
            "one warm-up step too few",
            """The last step of your warm-up is below 1, and the next one is 1: that step is taken for one after the
            warm-up already. Which number has the last step of the warm-up, counted from 0?""",
            "if step < warmup_steps:",
            "if step < warmup_steps - 1:",
        ),
        wrong(
            "steps counted from 1",
            """Your first step has factor 0, and everything is one step late: you count steps from 1. The first has
            number 0 here, and without a warm-up there is nothing to divide by.""",
            function=_from_1,
        ),
        wrong(
            "steps counted from 1, guarded",
            """Your first step has factor 0, also without a warm-up, and everything is one step late: you count
            steps from 1. The first has number 0 here.""",
            function=_from_1_guarded,
        ),
        wrong(
            "one step ahead everywhere",
            """Your first step is two parts of the way, and the curve is one step ahead after it, too: 1 is added to
            `step` twice, or for the whole curve. Only the warm-up has such a 1, and only one.""",
            ("if step < warmup_steps:", "if step + 1 < warmup_steps:"),
            ("(step + 1) / warmup_steps", "(step + 2) / warmup_steps"),
            ("(step - warmup_steps)", "(step + 1 - warmup_steps)"),
        ),
        wrong(
            "warm-up as a share",
            """Your warm-up never ends: `warmup_steps` is taken for a share of the run and multiplied by its length.
            It is a number of steps already.""",
            ("if step < warmup_steps:", "if step < warmup_steps * total_steps:"),
            ("(step + 1) / warmup_steps", "(step + 1) / (warmup_steps * total_steps)"),
        ),
        wrong(
            "run and warm-up exchanged",
            """Your factor rises through the whole run and reaches 1 at its last step: `total_steps` and
            `warmup_steps` stand in each other's place.""",
            function=_exchanged,
        ),
        wrong(
            "precedence in the angle",
            """After the warm-up your factor jumps up and down: a product and a division bind more strongly than a
            difference, so `pi` meets the step alone, and only the warm-up is divided.""",
            "math.pi * progress",
            "(math.pi * step - warmup_steps / max(1, total_steps - warmup_steps))",
        ),
        wrong(
            "precedence in the divisor",
            """After the warm-up your factor does not begin at 1: a division binds more strongly than a difference,
            so the steps are divided by the whole run, and the warm-up is subtracted from the angle.""",
            "math.pi * progress",
            "(math.pi * (step - warmup_steps) / total_steps - warmup_steps)",
        ),
        wrong(
            "floor of a tenth",
            """Your factor never falls below 0.1: the smallest value is cut off (`max`). That is used as well; here
            the curve goes on towards 0.""",
            "0.5 * (1 + math.cos(math.pi * progress))",
            "max(0.1, 0.5 * (1 + math.cos(math.pi * progress)))",
        ),
        wrong(
            "smaller of both curves",
            """Your factor never reaches 1: it is the smaller of warm-up and cosine, and the cosine has been falling
            since step 0. They should follow one another.""",
            function=_smaller_of_both,
        ),
        wrong(
            "falls as one by the root",
            """After the warm-up your factor falls as one by the root of the step, which is another schedule (that
            of the first transformer). It is still long at the end; the exercise asks for half a cosine.""",
            function=_roots,
        ),
        wrong(
            "reaches 0 two steps after the last",
            """Your curve is a little too high after the warm-up, more so towards the end: it would reach 0 two
            steps after the last. The divisor is one too large.""",
            "max(1, total_steps - warmup_steps)",
            "max(1, total_steps - warmup_steps + 1)",
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
