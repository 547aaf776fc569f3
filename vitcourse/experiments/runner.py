"""Runs experiments configuration by configuration; what is done stays done, so that it can be stopped at any time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from .spec import Config, Experiment, Figures, experiment
from .tables import TABLES, Table, note_run


def run(
    chosen: list[Experiment], *, quick: bool = False, workers: int = 1, directory: Path = TABLES
) -> Iterator[tuple[str, Config, list[Figures], float]]:
    """Measure what is missing in the tables of these experiments, one after the other.

    Each worker is a process, most with one thread of PyTorch: on small models two of them do almost twice the work of
    one process with two threads.

    Args:
        quick: a thin version of each experiment, for a look; written to its own directory by the caller.
        workers: processes.

    Yields:
        (name, configuration, figures, seconds) as soon as it stands in the table.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        number = note_run(directory, threads=one.threads or os.cpu_count())
        table = Table(one, directory)
        missing = table.missing(one.configs(quick))
        for config, figures, seconds in _measured_side_by_side(one, missing, 1 if one.timed else workers):
            table.put(config, figures, seconds=seconds, run=number)
            yield one.name, config, figures, seconds


def _measured_side_by_side(
    one: Experiment, configs: list[Config], workers: int
) -> Iterator[tuple[Config, list[Figures], float]]:
    """Each configuration with its figures, in the order in which they are done."""
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=one.use_threads) as pool:
        waiting: dict[Future, Config] = {pool.submit(measured, one.name, config): config for config in configs}
        try:
            for done in as_completed(waiting):
                yield waiting[done], *done.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def measured(name: str, config: Config) -> tuple[list[Figures], float]:
    """The figures of one configuration, and the seconds that they took."""
    started = time.perf_counter()
    figures = experiment(name).measure(**config)
    return figures, time.perf_counter() - started
