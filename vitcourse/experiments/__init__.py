"""Long experiments behind the claims ledger: what is run (`make claims`), and the tables that lessons read."""

from .spec import EXPERIMENTS, Experiment, experiment
from .tables import read_table

__all__ = ["EXPERIMENTS", "Experiment", "experiment", "read_table"]
