"""`compare`: at which layer does a learner's Vision Transformer leave the reference?"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ..vit import VisionTransformer
from . import words
from .observe import RAISED
from .raised import told
from .result import Result

Event = tuple[str, str]  # a module's name, and "input" or "output"


def compare(model: nn.Module, reference: VisionTransformer | None = None, images: Tensor | None = None) -> Result:
    """Run a model beside the package's `VisionTransformer` with the same weights; find where they part.

    The modules are compared by name: `patch_embedding`, `blocks.0.norm1`, ..., as the package calls them.

    Args:
        model: any module with the package's names; the learner's own class, too. It is not changed.
        reference: what to compare with; made from the model's `config`, or from the shapes of its parameters, if not
            given.
        images: (batch, channels, height, width); two random ones if not given.

    Returns:
        ``passed``; ``failed`` is the place where they part first, such as "output of blocks.0.attention".
    """
    mine = copy.deepcopy(model).float().eval()
    try:
        theirs = copy.deepcopy(reference) if reference is not None else VisionTransformer(**_config(mine))
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        return _answer(
            False,
            f"The sizes of the model cannot be read ({error}). Hand in what to compare with: "
            "`compare(model, VisionTransformer(...))`.",
            "sizes",
        )
    problem = _same_parameters(mine.state_dict(), theirs.state_dict())
    if problem:
        return _answer(False, problem, "parameters")
    theirs.load_state_dict(mine.state_dict())
    theirs.float().eval()
    if images is None:
        height, width = theirs.patch_embedding.img_size
        shape = (2, theirs.patch_embedding.in_channels, height, width)
        images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = _events(theirs, images)
    try:
        seen = _events(mine, images)
    except _Failed as failed:
        part = _first_difference(failed.seen, expected)
        text = told(failed.cause, type(model).forward, "random images", {"images": images})
        where = f"\n\nUp to there: {part[1]}" if part else ""
        return _answer(False, text + where, part[0] if part else "exception")
    part = _first_difference(seen, expected)
    if part:
        return _answer(False, part[1], part[0])
    return _answer(True, f"The same in all {len(expected)} places that were compared, from the patches to the logits.")


def _answer(passed: bool, message: str, failed: str | None = None) -> Result:
    return Result(passed, message, failed=failed, title="The same model" if passed else "They part")


def _config(model: nn.Module) -> dict[str, Any]:
    """The sizes: what the model says of itself, or what its parameters tell."""
    if isinstance(said := getattr(model, "config", None), Mapping):
        return dict(said)
    shapes = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    embed_dim, in_channels, height, width = shapes["patch_embedding.projection.weight"]
    tokens, pool = shapes["positions"][1], "cls" if "class_token" in shapes else "mean"
    side = round((tokens - (pool == "cls")) ** 0.5)
    attention: Any = model.get_submodule("blocks.0.attention")
    return dict(
        img_size=getattr(model.get_submodule("patch_embedding"), "img_size", (side * height, side * width)),
        patch_size=(height, width),
        in_channels=in_channels,
        num_classes=shapes["classifier.weight"][0],
        embed_dim=embed_dim,
        depth=1 + max(int(found[1]) for name in shapes if (found := re.match(r"blocks\.(\d+)\.", name))),
        num_heads=attention.num_heads,
        mlp_ratio=shapes["blocks.0.mlp.expand.weight"][0] / embed_dim,
        pool=pool,
    )


def _same_parameters(mine: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> str | None:
    missing = [f"`{name}`" for name in theirs if name not in mine]
    extra = [f"`{name}`" for name in mine if name not in theirs]
    if missing or extra:
        parts = [f"missing: {_few(missing)}"] if missing else []
        parts += [f"not in the reference: {_few(extra)}"] if extra else []
        return f"The models do not hold the same parameters. {'; '.join(parts).capitalize()}."
    for name, tensor in theirs.items():
        if mine[name].shape != tensor.shape:
            return f"`{name}` has shape {words.shape(mine[name])}; in the reference it is {words.shape(tensor)}."
    return None


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


class _Failed(Exception):
    def __init__(self, seen: dict[Event, Tensor], cause: BaseException) -> None:
        self.seen, self.cause = seen, cause


def _events(model: nn.Module, images: Tensor) -> dict[Event, Tensor]:
    """What goes into each module and what comes out, in the order of the run; the first call of each counts."""
    seen: dict[Event, Tensor] = {}
    handles = []

    def note(name: str, side: str, value: Any) -> None:
        value = value[0] if isinstance(value, tuple) and value else value
        if isinstance(value, Tensor):
            seen.setdefault((name, side), value.detach().clone())

    for name, module in model.named_modules():
        if name and not isinstance(module, nn.ModuleList | nn.Dropout):
            handles.append(module.register_forward_pre_hook(lambda _, args, n=name: note(n, "input", args)))
            handles.append(module.register_forward_hook(lambda _, args, out, n=name: note(n, "output", out)))
    try:
        with torch.no_grad():
            note("the model", "output", model(images))
    except RAISED as error:
        raise _Failed(seen, error) from None
    finally:
        for handle in handles:
            handle.remove()
    return seen


def _first_difference(mine: Mapping[Event, Tensor], theirs: Mapping[Event, Tensor]) -> tuple[str, str] | None:
    """The place, and what is to be said of it."""
    before = "the images"
    for (name, side), expected in theirs.items():
        place = f"{side} of {name}"
        actual = mine.get((name, side))
        if actual is None:
            return place, f"`{name}` is never called; up to {before} all is the same."
        if actual.shape != expected.shape:
            return place, (
                f"The {side} of `{name}` has shape {words.shape(actual)}; it should be {words.shape(expected)}. Up to "
                f"{before} all is the same."
            )
        if not torch.allclose(actual, expected, rtol=1e-4, atol=1e-5):
            inside = "It is the first to differ: look inside it."
            cause = inside if side == "output" else f"Look at what is done {_between(name)}."
            difference = words.first_difference(actual, expected)
            said = f"Up to {before} all is the same. The {side} of `{name}` differs: {difference}. {cause}"
            return place, said
        before = f"the {place.replace(name, f'`{name}`')}"
    return None


def _between(name: str) -> str:
    """Where the input of a module is made."""
    if name == "blocks.0":
        return "between the patch embedding and the first block: the class token, the positions"
    if name == "classifier":
        return "between the last norm and the classifier: which vector stands for the image"
    parent, _, leaf = name.rpartition(".")
    inside = f"in `{parent}`" if parent and not parent.endswith("blocks") else "in the model"
    return f"{inside}, before its `{leaf}` is called: the order of steps, a skip connection, a factor"
