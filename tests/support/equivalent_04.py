"""Mutants of lesson 04's references that are the same function."""

_EXCHANGED = "to exchange two axes is the same in either order"
_CUT = "part.reshape(batch, tokens, heads, dim // heads)"
_RESIZED = "F.interpolate(picture, size=new_grid, mode='bicubic', align_corners=False, antialias=True)"
_WITH_NEITHER = "tokens if positions is None else tokens + positions"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("embed_tokens", "tokens = patches -> (left out)"): "the exercise always has a class token, which sets `tokens`",
    ("embed_tokens", f"{_WITH_NEITHER} -> tokens + positions"): "the exercise always has positions",
    ("embed_tokens", "-1 -> 1"): "the class token's middle axis has length 1, and stays so",
    ("interpolate_positions", "new_grid = as_pair('new_grid', new_grid) -> (left out)"): "the exercise gives pairs",
    ("interpolate_positions", f"{_RESIZED} -> {_RESIZED.replace('align_corners=False, ', '')}"): "False is the default",
    ("repair_vit", "maps.flatten(2).transpose(1, 2) -> maps.flatten(2).transpose(2, 1)"): _EXCHANGED,
    ("repair_vit", f"{_CUT}.transpose(1, 2) -> {_CUT}.transpose(2, 1)"): _EXCHANGED,
    ("repair_vit", "k.transpose(-2, -1) -> k.transpose(-1, -2)"): _EXCHANGED,
    ("repair_vit", "mixed.transpose(1, 2) -> mixed.transpose(2, 1)"): _EXCHANGED,
    ("repair_vit", "-2 -> 2"): "of four axes, the last but one has the index 2",
}
