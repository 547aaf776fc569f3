"""The peak memory of a training step against timm, torchvision, transformers and vit-pytorch.

    python benchmarks/peak_memory.py [--runs 5] [--quick]

One process a measurement. Resident: the process's highest resident memory after STEPS steps, less what it held before
the first one (weights, images, libraries, all that a first step loads). It takes in gradients, the optimizer's state
and what the steps keep.
Allocated: the same as PyTorch's allocator counts it, exact, with a profiler, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from dataclasses import replace

import libraries
import psutil
import report
from libraries import CONFIGS, LIBRARIES, OURS, PLAIN
from rounds import median_of

STEPS = 3  # the optimizer's state comes with the first
LIMIT = 1.03
NAMES = (OURS, PLAIN, *LIBRARIES)
WAYS = ("resident", "allocated")


def growth(library: str, name: str, way: str, quick: bool) -> dict[str, float]:
    """Bytes that the steps take above what was there before, in this very process."""
    tiny = replace(CONFIGS[name], depth=1, batch=2)
    config = tiny if quick else CONFIGS[name]
    libraries.step(library, libraries.build(library, tiny), *tiny.batch_of_noise())()  # loads all that a step needs
    model = libraries.build(library, config)
    step = libraries.step(library, model, *config.batch_of_noise())

    def steps() -> None:
        for _ in range(STEPS):
            step()

    if way == "allocated":
        from vitcourse.cost import peak_memory

        return dict(bytes=peak_memory(steps))
    before, peak_before = psutil.Process().memory_info().rss, _peak()
    steps()
    # Where an import took more memory than the steps, they have not raised the peak: nothing was measured.
    return dict(bytes=_peak() - before if _peak() > peak_before else float("nan"))


def _peak() -> int:
    """Highest resident memory so far, bytes; Linux counts it in kB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(library: str, name: str, way: str, quick: bool) -> float:
    """``growth`` in a process of its own."""
    command = [sys.executable, __file__, "--one", library, name, way, *(["--quick"] if quick else [])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])["bytes"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one run of tiny models, to see that it runs")
    parser.add_argument("--one", nargs=3, metavar=("LIBRARY", "MODEL", "WAY"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(growth(*options.one, quick=options.quick)))
        return
    rows, data = [], []
    for name in list(CONFIGS)[: 1 if options.quick else None]:
        for way in WAYS:
            runs = 1 if options.quick or way == "allocated" else options.runs
            found: dict[str, list[float]] = {library: [] for library in NAMES}
            for _ in range(runs):
                for library in NAMES:
                    found[library].append(measured(library, name, way, options.quick))
            medians = {library: median_of(values).median for library, values in found.items()}
            leanest = min(LIBRARIES, key=lambda library: medians[library])
            ratios = {library: medians[library] / medians[leanest] for library in (OURS, PLAIN)}
            rows.append([name, way, *(f"{medians[library] / 1e6:.0f}" for library in NAMES)])
            rows[-1] += [f"{ratios[OURS]:.2f} and {ratios[PLAIN]:.2f} of {leanest}", LIMIT]
            data.append(dict(config=name, way=way, bytes=found, leanest=leanest, ratios=ratios, limit=LIMIT))
    header = ["model", "memory", *NAMES, "ratios to the leanest library", "asked"]
    note = (
        f"MB that {STEPS} training steps take above weights and images, float32; one process a measurement. Resident: "
        f"medians of {options.runs} processes. Allocated: by PyTorch's allocator. `fit` keeps a copy of the last "
        "weights whose loss was finite; the plain loop, this package's model with `torch.optim.AdamW`, keeps none."
    )
    report.write("peak_memory", header, rows, data, note=note, quick=options.quick)


if __name__ == "__main__":
    main()
