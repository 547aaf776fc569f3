"""A folder of one's own images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from vitcourse.data import LoaderBatches, folder_images, load


def paint(path: Path, color=(255, 0, 0), size=(40, 30), **options) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path, **options)
    return path


def two_classes(root: Path, n: int = 10) -> Path:
    for i in range(n):
        paint(root / "red" / f"{i}.png", (255, 0, 0))
        paint(root / "blue" / "deeper" / f"{i}.JPG", (0, 0, 255))
    (root / "red" / "notes.txt").write_text("no image")
    paint(root / "red" / ".hidden.png")
    paint(root / "blue" / ".ipynb_checkpoints" / "0.png")
    return root


def test_one_subfolder_per_class(tmp_path):
    data = load(two_classes(tmp_path), img_size=(16, 24))
    assert data.class_names == ("blue", "red")
    assert data.train.images.shape == (16, 3, 16, 24)
    assert data.train.labels.bincount().tolist() == [8, 8]
    assert data.test.labels.bincount().tolist() == [2, 2]
    for split in (data.train, data.test):
        for image, label in zip(split.images, split.labels, strict=True):
            assert image[2 if label == 0 else 0].min() > 0.95
            assert image[1].max() < 0.05
    assert load(str(tmp_path)).train.images.shape[2:] == (64, 64)


def test_the_division_is_fixed(tmp_path):
    two_classes(tmp_path)
    assert folder_images(tmp_path) == folder_images(tmp_path)
    found = folder_images(tmp_path)
    assert set(found.train.paths) & set(found.test.paths) == set()


@pytest.mark.parametrize("test_name", ["test", "val"])
def test_train_and_test_given(tmp_path, test_name):
    two_classes(tmp_path / "train", 3)
    paint(tmp_path / test_name / "red" / "x.png", (255, 0, 0))
    data = load(tmp_path)
    assert (len(data.train), len(data.test)) == (6, 1)
    assert data.test.labels.tolist() == [1]  # numbered as in training, though it is the only one here


def test_loose_images_are_one_class(tmp_path):
    folder = paint(tmp_path / "mine" / "a.png").parent
    (folder / "empty").mkdir()
    data = load(folder)
    assert data.class_names == ("mine",)
    assert data.test is data.train
    assert data.train.labels.tolist() == [0]
    assert "no subfolders" in data.note


def test_single_images_stand_in_both_splits(tmp_path):
    paint(tmp_path / "a" / "1.png")
    paint(tmp_path / "b" / "1.png")
    data = load(tmp_path)
    assert len(data.test) == len(data.train) == 2
    assert "both splits" in data.note


def test_resized_to_cover_then_the_middle(tmp_path):
    wide = Image.new("RGB", (300, 100))
    wide.paste((255, 255, 255), (100, 0, 200, 100))  # white is the middle third
    wide.save(tmp_path / "wide.png")
    image = load(tmp_path, img_size=20).train.images[0]
    assert image[:, :, 3:-3].min() > 0.95


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "I;16"])
def test_every_kind_of_image_becomes_color(tmp_path, mode):
    suffix = "tif" if mode == "CMYK" else "png"
    Image.new(mode, (20, 20), 0 if mode == "CMYK" else None).save(tmp_path / f"a.{suffix}")
    assert load(tmp_path, img_size=8).train.images.shape == (1, 3, 8, 8)


def test_a_photograph_taken_upright_stands_upright(tmp_path):
    image = Image.new("RGB", (20, 20))
    image.paste((255, 255, 255), (0, 0, 10, 20))  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn a quarter to the right to see it"
    image.save(tmp_path / "a.png", exif=exif)
    upright = load(tmp_path, img_size=20).train.images[0]
    assert upright[:, :8].min() > 0.9  # the top half now


def test_a_loader_reads_when_asked(tmp_path):
    found = folder_images(two_classes(tmp_path), img_size=12)
    whole = found.train.read_all()
    for images, labels, indices in LoaderBatches(found.train, batch_size=5, workers=0).epoch(0):
        assert torch.equal(images, whole.images[indices])
        assert torch.equal(labels, whole.labels[indices])
