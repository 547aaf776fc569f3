"""Mutants of lesson 01's references that are the same function."""

_INFERRED = "one length of an axis that is split follows from the others: einops infers it"
_SPLIT = "rearrange(patches, 'b (h w) (c p q) -> b c (h p) (w q)', h=rows, w=cols, p=p, q=q)"

EQUIVALENT: dict[tuple[str, str], str] = {
    ("unpatchify", f"{_SPLIT} -> {_SPLIT.replace('h=rows, ', '')}"): _INFERRED,
    ("unpatchify", f"{_SPLIT} -> {_SPLIT.replace('w=cols, ', '')}"): _INFERRED,
}
