"""The one training loop: lessons, benchmarks and several processes share it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..errors import require_positive
from .checkpoints import load_training_state, read_settings, save_checkpoint
from .distributed import broadcast_weights, rank_and_world, sum_gradients, sum_over_processes
from .dropout import SeededDropout, has_dropout
from .evaluation import Objective, classification, evaluate
from .guard import LossGuard, held_interrupt
from .optimizers import make_optimizer
from .precision import Picked, autocast, choose_precision, pick_precision
from .progress import Progress
from .schedule import warmup_cosine

if TYPE_CHECKING:
    from ..data import BatchSource, Split


def fit(
    model: nn.Module,
    batches: BatchSource,
    *,
    epochs: int,
    lr: float = 2e-3,
    warmup: float = 0.2,
    weight_decay: float = 0.05,
    clip: float = 1.0,
    optimizer: str = "adamw",
    objective: Objective = classification,
    test: Split | None = None,
    precision: str | None = None,
    checkpoint: str | Path | None = None,
    seed: int = 0,
) -> Iterator[Progress]:
    """Train ``model`` in place, one step for each value taken from this generator.

    Decay on matrices alone, gradients clipped, learning rate by ``warmup_cosine``. Whoever consumes the
    generator may stop at any step (``break``, an interrupt): the model is usable as it is then.

    Two runs with equal arguments on one machine give equal weights, bit for bit: the batches draw nothing from global
    random state, and dropout is seeded by (seed, step). So does a run that was stopped and goes on from its
    checkpoint. Under ``torch.distributed`` every process calls ``fit`` with the same arguments; its gradient is that
    of a single process up to rounding, also for an uneven last batch. (Batch norm is the exception: its statistics
    are each process's own.)

    Args:
        model: any module that ``objective`` can run, on the device to train on.
        batches: yields (images, labels, indices) for an epoch, from any step on; see ``vitcourse.data.Batches``.
        epochs: passes over the data, at least 1.
        lr: peak learning rate.
        warmup: share of all steps in which the learning rate rises.
        weight_decay: decoupled decay.
        clip: largest norm of the whole gradient.
        optimizer: "adamw", or "muon": Muon for the matrices of the blocks, AdamW for the rest; see ``make_optimizer``.
        objective: loss and correctness; cross-entropy on logits unless given.
        test: evaluated after each epoch, not counted as training time.
        precision: "float32" or "bfloat16" (autocast); unless given, bfloat16 on a GPU that has it, else float32. "auto"
            takes the faster one for this model and device, by timing a few steps on a copy, prints which, and notes it
            in the checkpoint: a run that goes on keeps it.
        checkpoint: a file that is written after each epoch, and when the consumer stops or Ctrl-C breaks a step off;
            where it exists already, the run goes on from it.
        seed: of dropout.

    Raises:
        ValueError: an argument out of range, or a checkpoint of a run with other settings or other batches.
        TrainingDiverged: the loss or its gradient was not finite; the model holds the last weights at which both were.
    """
    require_positive(epochs=epochs)
    for name, value, valid in (("lr", lr, lr > 0), ("warmup", warmup, 0 <= warmup <= 1), ("clip", clip, clip > 0)):
        if not valid:
            raise ValueError(f"{name}={value} must be {'between 0 and 1' if name == 'warmup' else 'greater than 0'}")
    if len(batches) < 1:
        raise ValueError("batches has no steps; expected at least one batch")
    device = next(model.parameters()).device
    if precision == "auto":
        picked = _picked(model, batches, objective, checkpoint, device)
        if rank_and_world()[0] == 0:
            print(picked)
        precision = picked.precision
    precision = choose_precision(device, precision)
    parameters = [p for p in model.parameters() if p.requires_grad]
    updater = make_optimizer(optimizer, model, lr=lr, weight_decay=weight_decay)
    broadcast_weights(model)

    total = epochs * len(batches)
    settings = dict(
        epochs=epochs,
        steps_per_epoch=len(batches),
        lr=lr,
        warmup=warmup,
        weight_decay=weight_decay,
        clip=clip,
        optimizer=optimizer,
        precision=precision,
        seed=seed,
        **{f"batches.{name}": value for name, value in getattr(batches, "description", {}).items()},
    )
    done = 0
    if checkpoint is not None and Path(checkpoint).exists():
        done = load_training_state(checkpoint, model, updater, settings)

    seconds, saved = 0.0, done
    dropout = has_dropout(model)
    guard = LossGuard(model, every=1 if device.type == "cpu" else 25)
    statistics, before_step = list(model.buffers()), []
    try:
        for epoch in range(done // len(batches), epochs):
            start = time.perf_counter()
            for images, labels, _ in batches.epoch(epoch, start=done % len(batches)):
                model.train()
                rate = lr * warmup_cosine(done, total, round(warmup * total))
                for group in updater.param_groups:
                    group["lr"] = rate * group.get("lr_factor", 1.0)
                before_step = [tensor.clone() for tensor in statistics]
                with SeededDropout(device, seed, done) if dropout else nullcontext():
                    loss = _backward(model, objective, images, labels, updater, precision)
                norm = torch.nn.utils.clip_grad_norm_(parameters, clip)
                guard.check(loss, norm, done + 1)
                with held_interrupt():
                    updater.step()
                    done, before_step = done + 1, []
                seconds += time.perf_counter() - start

                test_result = None
                if done % len(batches) == 0:
                    guard.verify()
                    if checkpoint is not None:
                        save_checkpoint(checkpoint, model, optimizer=updater, step=done, settings=settings)
                        saved = done
                    if test is not None:
                        test_result = evaluate(model, test, objective=objective, precision=precision)
                yield Progress(epoch, done, total, loss, rate, seconds, test_result, precision)
                start = time.perf_counter()
    except (GeneratorExit, KeyboardInterrupt):
        # A step that was broken off has changed nothing but what a forward pass changes: the statistics of batch norm.
        for tensor, kept in zip(statistics, before_step, strict=False):
            tensor.copy_(kept)
        # What was trained since the last epoch is worth keeping, if it is whole.
        if checkpoint is not None and saved < done:
            guard.verify()
            save_checkpoint(checkpoint, model, optimizer=updater, step=done, settings=settings)
        raise


def _picked(
    model: nn.Module, batches: BatchSource, objective: Objective, checkpoint: str | Path | None, device: torch.device
) -> Picked:
    """What the run began with, if it goes on from a checkpoint; else the faster format on its first batch."""
    if checkpoint is not None and Path(checkpoint).exists():
        return Picked(read_settings(checkpoint).get("precision", "float32"), {})
    images, labels, _ = next(iter(batches.epoch(0)))
    return pick_precision(model, lambda copied: objective(copied, images, labels)[0], device)


def _backward(
    model: nn.Module,
    objective: Objective,
    images: Tensor,
    labels: Tensor,
    updater: Any,
    precision: str,
) -> Tensor:
    """Gradients of the mean loss over the whole batch, wherever its parts are; returns that loss, detached."""
    updater.zero_grad(set_to_none=True)
    count = sum_over_processes(torch.tensor(float(len(labels)), device=images.device))
    total = torch.zeros((), device=images.device)
    if len(labels):
        with autocast(images.device, precision):
            loss, _ = objective(model, images, labels)
        share = loss * (len(labels) / count)
        share.backward()
        total = share.detach()
    sum_gradients(model.parameters())
    return sum_over_processes(total)
