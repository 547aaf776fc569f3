"""One training step of the package against the textbook's, same weights and batch, in turn.

python benchmarks/training_step.py [--rounds 30] [--quick]

The textbook's is vitcourse/experiments/textbook_vit.py with ``torch.optim.AdamW`` as it is by default.
"""

from __future__ import annotations

import argparse
import copy
from dataclasses import replace

import libraries
import report
import torch
import torch.nn.functional as F
from libraries import CONFIGS, OURS, Config
from rounds import in_turn, median_of, ratio_of, timed
from torch import nn

from vitcourse.experiments.textbook_vit import TextbookViT

SIZES = {
    "28/4/64/4/2, batch 64: lesson 05": Config(28, 4, 1, 64, 4, 2, 2.0, 10, 64),
    "28/4/192/6/3, batch 128": CONFIGS["28/4/192/6/3"],
}
TEXTBOOK = "textbook"


def compare(config: Config, rounds: int) -> dict[str, list[float]]:
    """Seconds of a step in each round: the package's, by `fit`, and the textbook's."""
    model = libraries.build(OURS, config)
    images, labels = config.batch_of_noise()
    nn.init.normal_(model.classifier.weight, std=0.1)  # with its zero head, all models agree
    textbook = TextbookViT(copy.deepcopy(model))  # type: ignore[arg-type]
    torch.testing.assert_close(model(images), textbook(images)[0], atol=1e-4, rtol=1e-4)
    optimizer = torch.optim.AdamW(textbook.parameters(), lr=1e-3)

    def textbook_step() -> None:
        optimizer.zero_grad()
        F.cross_entropy(textbook(images)[0], labels).backward()
        nn.utils.clip_grad_norm_(textbook.parameters(), 1.0)
        optimizer.step()

    ours = libraries.step(OURS, model, images, labels)
    return in_turn({OURS: timed(ours), TEXTBOOK: timed(textbook_step)}, rounds, warm_up=3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="two rounds of tiny models, to see that it runs")
    options = parser.parse_args()
    rounds, rows, data = 2 if options.quick else options.rounds, [], {}
    for name, config in SIZES.items():
        times = compare(replace(config, depth=1, batch=2) if options.quick else config, rounds)
        data[name] = times
        medians = [f"{1000 * median_of(values).median:.0f}" for values in times.values()]
        rows.append([name, *medians, ratio_of(times[OURS], times[TEXTBOOK]).text()])
    note = f"Medians of {rounds} rounds, in milliseconds, float32; the ratio with its 95 % interval."
    report.write("training_step", ["model", OURS, TEXTBOOK, "ratio"], rows, data, note=note, quick=options.quick)


if __name__ == "__main__":
    main()
