"""Mutants of lesson 02's references that are the same function."""

_NO_BIAS = "the exercise has no bias: the function is called with queries and keys alone"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("attention_weights", "scores = scores + bias -> (left out)"): _NO_BIAS,
    ("attention_weights", "scores + bias -> scores - bias"): _NO_BIAS,
    ("attention_weights", "scores + bias -> scores"): _NO_BIAS,
    ("attention_weights", "scores + bias -> bias"): _NO_BIAS,
    ("attention_weights", "k.transpose(-2, -1) -> k.transpose(-1, -2)"): "the same two axes change places",
}
