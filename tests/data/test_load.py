"""What load gives, and that each file is checked."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny_mnist
import torch

import vitcourse
from vitcourse.data import DataError, data_directory, digits, examine, files, load, mnist, photograph

REAL = Path(os.environ.get("VITCOURSE_DATA", ""))  # before the fixture hides it


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, vitcourse.data\n"
        "print([m for m in ('torchvision', 'sklearn', 'scipy', 'PIL', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(vitcourse.__file__).parents[1])}
    found = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_mnist_is_what_torchvision_reads(tiny):
    tiny_mnist.write(data_directory())
    ours = load("mnist")
    from torchvision.datasets import MNIST

    for split, train in ((ours.train, True), (ours.test, False)):
        theirs = MNIST(data_directory(), train=train)
        assert split.images.dtype == torch.float32
        assert torch.equal(split.images, theirs.data[:, None] / 255)
        assert torch.equal(split.labels, theirs.targets)
    assert ours.class_names == tuple("0123456789")


def test_the_real_mnist():
    if any(state.state != "ok" for state in examine("mnist", REAL)):
        pytest.skip("MNIST is not on this machine")
    dataset = mnist.read_idx("mnist", REAL)
    assert dataset.train.images.shape == (60_000, 1, 28, 28)
    assert dataset.test.images.shape == (10_000, 1, 28, 28)
    assert dataset.train.images.mean().item() == pytest.approx(0.1307, abs=1e-4)
    assert dataset.train.images.std().item() == pytest.approx(0.3081, abs=1e-4)
    assert dataset.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_checksums_are_torchvisions():
    from torchvision.datasets import CIFAR10

    assert {file.path.split("/")[1]: file.md5 for file in files.FILES["cifar10"]} == dict(
        CIFAR10.train_list + CIFAR10.test_list
    )


def test_a_set_in_use_is_not_loaded_twice(tiny):
    tiny_mnist.write(data_directory())
    first = load("mnist")
    assert load("mnist") is first
    address = id(first)
    other = data_directory()
    del first
    (other / "MNIST/raw/t10k-labels-idx1-ubyte").write_bytes(b"")
    with pytest.raises(DataError):
        load("mnist")  # nothing keeps what nobody uses
    assert address


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100] if path.stat().st_size > 100 else b"")


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", list(tiny_mnist.CONTENTS))
@pytest.mark.parametrize(("damage", "word"), [(truncate, "truncated"), (lengthen, "altered"), (alter, "altered")])
def test_a_damaged_file_is_named_and_kept(name, damage, word, tiny):
    path = tiny_mnist.write(data_directory()) / name
    damage(path)
    kept = path.read_bytes()
    with pytest.raises(DataError, match=rf"{name} is (truncated or )?{word}.*Nothing was deleted.*delete or move"):
        load("mnist")
    assert path.read_bytes() == kept
    states = {state.path.name: state for state in examine("mnist")}
    assert states.pop(name).state == "damaged"
    assert {state.state for state in states.values()} == {"ok"}


def test_a_header_and_labels_are_looked_at_where_no_checksum_is_known(tiny, monkeypatch):
    unknown = tuple(files.DataFile(f.path, f.size, None, f.head) for f in tiny_mnist.ENTRY)
    monkeypatch.setitem(files.FILES, "mnist", unknown)
    folder = tiny_mnist.write(data_directory())
    assert load("mnist").name == "mnist"
    labels = folder / "train-labels-idx1-ubyte"
    good = labels.read_bytes()
    labels.write_bytes(good[:-1] + b"\x0a")
    with pytest.raises(DataError, match="holds the label 10"):
        load("mnist")
    labels.write_bytes(b"\1" + good[1:])
    with pytest.raises(DataError, match="header"):
        load("mnist")


def test_fashion_mnist_has_the_sizes_of_mnist():
    assert [f.size for f in files.FILES["fashion_mnist"]] == [47_040_016, 60_008, 7_840_016, 10_008]
    assert [f.size for f in files.FILES["mnist"]] == [47_040_016, 60_008, 7_840_016, 10_008]


def test_examine_says_what_is_missing():
    assert [state.state for state in examine("mnist")] == ["missing"] * 4


def test_cifar10(monkeypatch):
    import hashlib

    entries, generator = [], np.random.default_rng(0)
    for i, file in enumerate(files.FILES["cifar10"]):
        data = generator.integers(0, 256, (5, 3072), dtype=np.uint8)
        packed = pickle.dumps({"data": data, "labels": [i] * 5})
        path = data_directory() / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed)
        entries.append(files.DataFile(file.path, md5=hashlib.md5(packed).hexdigest()))
    monkeypatch.setitem(files.FILES, "cifar10", tuple(entries))
    dataset = load("cifar10")
    assert dataset.train.images.shape == (25, 3, 32, 32)
    assert dataset.train.labels.tolist() == [i for i in range(5) for _ in range(5)]
    assert dataset.test.labels.tolist() == [5] * 5
    # A row is 1024 reds, then greens, then blues, row by row.
    assert torch.equal(dataset.test.images[0, 1, 0], torch.from_numpy(data[0, 1024:1056]) / 255)
    alter(path)
    del dataset
    with pytest.raises(DataError, match="test_batch is truncated or altered"):
        load("cifar10")


def test_digits_look_like_mnists():
    dataset = load("digits")
    assert (dataset.name, dataset.note) == ("digits", "")
    images = dataset.train.images
    assert images.shape == (1_438, 1, 28, 28)
    assert dataset.test.images.shape == (359, 1, 28, 28)
    assert images.min() == 0
    assert images.max() == 1
    assert images[:, :, :3].max() < 0.1  # a black border
    assert images[:, :, :, :3].max() < 0.1
    assert images.mean().item() == pytest.approx(0.131, abs=0.02)  # MNIST: 0.131, 0.308
    assert images.std().item() == pytest.approx(0.308, abs=0.02)
    assert dataset.test.labels.bincount().tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    again = load("digits")
    assert torch.equal(again.test.images, dataset.test.images)


def test_digits_are_scikit_learns(monkeypatch):
    direct = load("digits")
    monkeypatch.setattr(digits, "find_spec", lambda name: None)  # scikit-learn's own function is asked then
    asked = load("digits")
    assert torch.equal(direct.train.images, asked.train.images)
    assert torch.equal(direct.test.labels, asked.test.labels)


@pytest.mark.parametrize(("name", "red"), [("china", 0.57), ("flower", 0.22)])
def test_photograph(name, red):
    image = photograph((64, 96), name)
    assert image.shape == (1, 3, 64, 96)
    assert 0 <= image.min() < 0.1
    assert 0.9 < image.max() <= 1
    assert image[0, 0].mean().item() == pytest.approx(red, abs=0.03)
    assert photograph(32).shape == (1, 3, 32, 32)


def test_split_slices_and_items():
    split = load("digits").train
    assert len(split[:7]) == 7
    assert split[:7].images.data_ptr() == split.images.data_ptr()
    chosen = split[torch.tensor([5, 3])]
    image, label = split[3]
    assert torch.equal(chosen.images[1], image)
    assert chosen.labels[1] == label
    assert len(split[split.labels == 0]) == 142
