"""What turns gradients into steps: AdamW for all parameters, or Muon for the matrices within the blocks."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ..errors import require_one_of

OPTIMIZERS = ("adamw", "muon")
# Muon's steps have a size of their own: every direction moves alike. With this factor one learning rate serves both.
MUON_FACTOR = 7.0
MUON_MOMENTUM = 0.9  # with torch's own 0.95 one pass over MNIST ended 0.2 to 0.3 points lower (one seed)


def make_optimizer(name: str, model: nn.Module, *, lr: float, weight_decay: float) -> Any:
    """The optimizer of a training run, with `zero_grad`, `step`, `state` and `param_groups`.

    Args:
        name: "adamw", or "muon": the matrices of the encoder's blocks by Muon (Jordan et al. 2024, torch's own), all
            other parameters by AdamW.
        model: those of its parameters that require gradients are trained.
        lr: peak learning rate; a group's own is this times its `lr_factor`.
        weight_decay: decoupled decay, on matrices alone.

    Raises:
        ValueError: an unknown name, or "muon" for a model without matrices in `model.blocks`.
        RuntimeError: "muon" with a version of torch that has none.
    """
    require_one_of("optimizer", name, OPTIMIZERS)
    parameters = [p for p in model.parameters() if p.requires_grad]
    if name == "adamw":
        return torch.optim.AdamW(decay_groups(parameters, weight_decay), lr=lr, betas=(0.9, 0.99), fused=True)
    matrices = [p for p in block_matrices(model) if p.requires_grad]
    if not matrices:
        raise ValueError(
            f"optimizer='muon' is for the matrices in model.blocks; {type(model).__name__} has none: use 'adamw'"
        )
    if not hasattr(torch.optim, "Muon"):
        raise RuntimeError(f"optimizer='muon' needs torch 2.9 or newer; this is {torch.__version__}: use 'adamw'")
    known = {id(p) for p in matrices}
    others = [p for p in parameters if id(p) not in known]
    groups = decay_groups(others, weight_decay)
    return _Together(
        torch.optim.Muon(
            [dict(params=matrices, lr_factor=MUON_FACTOR)],
            lr=lr,
            weight_decay=weight_decay,
            momentum=MUON_MOMENTUM,
            nesterov=True,
        ),
        torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.99), fused=True),
    )


def block_matrices(model: nn.Module) -> list[nn.Parameter]:
    """The weight matrices of attention and MLP in all blocks; none where a model has no blocks."""
    blocks = getattr(model, "blocks", None)
    return [p for p in blocks.parameters() if p.ndim == 2] if isinstance(blocks, nn.Module) else []


def decay_groups(parameters: list[nn.Parameter], weight_decay: float) -> list[dict]:
    """Decay pulls matrices towards zero; biases, norms, the class token and positions are left free."""
    matrices = [p for p in parameters if p.ndim in (2, 4)]
    others = [p for p in parameters if p.ndim not in (2, 4)]
    return [dict(params=matrices, weight_decay=weight_decay), dict(params=others, weight_decay=0.0)]


class _Together:
    """Two optimizers that share the work and one state, so that a checkpoint sees a single one."""

    def __init__(self, first: torch.optim.Optimizer, second: torch.optim.Optimizer) -> None:
        self.parts = (first, second)
        second.state = first.state
        self.state = first.state
        self.param_groups = [*first.param_groups, *second.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def step(self) -> None:
        for part in self.parts:
            part.step()
