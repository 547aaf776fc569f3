"""One function for every data set."""

from __future__ import annotations

import difflib
import os
import threading
import weakref
from pathlib import Path

import torch.nn.functional as F

from ..errors import Size
from .dataset import Dataset, Split
from .download import NotAvailable, complete
from .files import FILES, TITLES, data_directory

NAMES = ("mnist", "fashion_mnist", "cifar10", "digits", "pairs")

_lock = threading.RLock()  # a lesson's worker thread may load too
# Weak: a second load while the first set is in use costs neither time nor memory, and nothing is held longer.
_in_use: weakref.WeakValueDictionary[tuple[str, Path], Dataset] = weakref.WeakValueDictionary()


def load(name_or_path: str | os.PathLike[str], *, download: bool = True, img_size: Size | None = None) -> Dataset:
    """Load a data set: images (float32, in 0..1), labels and class names, in a training and a test split.

    ========================= ================ ======================== =============================================
    name                      images           training and test images
    ========================= ================ ======================== =============================================
    ``"mnist"``               1 x 28 x 28      60,000 and 10,000        handwritten digits
    ``"fashion_mnist"``       1 x 28 x 28      60,000 and 10,000        pieces of clothing
    ``"cifar10"``             3 x 32 x 32      50,000 and 10,000        small photographs; takes 740 MB of memory
    ``"digits"``              1 x 28 x 28      1,438 and 359            scikit-learn's digits, always there
    ``"pairs"``               1 x 42 x 42      20,000 and 2,000         boards of 3 x 3 digits, made from MNIST
    a folder                  3 x img_size     its own                  see ``vitcourse.data.folder``
    ========================= ================ ======================== =============================================

    The first three are looked for in the directory named by the environment variable VITCOURSE_DATA, else in the
    platform's cache directory, and downloaded if they are not there. If no server answers within 3.5 seconds, the
    digits stand in for them, and a printed line says so: then ``.note`` is not empty and ``.name`` is
    another (for pairs, "pairs of digits"). A server that did not answer is not asked again in this process.

    While a set that was loaded is in use, loading it again gives the same one: do not write to its tensors.

    Args:
        name_or_path: one of the names, or a folder of images.
        download: whether the network may be used.
        img_size: for a folder: the side, or (height, width), that its images are brought to; 64 unless given.

    Raises:
        DataError: a truncated or altered file, an unreadable image, a folder without images. It is a ValueError.
        ValueError: neither a name nor a folder.
    """
    if isinstance(name_or_path, str) and name_or_path in NAMES:
        if img_size is not None:
            raise ValueError(f"img_size={img_size!r} is for folders of images; {name_or_path!r} has a size of its own")
        with _lock:
            return _load_named(name_or_path, download)
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise ValueError(f"name_or_path={name_or_path!r} must be {_valid()}")
    folder = Path(name_or_path).expanduser()
    if not folder.is_dir():
        raise ValueError(f"name_or_path={os.fspath(name_or_path)!r} {_what_is_wrong(folder)}; expected {_valid()}")
    from .folder import load_folder

    return load_folder(folder, img_size=64 if img_size is None else img_size)


def _load_named(name: str, download: bool) -> Dataset:
    if name == "digits":
        from .digits import embedded_digits

        return embedded_digits()
    key = (name, data_directory())
    dataset = _in_use.get(key)
    if dataset is None:
        if name == "pairs":
            from .pairs import make_pairs

            dataset = make_pairs(_load_named("mnist", download))
        else:
            dataset = _load_files(name, download)
        if not dataset.note:
            _in_use[key] = dataset
    return dataset


def _load_files(name: str, download: bool) -> Dataset:
    root = data_directory()
    try:
        with complete(name, root, download=download) as folder:
            if name == "cifar10":
                from .cifar import read_cifar10

                return read_cifar10(folder)
            from .mnist import read_idx

            return read_idx(name, folder)
    except NotAvailable as reason:
        return _fall_back(name, root, str(reason))


def _fall_back(name: str, root: Path, reason: str) -> Dataset:
    """The embedded digits in the shape of the set that was asked for, and a line that says so."""
    from .digits import embedded_digits

    title, folder = TITLES[name], Path(FILES[name][0].path).parent
    note = (
        f"{title} is not in {root} and could not be had: {reason}. Used instead: scikit-learn's 1,797 handwritten "
        f"digits (1,438 to train, 359 to test). Expect less data and lower accuracy. For {title} itself, connect to "
        f"the network, restart the kernel and run this again, or set VITCOURSE_DATA to a directory with {folder}."
    )
    print(note, flush=True)
    digits = embedded_digits(note)
    if name != "cifar10":
        return digits
    train, test = (Split(F.pad(s.images, (2,) * 4).repeat(1, 3, 1, 1), s.labels) for s in (digits.train, digits.test))
    return Dataset("digits", train, test, digits.class_names, note)


def _valid() -> str:
    return f"one of {', '.join(map(repr, NAMES))}, or the path of a folder of images"


def _what_is_wrong(path: Path) -> str:
    if path.is_file():
        return "is a file"
    close = difflib.get_close_matches(str(path).lower().replace("-", "_"), NAMES, n=1)
    return "is neither a data set nor a folder that exists" + (f" (did you mean {close[0]!r}?)" if close else "")
