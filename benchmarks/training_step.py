"""One training step of the package against the textbook's, same weights and batch, interleaved: a table of medians.

python benchmarks/training_step.py [--steps 30]
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable
from statistics import median

import torch
import torch.nn.functional as F
from textbook_vit import TextbookViT
from torch import Tensor, nn

from vitcourse import VisionTransformer
from vitcourse.training.optimizers import decay_groups

CONFIGS = {
    "lesson 05: patch 4, dim 64, depth 4, 2 heads, batch 64": (
        dict(img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=64, depth=4, num_heads=2, mlp_ratio=2),
        64,
    ),
    "1.8 M: patch 4, dim 192, depth 6, batch 128": (
        dict(
            img_size=28, patch_size=4, in_channels=1, num_classes=10, embed_dim=192, depth=6, num_heads=3, mlp_ratio=2
        ),
        128,
    ),
}


def stepper(model: nn.Module, fused: bool, images: Tensor, labels: Tensor) -> Callable[[], float]:
    """A function that makes one step and returns its seconds."""
    if fused:  # as vitcourse.training.fit
        optimizer = torch.optim.AdamW(decay_groups(list(model.parameters()), 0.05), lr=1e-3, fused=True)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step() -> float:
        started = time.perf_counter()
        optimizer.zero_grad()
        out = model(images)
        loss = F.cross_entropy(out[0] if isinstance(out, tuple) else out, labels)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return time.perf_counter() - started

    return step


def compare(config: dict, batch: int, steps: int) -> tuple[float, float]:
    """Median seconds of a step: the package's, the textbook's."""
    torch.manual_seed(0)
    model = VisionTransformer(**config)
    images, labels = torch.rand(batch, 1, 28, 28), torch.randint(0, 10, (batch,))
    nn.init.normal_(model.classifier.weight, std=0.1)  # with its zero head, all models agree
    textbook = TextbookViT(copy.deepcopy(model))
    torch.testing.assert_close(model(images), textbook(images)[0], atol=1e-4, rtol=1e-4)
    ours, theirs = stepper(model, True, images, labels), stepper(textbook, False, images, labels)
    for _ in range(3):
        ours(), theirs()
    times = [(ours(), theirs()) for _ in range(steps)]
    return median(t[0] for t in times), median(t[1] for t in times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=30)
    steps = parser.parse_args().steps
    print(f"{torch.get_num_threads()} threads, medians of {steps} interleaved steps, torch {torch.__version__}")
    print(f"{'':56} {'package':>9} {'textbook':>9} {'ratio':>6}")
    for name, (config, batch) in CONFIGS.items():
        mine, theirs = compare(config, batch, steps)
        print(f"{name:56} {mine * 1000:6.0f} ms {theirs * 1000:6.0f} ms {mine / theirs:6.2f}")
