"""Mutants of lesson 03's references that are the same function."""

_ROUNDED = "integers up to the grid's side: float32 holds them exactly, and the codes are rounded to float32 anyway"
_OVERWRITTEN = (
    "row 0 or column 0 from its corner on instead of behind it: the corner gets its own number in the same line, last. "
    "test_references_03.py asserts that no other mutant of this name is spared"
)

EQUIVALENT: dict[tuple[str, str], str] = {
    ("sincos_2d", "torch.arange(length, dtype=torch.float64) -> torch.arange(length)"): _ROUNDED,
    ("sincos_2d", "torch.arange(dim // 4, dtype=torch.float64) -> torch.arange(dim // 4)"): _ROUNDED,
    ("relative_bias", "return index -> return"): "never reached: the exercise always has a class token",
    (
        "relative_bias",
        "torch.empty(rows * cols + 1, rows * cols + 1, dtype=torch.int64) -> "
        "torch.empty(rows * cols + 1, rows * cols + 1, dtype=torch.int64)",
    ): "the two sizes exchanged, and they are equal",
    (
        "relative_bias",
        "relative_index(rows, cols, class_token).to(table.device) -> relative_index(rows, cols, class_token)",
    ): "an index on the CPU reads a tensor on any device",
    ("relative_bias", "1 -> 1 - 1"): _OVERWRITTEN,
}
