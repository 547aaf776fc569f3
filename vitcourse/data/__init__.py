"""Images as tensors: data sets, batches, augmentation.

Nothing heavy is imported here: numpy, PIL and torchvision load with the set that needs them.
"""

from .augment import Augment, random_shift
from .batches import Batches, BatchSource
from .dataset import Dataset, Split
from .files import DataError, data_directory, examine
from .folder import folder_images
from .load import load
from .loader_batches import LoaderBatches
from .pairs import make_pairs, pair_targets, twin_of
from .photograph import photograph

__all__ = [
    "Augment",
    "BatchSource",
    "Batches",
    "DataError",
    "Dataset",
    "LoaderBatches",
    "Split",
    "data_directory",
    "examine",
    "folder_images",
    "load",
    "make_pairs",
    "pair_targets",
    "photograph",
    "random_shift",
    "twin_of",
]
