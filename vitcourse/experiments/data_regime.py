"""C4, second half: ViT and CNN over the number of training images, each at the learning rate chosen for it."""

from __future__ import annotations

from ..training import evaluate
from . import learning_rates
from .data import mnist, some_of
from .spec import Config, Experiment, Figures
from .tables import TABLES, rows_of
from .training import SOURCES, make_model, train

SEEDS = 5


def configs(quick: bool) -> list[Config]:
    """Those for which all learning rates were tried."""
    cells = [{k: v for k, v in config.items() if k != "lr"} for config in learning_rates.configs(quick)]
    distinct = [cell for i, cell in enumerate(cells) if cell not in cells[:i]]
    chosen = [(cell, chosen_rate(**cell)) for cell in distinct]
    return [
        dict(**cell, augment=augment, lr=rate, seed=seed)
        for seed in range(1 if quick else SEEDS)
        for cell, rate in chosen
        if rate is not None
        for augment in (0, 1)
    ]


def chosen_rate(*, family: str, number: int, updates: int) -> float | None:
    """The learning rate of the lowest validation loss; None while not all have been tried."""
    wanted = {"family": family, "number": str(number), "updates": str(updates)}
    tried = [
        row
        for row in rows_of(TABLES / "learning_rates.csv")
        if all(row[name] == value for name, value in wanted.items())
    ]
    if len({row["lr"] for row in tried}) < len(learning_rates.RATES):
        return None
    return float(min(tried, key=lambda row: float(row["validation_loss"]))["lr"])


def measure(*, family: str, number: int, augment: int, updates: int, lr: float, seed: int) -> list[Figures]:
    """Test accuracy after so many updates on so many images, drawn and trained with this seed."""
    data = mnist()
    split = some_of(data.train, number, seed)
    model = make_model(family, seed)
    loss = train(model, split, updates=updates, lr=lr, seed=seed, augment=bool(augment))
    result = evaluate(model, data.test)
    return [dict(train_loss=loss, loss=result.loss, accuracy=result.accuracy)]


SOURCES_HERE = (*SOURCES, "experiments/data.py", "experiments/learning_rates.py")
EXPERIMENT = Experiment("data_regime", ("C4",), configs, measure, SOURCES_HERE)
