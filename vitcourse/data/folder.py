"""A folder of one's own images.

Three layouts are understood:

- one subfolder per class: ``cats/1.jpg``, ``dogs/2.jpg``. A fifth of each class becomes the test split.
- the same inside ``train`` and ``test`` (or ``val``).
- images without subfolders: one class, and both splits hold all of them.

Files that are not images, names that begin with a dot, and images beside the classes' subfolders are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float32
from torch import Tensor

from ..errors import Size, as_pair
from .dataset import Dataset, Split
from .files import DataError
from .pictures import read_picture
from .split import stratified

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
SEED = 0  # of the division into training and test images
_TEST_FOLDERS = ("test", "val", "valid", "validation")


@dataclass(frozen=True)
class FolderImages:
    """Images that are read one at a time: ``images[3]`` is ((3, height, width), class).

    For a folder too large for memory, with :class:`LoaderBatches`.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    img_size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Float32[Tensor, "3 height width"], int]:
        return read_picture(self.paths[index], self.img_size), self.labels[index]

    def read_all(self) -> Split:
        images = torch.empty(len(self), 3, *self.img_size)
        for i, path in enumerate(self.paths):
            images[i] = read_picture(path, self.img_size)
        return Split(images, torch.tensor(self.labels, dtype=torch.int64))


@dataclass(frozen=True)
class Folder:
    """The two splits of a folder, their images still unread."""

    train: FolderImages
    test: FolderImages
    class_names: tuple[str, ...]
    note: str = ""


def folder_images(folder: str | Path, *, img_size: Size = 224) -> Folder:
    """Find the images of a folder, sorted by name, without reading them.

    Args:
        img_size: the side, or (height, width), that each image is resized and cropped to.

    Raises:
        DataError: no images, a class without images, or test images of a class that is not trained.
    """
    folder, size = Path(folder).expanduser(), as_pair("img_size", img_size)
    if not folder.is_dir():
        raise DataError(f"folder={str(folder)!r} is not a folder that exists")
    test_folder = next((folder / name for name in _TEST_FOLDERS if (folder / name).is_dir()), None)
    if (folder / "train").is_dir() and test_folder is not None:
        return _divided(folder / "train", test_folder, size)

    by_class = _images_by_class(folder)
    names, everything = tuple(by_class) or (folder.name,), _numbered(by_class or {"": _loose_images(folder)}, size)
    train, test = stratified(torch.tensor(everything.labels), test_share=0.2, seed=SEED)
    if by_class and len(test):
        return Folder(_take(everything, train), _take(everything, test), names)
    why = "a single image in each class" if by_class else "no subfolders for classes, so one class"
    return Folder(everything, everything, names, f"{folder} has {why}: both splits hold all {len(everything)} images.")


def load_folder(folder: str | Path, *, img_size: Size = 64) -> Dataset:
    """All images of a folder in memory: 12 bytes a pixel each, so 49 kB an image of 64 x 64.

    Raises:
        DataError: as :func:`folder_images`, or an image that cannot be read; names it.
    """
    found = folder_images(folder, img_size=img_size)
    train = found.train.read_all()
    test = train if found.test is found.train else found.test.read_all()
    return Dataset(str(folder), train, test, found.class_names, found.note)


def _divided(train_folder: Path, test_folder: Path, size: tuple[int, int]) -> Folder:
    train, test = _images_by_class(train_folder), _images_by_class(test_folder)
    for folder, by_class in ((train_folder, train), (test_folder, test)):
        if not by_class:
            raise DataError(f"{folder} has no subfolders with images; expected one for each class")
    if unknown := sorted(set(test) - set(train)):
        raise DataError(f"{test_folder} has the class {unknown[0]!r}, which {train_folder} has not")
    # In the order of the training classes, so that a class has the same number on both sides.
    test_images = _numbered({name: test.get(name, []) for name in train}, size)
    return Folder(_numbered(train, size), test_images, tuple(train))


def _images_by_class(folder: Path) -> dict[str, list[Path]]:
    """The images of each subfolder; empty if there are none at all."""
    subfolders = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    found = {subfolder.name: _images(subfolder, "**/*") for subfolder in subfolders}
    empty = [name for name, paths in found.items() if not paths]
    if empty and len(empty) < len(found):
        raise DataError(f"{folder / empty[0]} holds no images; expected files that end in {_endings()}")
    return {} if empty else found


def _loose_images(folder: Path) -> list[Path]:
    paths = _images(folder, "*")
    if not paths:
        raise DataError(f"{folder} holds no images; expected files that end in {_endings()}")
    return paths


def _images(folder: Path, pattern: str) -> list[Path]:
    def wanted(path: Path) -> bool:
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        return path.suffix.lower() in ENDINGS and not hidden and path.is_file()

    return sorted(filter(wanted, folder.glob(pattern)))


def _endings() -> str:
    return ", ".join(sorted(ENDINGS))


def _numbered(by_class: dict[str, list[Path]], size: tuple[int, int]) -> FolderImages:
    pairs = [(path, label) for label, paths in enumerate(by_class.values()) for path in paths]
    return FolderImages(tuple(path for path, _ in pairs), tuple(label for _, label in pairs), size)


def _take(images: FolderImages, indices: Tensor) -> FolderImages:
    chosen = indices.tolist()
    return FolderImages(
        tuple(images.paths[i] for i in chosen), tuple(images.labels[i] for i in chosen), images.img_size
    )
