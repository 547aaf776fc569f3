"""Models and optimizers for `train_step`'s probes, and what is seen of a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from ..spec import Arguments, normal, seeded

Optimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]


def sgd(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=0.5, momentum=0.9)


def adamw(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=0.05, weight_decay=0.1)


class _Noting(nn.Module):
    """Hands logits on, and notes each pass, and whether a gradient comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.passes: list[str] = []
        self.reached = False

    def forward(self, logits: Tensor) -> Tensor:
        count = len(logits)
        mode = "training" if self.training else "eval"
        self.passes.append(f"{count} image{'s' if count > 1 else ''} in {mode} mode")
        if logits.requires_grad:
            logits.register_hook(self._reach)
        return logits

    def _reach(self, _: Tensor) -> None:
        self.reached = True


class _Step:
    """What a call of `optimizer.step` finds and leaves."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        self.model, self.optimizer = model, optimizer
        self.count, self.reached = 0, False
        self.rates: list[float] = []
        self.gradients: dict[str, Tensor] = {}
        self.strange = False  # were parameters moved by anything but the optimizer?
        self.after = self.parameters()
        optimizer.register_step_pre_hook(self.before_step)
        optimizer.register_step_post_hook(self.after_step)

    def parameters(self) -> dict[str, Tensor]:
        return {name: parameter.detach().clone() for name, parameter in self.model.named_parameters()}

    def look(self) -> None:
        self.strange |= any(not torch.equal(self.after[name], now) for name, now in self.parameters().items())

    def before_step(self, *_: Any) -> None:
        self.look()

    def after_step(self, *_: Any) -> None:
        self.count += 1
        self.after = self.parameters()
        self.reached = _noting(self.model).reached
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        named = self.model.named_parameters()
        self.gradients = {name: parameter.grad.clone() for name, parameter in named if parameter.grad is not None}


def _noting(model: nn.Module) -> _Noting:
    return next(module for module in model.modules() if isinstance(module, _Noting))


def start(
    g: torch.Generator, make: Callable[[], nn.Module], optimizer: Optimizer, batch: int, classes: int, earlier: bool
) -> Arguments:
    """A model and its optimizer; with `earlier`, a batch has been there before and its gradients are left over."""
    torch.set_grad_enabled(True)  # an answer may have switched it off for good
    model = seeded(g, make)
    steps = optimizer(model.parameters())
    if earlier:
        for parameter in model.parameters():
            parameter.grad = normal(g, *parameter.shape)
        steps.step()
    model.step_seen = _Step(model, steps)
    images = 2 * normal(g, batch, 1, 2, 3)
    return {"model": model, "optimizer": steps, "images": images, "labels": torch.arange(batch) * 2 % classes}


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 4), _Noting())


def deeper() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.GELU(), nn.Linear(5, 3), _Noting())


def with_batch_norm() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Linear(5, 3), _Noting()).eval()


def left_behind(value: Any, arguments: Arguments) -> Any:
    """By name, what says most first: the first that differs is what the learner hears."""
    model, optimizer = arguments["model"], arguments["optimizer"]
    step: _Step = model.step_seen
    step.look()
    modes = {module.training for module in model.modules()}
    passes = _noting(model).passes
    length = sum(float(gradient.square().sum()) for gradient in step.gradients.values()) ** 0.5
    reached = "before the step" if step.reached else "after the step" if _noting(model).reached else "never"
    rates = [group["lr"] for group in optimizer.param_groups]
    return {
        "the dtype of the parameters": ", ".join(sorted({str(p.dtype) for p in model.parameters()})),
        "what moves the parameters": "something beside the given `optimizer`" if step.strange else "the `optimizer`",
        "the calls of `optimizer.step()`": step.count,
        "the passes through the model": f"{len(passes)} ({', '.join(passes[:4])}{', ...' if len(passes) > 4 else ''})",
        "the model's mode afterwards": "mixed" if len(modes) > 1 else "training" if modes.pop() else "eval",
        "the learning rate in the step": ", ".join(map(str, step.rates or rates)),
        "the learning rate afterwards": ", ".join(map(str, rates)),
        "when a gradient reaches the model": reached,
        "the parameters that have a gradient in the step": ", ".join(step.gradients) or "none",
        "the length of the whole gradient in the step": length,
        **{f"`{name}` afterwards": tensor.detach() for name, tensor in model.state_dict().items()},
    }
