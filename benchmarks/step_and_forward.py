"""A training step and a forward pass against timm, torchvision, transformers and vit-pytorch, in one process, in turn.

    python benchmarks/step_and_forward.py [--rounds 20] [--configs "28/4/192/6/3" "S/16"] [--quick]

In float32, and all under the same bfloat16 autocast. "auto" is what precision="auto" picks for this package's model,
against the libraries' default, float32. "model alone" is forward and backward pass without the optimizer. Beside them
runs a product of two matrices: its speed is the processor's peak, of which each model reaches a share.

A ratio is the median over the rounds of this package's time over that of the fastest library of the row, with the
interval that holds the true median in 95 % of cases.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libraries
import report
import torch
from libraries import CONFIGS, LIBRARIES, OURS, Config
from rounds import in_turn, median_of, ratio_of, timed
from torch import nn

from vitcourse.cost import count_flops
from vitcourse.training import classification
from vitcourse.training.precision import PRECISIONS, pick_precision

KINDS = {"forward": PRECISIONS, "model alone": ("float32",), "step": PRECISIONS}
LIMITS = {  # of the ratio, in float32 and for "auto"; none where nothing is asked
    "float32": dict.fromkeys(CONFIGS, 1.03),
    "auto": {"28/4/192/6/3": 0.85, "S/16": 0.65},
}
MATRIX = 2048  # rows and columns of the product that stands for the peak
NAMES = (OURS, *LIBRARIES)

Times = dict[str, list[float]]  # "kind, precision, library" or "peak, precision": seconds, a value for each round


def tasks(models: dict[str, nn.Module], config: Config) -> dict[str, Callable[[], float]]:
    """Everything that a round runs."""
    images, labels = config.batch_of_noise()
    found: dict[str, Callable[[], object]] = {}
    for name, model in models.items():
        for precision in PRECISIONS:
            found[f"forward, {precision}, {name}"] = libraries.forward(model, images, precision)
            found[f"step, {precision}, {name}"] = libraries.step(name, model, images, labels, precision)
        found[f"model alone, float32, {name}"] = libraries.forward_and_backward(model, images, labels)
    for precision in PRECISIONS:
        a, b = torch.randn(2, MATRIX, MATRIX, dtype=getattr(torch, precision))
        found[f"peak, {precision}"] = lambda a=a, b=b: a @ b
    return {name: timed(fn) for name, fn in found.items()}


def measure(config: Config, rounds: int) -> tuple[Times, str, int]:
    """The times of all rounds, what "auto" picks, and the FLOPs of a forward pass."""
    models = {name: libraries.build(name, config) for name in NAMES}
    images, labels = config.batch_of_noise()
    picked = pick_precision(models[OURS], lambda m: classification(m, images, labels)[0], images.device)
    return in_turn(tasks(models, config), rounds), picked.precision, count_flops(models[OURS], images)


def compared(times: Times, config: str, kind: str, ours: str, theirs: str, label: str) -> tuple[list[str], dict]:
    """A row of the table: median milliseconds of each, and the ratio to the fastest library."""
    series = {name: times[f"{kind}, {ours if name == OURS else theirs}, {name}"] for name in NAMES}
    medians = {name: median_of(values) for name, values in series.items()}
    fastest = min(LIBRARIES, key=lambda name: medians[name].median)
    ratio = ratio_of(series[OURS], series[fastest])
    limit = LIMITS.get(label.split(":")[0], {}).get(config) if kind != "model alone" else None
    row = [config, kind, label, *(f"{1000 * medians[name].median:.0f}" for name in NAMES)]
    row += [f"{ratio.text()} of {fastest}", f"{limit}" if limit else ""]
    data = dict(config=config, kind=kind, precision=label, fastest=fastest, ratio=ratio, limit=limit, medians=medians)
    return row, data


def shares(times: Times, config: str, flops: int) -> list[list[str]]:
    """Rows of the second table: GFLOP/s of this package and of the libraries' fastest, as a share of the peak."""
    rows = []
    for kind in ("forward", "step"):
        work = flops * (1 if kind == "forward" else 3)  # the backward pass is twice the forward pass
        for precision in PRECISIONS:
            speed = {name: work / median_of(times[f"{kind}, {precision}, {name}"]).median / 1e9 for name in NAMES}
            peak = 2 * MATRIX**3 / median_of(times[f"peak, {precision}"]).median / 1e9
            best = max(LIBRARIES, key=lambda name: speed[name])
            row = [config, kind, precision, f"{peak:.0f}", f"{speed[OURS]:.0f}", f"{speed[OURS] / peak:.0%}"]
            rows.append([*row, f"{speed[best] / peak:.0%} ({best})"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--configs", nargs="*", default=list(CONFIGS), choices=list(CONFIGS))
    parser.add_argument("--quick", action="store_true", help="two rounds of tiny models, to see that it runs")
    options = parser.parse_args()
    rounds = 2 if options.quick else options.rounds
    rows, share_rows, data = [], [], dict[str, Any](rounds=rounds, rows=[], times={})
    for name in options.configs:
        config = replace(CONFIGS[name], depth=1, batch=2) if options.quick else CONFIGS[name]
        print(f"{name}: {rounds} rounds", flush=True)
        times, picked, flops = measure(config, rounds)
        wanted = [(kind, p, p, p) for kind, precisions in KINDS.items() for p in precisions]
        wanted += [(kind, picked, "float32", f"auto: {picked}") for kind in ("forward", "step")]
        for kind, ours, theirs, label in wanted:
            row, figures = compared(times, name, kind, ours, theirs, label)
            rows.append(row)
            data["rows"].append(figures)
        share_rows += shares(times, name, flops)
        data["times"][name] = times
    header = ["model", "what", "precision", *NAMES, "ratio to the fastest library (95 %)", "asked"]
    note = f"Medians of {rounds} rounds, in milliseconds. {notes()}"
    report.write("step_and_forward", header, rows, data, note=note, quick=options.quick)
    header = ["model", "what", "precision", "peak, GFLOP/s", "vitcourse, GFLOP/s", "share", "best library's share"]
    note = f"Peak: a product of two {MATRIX} x {MATRIX} matrices in the same rounds. A step counts as three passes."
    report.write("share_of_peak", header, share_rows, note=note, quick=options.quick)


def notes() -> str:
    """How the libraries differ from this package's model, and the step from a step of theirs."""
    differing = "; ".join(f"{name} {what}" for name, what in libraries.DIFFERENCES.items())
    return (
        "This package's step is one of `fit`, with fused AdamW, clipping and its guard; the libraries' is what their "
        f"users write, `torch.optim.AdamW` as it is by default. All models have the same FLOPs; {differing}."
    )


if __name__ == "__main__":
    main()
