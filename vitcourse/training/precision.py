"""In which number format a model is run."""

from __future__ import annotations

import torch

from ..errors import require_one_of


def choose_precision(device: torch.device, precision: str | None = None) -> str:
    """``precision`` if given, else bfloat16 on a GPU that has it in hardware and float32 everywhere else.

    Raises:
        ValueError: neither "float32" nor "bfloat16".
    """
    if precision is None:
        native = device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
        return "bfloat16" if native else "float32"
    require_one_of("precision", precision, ("float32", "bfloat16"))
    return precision


def autocast(device: torch.device, precision: str) -> torch.autocast:
    """The context in which a forward pass runs at ``precision``; weights stay float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
