"""C5: images a second of the published models at 224 pixels, with random weights: time does not depend on them."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn

from ..cost import count_flops, count_parameters, measure_time
from ..vit import PRESETS, VisionTransformer
from .spec import Config, Experiment, Figures

# As many multiply-adds in ResNet-50 as in ViT-S/16, which torchvision does not have: the course's own stands for it.
TORCHVISION = {"ResNet-50": "resnet50", "ViT-B/16": "vit_b_16", "ViT-L/16": "vit_l_16"}
MODELS = ("ResNet-50", "ViT-S/16", "ViT-B/16", "ViT-L/16")
BATCHES = (1, 8)
BUDGET = 20  # seconds for the runs of a configuration, about
LEAST, MOST = 7, 30  # runs


def configs(quick: bool) -> list[Config]:
    return [dict(model=model, batch=batch) for batch in BATCHES for model in MODELS[: 2 if quick else None]]


def measure(*, model: str, batch: int) -> list[Figures]:
    """Parameters, operations of an image, and images a second (median of 7 to 30 runs, and quartiles): forward."""
    torch.manual_seed(0)
    made = _made(model).eval().requires_grad_(False)
    images = torch.rand(batch, 3, 224, 224)
    run = partial(made, images)
    with torch.inference_mode():
        once = measure_time(run, 1).median
        timing = measure_time(run, int(max(LEAST, min(MOST, BUDGET / once))))
        flops = count_flops(made, images[:1])
    return [
        dict(
            parameters=count_parameters(made),
            flops=flops,
            images_a_second=batch / timing.median,
            low=batch / timing.high,
            high=batch / timing.low,
        )
    ]


def _made(model: str) -> nn.Module:
    if model == "ViT-S/16":
        return VisionTransformer(**PRESETS["S/16"])
    import torchvision

    return torchvision.models.get_model(TORCHVISION[model])


SOURCES = ("attention.py", "encoder.py", "patches.py", "positions.py", "vit.py", "cost/measured.py")
EXPERIMENT = Experiment("throughput", ("C5",), configs, measure, SOURCES, timed=True)
