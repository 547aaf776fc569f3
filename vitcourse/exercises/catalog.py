"""All exercises, in the order of the lessons; each has a file of its own in `bank/`, named like its function."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from .spec import Exercise

LESSONS: dict[str, tuple[str, ...]] = {
    "01": ("patchify", "unpatchify", "project_patches"),
    "02": ("attention_weights", "split_heads", "merge_heads", "multi_head_attention"),
    "03": ("sincos_2d", "relative_bias", "layer_norm", "pre_norm_block"),
    "04": ("embed_tokens", "count_parameters", "interpolate_positions", "repair_vit"),
    "05": ("train_step", "cross_entropy", "warmup_cosine", "accuracy"),
    "06": ("class_attention_map", "rollout", "attention_distance"),
    "07": ("conv2d", "equivariance_error", "attention_as_convolution"),
}
NAMES = tuple(name for names in LESSONS.values() for name in names)


@cache
def find(name: str) -> Exercise:
    """The exercise of that name.

    Raises:
        KeyError: there is none.
    """
    if name not in NAMES:
        raise KeyError(name)
    exercise: Exercise = import_module(f".bank.{name}", __package__).EXERCISE
    return exercise


def lesson_of(name: str) -> str:
    return next(number for number, names in LESSONS.items() if name in names)
