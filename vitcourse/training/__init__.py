"""Training: the one loop, its learning rate, evaluation and checkpoints."""

from .checkpoints import load_checkpoint, read_report, save_checkpoint
from .evaluation import Evaluation, classification, evaluate
from .guard import TrainingDiverged
from .loop import fit
from .precision import choose_precision
from .progress import Progress
from .schedule import warmup_cosine

__all__ = [
    "Evaluation",
    "Progress",
    "TrainingDiverged",
    "choose_precision",
    "classification",
    "evaluate",
    "fit",
    "load_checkpoint",
    "read_report",
    "save_checkpoint",
    "warmup_cosine",
]
