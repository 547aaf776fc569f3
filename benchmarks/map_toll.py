"""What attention maps cost a forward pass: none kept, kept by `record_attention`, and a model that always returns them.

    python benchmarks/map_toll.py [--rounds 20] [--quick]

The third is vitcourse/experiments/textbook_vit.py with the same weights.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import libraries
import report
import torch
from rounds import in_turn, median_of, ratio_of, timed

from vitcourse.experiments.textbook_vit import TextbookViT
from vitcourse.maps import record_attention

ALONE, RECORDED, ALWAYS = "forward alone", "record_attention", "maps always"


def measure(config: libraries.Config, rounds: int) -> dict[str, list[float]]:
    """Seconds of each kind of forward pass in each round."""
    model = libraries.build(libraries.OURS, config).eval()
    torch.nn.init.normal_(model.classifier.weight, std=0.1)  # with its zero head, all models agree
    textbook = TextbookViT(model).eval()  # type: ignore[arg-type]
    images, _ = config.batch_of_noise()

    @torch.inference_mode()
    def alone():
        return model(images)

    @torch.inference_mode()
    def recorded():
        with record_attention(model) as maps:
            return model(images), maps

    @torch.inference_mode()
    def always():
        return textbook(images)

    torch.testing.assert_close(alone(), always()[0], atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(recorded()[1][0], always()[1][0], atol=1e-5, rtol=1e-3)
    return in_turn({ALONE: timed(alone), RECORDED: timed(recorded), ALWAYS: timed(always)}, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="two rounds of tiny models, to see that it runs")
    options = parser.parse_args()
    rounds, rows, data = 2 if options.quick else options.rounds, [], {}
    for name, config in libraries.CONFIGS.items():
        times = measure(replace(config, depth=1, batch=2) if options.quick else config, rounds)
        data[name] = times
        rows.append([name, *(f"{1000 * median_of(times[kind]).median:.0f}" for kind in times)])
        rows[-1] += [ratio_of(times[kind], times[ALONE]).text() for kind in (RECORDED, ALWAYS)]
    header = ["model", ALONE, RECORDED, ALWAYS, "ratio, recorded", "ratio, always"]
    note = f"Medians of {rounds} rounds, in milliseconds, float32."
    report.write("map_toll", header, rows, data, note=note, quick=options.quick)


if __name__ == "__main__":
    main()
