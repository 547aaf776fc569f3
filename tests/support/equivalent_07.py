"""Mutants of lesson 07's references that are the same function."""

_NO_MARGIN = "the exercise has no margin: it is 0 in every call"
_NORM = "a norm does not see the sign of a difference"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("equivariance_error", "rows - margin -> rows + margin"): _NO_MARGIN,
    ("equivariance_error", "rows - margin -> rows"): _NO_MARGIN,
    ("equivariance_error", "cols - margin -> cols + margin"): _NO_MARGIN,
    ("equivariance_error", "cols - margin -> cols"): _NO_MARGIN,
    ("equivariance_error", "-2 -> 2"): "maps have four axes: -2 and 2 are the same one",
    (
        "equivariance_error",
        "after - translate(before, pixels / stride) -> translate(before, pixels / stride) - after",
    ): _NORM,
    (
        "equivariance_error",
        "before - before.mean(dim=(-2, -1), keepdim=True) -> before.mean(dim=(-2, -1), keepdim=True) - before",
    ): _NORM,
}
