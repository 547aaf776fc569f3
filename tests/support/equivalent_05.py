"""Mutants of lesson 05's references that are the same function; merged into tests/exercises/test_mutants.py."""

_INSIDE = (
    "a step lies before the end, so what follows the warm-up is at least 1 step; where it is 1, its share is 0 / 1"
)

EQUIVALENT: dict[tuple[str, str], str] = {
    ("warmup_cosine", "step - warmup_steps -> warmup_steps - step"): "the cosine of -x is the cosine of x",
    ("warmup_cosine", "max(1, total_steps - warmup_steps) -> max(total_steps - warmup_steps, 1)"): "max is symmetric",
    ("warmup_cosine", "1 -> 2"): _INSIDE,
    ("warmup_cosine", "1 -> 1 - 1"): _INSIDE,
}
