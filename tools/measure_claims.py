"""The long experiments behind docs/claims.md: `make claims`.

python tools/measure_claims.py                 all that is missing in the tables of vitcourse/experiments/tables
python tools/measure_claims.py tokens warmup   these
QUICK=1 python tools/measure_claims.py         a thin version of each, into a directory of its own, thrown away
python tools/measure_claims.py --list          what is there, what is missing
python tools/measure_claims.py --confirm       after a change that should not matter: one point of each table anew
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from vitcourse.experiments import EXPERIMENTS, Experiment, experiment
from vitcourse.experiments.confirm import confirm
from vitcourse.experiments.runner import run
from vitcourse.experiments.tables import TABLES, Table


def listed(chosen: list[Experiment]) -> None:
    """Prints a line for each experiment: how much of it is there."""
    for one in chosen:
        table, configs = Table(one), list(one.configs(False))
        missing = len(table.missing(configs))
        hours = sum({tuple(row[n] for n in configs[0]): float(row["seconds"]) for row in table.rows}.values()) / 3600
        print(
            f"{one.name:16} {', '.join(one.claims):14} {len(configs) - missing} of {len(configs)}, {hours:.2f} h so far"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="experiments; all where none is named")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes, one thread each")
    parser.add_argument("--list", action="store_true", help="run nothing: say what is there")
    parser.add_argument(
        "--confirm", action="store_true", help="stamp stale tables whose cheapest point comes out again"
    )
    options = parser.parse_args()
    chosen = [experiment(name) for name in options.names] or list(EXPERIMENTS)
    if options.list:
        listed(chosen)
        return
    if options.confirm:
        for one in (one for one in chosen if Table(one).rows and Table(one).stale):
            print(f"{one.name}: {'; '.join(confirm(one)) or 'comes out the same'}", flush=True)
        return
    quick = os.environ.get("QUICK", "") not in ("", "0")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as thrown_away:
        directory = Path(thrown_away) if quick else TABLES
        for name, config, figures, seconds in run(chosen, quick=quick, workers=options.workers, directory=directory):
            said = ", ".join(f"{n}={v:.4g}" if isinstance(v, float) else f"{n}={v}" for n, v in figures[0].items())
            settings = " ".join(f"{n}={v}" for n, v in config.items())
            print(f"[{time.monotonic() - started:6.0f} s] {name}: {settings}: {said} ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
