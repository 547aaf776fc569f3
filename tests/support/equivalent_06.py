"""Mutants of lesson 06's references that are the same function.

A key with a number (`#153.0`) means one place only: the same change elsewhere is another function.
"""

_SQUARE = "a map is square: as many tokens look as are looked at"
_LAYERS = "the maps of all layers have one shape, dtype and device"
_ONE_PATCH = "the exercise measures in patches: `patch_size` is 1, and only differences of places count"
_SIGN = "the sign of a difference does not matter to the length"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("rollout", "1 -> 2 #78.0"): _SQUARE,
    ("rollout", "0 -> 0 - 1"): _LAYERS,
    ("rollout", "identity.expand(len(maps[0]), -1, -1) -> identity"): "the first product brings the batch axis",
    ("rollout", "1 - residual -> residual"): "the exercise has `residual` at one half",
    ("attention_distance", "1 -> 2 #153.0"): _SQUARE,
    ("attention_distance", "1 -> 2 #245.0"): "all entries are summed and divided by the number of patches either way",
    (
        "attention_distance",
        "distance.to(weights.dtype) -> distance",
    ): "distances are float32, and a product with weights of float32 or float64 has the weights' dtype anyway",
    ("attention_distance", "height -> width"): _ONE_PATCH,
    ("attention_distance", "width -> height"): _ONE_PATCH,
    (
        "attention_distance",
        "torch.hypot(y[:, None] - y[None], x[:, None] - x[None]) -> "
        "torch.hypot(x[:, None] - x[None], y[:, None] - y[None])",
    ): "the length does not depend on the order of its two sides",
    **{
        ("attention_distance", f"{axis}[:, None] - {axis}[None] -> {axis}[None] - {axis}[:, None]"): _SIGN
        for axis in "xy"
    },
    **{
        ("attention_distance", f"{places} * float({size}) -> {places}{rest}"): _ONE_PATCH
        for places, size in (
            ("torch.arange(rows, device=attention.device).repeat_interleave(cols)", "height"),
            ("torch.arange(cols, device=attention.device).repeat(rows)", "width"),
        )
        for rest in (f" / float({size})", f" + float({size})", "")
    },
}
