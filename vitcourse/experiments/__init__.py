"""Long experiments behind the claims ledger: what is run (`make claims`), and the tables that lessons read."""

from .reading import measure_again, measured_on
from .spec import EXPERIMENTS, Experiment, experiment
from .tables import read_table

__all__ = ["EXPERIMENTS", "Experiment", "experiment", "measure_again", "measured_on", "read_table"]
