"""Bad data and bad arguments: an error that names the argument, its value, and what would be valid."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from vitcourse.data import (
    Batches,
    DataError,
    LoaderBatches,
    Split,
    folder_images,
    load,
    make_pairs,
    pair_targets,
    photograph,
    random_shift,
)


def split(n: int = 6) -> Split:
    return Split(torch.rand(n, 1, 4, 4), torch.arange(n))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minst", r"name_or_path='minst'.*'mnist', 'fashion_mnist', 'cifar10', 'digits', 'pairs', or the path.*"),
        ("MNIST", r"did you mean 'mnist'\?"),
        ("fashion-mnist", r"did you mean 'fashion_mnist'\?"),
        ("/no/such/folder", r"'/no/such/folder' is neither a data set nor a folder that exists"),
        (__file__, r"test_data.py' is a file; expected"),
        (3, "name_or_path=3 must be one of"),
    ],
)
def test_load_of_what_is_not_there(name, message):
    with pytest.raises(ValueError, match=message):
        load(name)


def test_img_size_is_for_folders(tmp_path):
    with pytest.raises(ValueError, match="img_size=32 is for folders"):
        load("digits", img_size=32)
    Image.new("L", (5, 5)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"img_size.*=0 must be"):
        load(tmp_path, img_size=0)


def test_a_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(DataError, match=rf"{tmp_path} holds no images; expected files that end in .*\.jpg"):
        load(tmp_path)


def test_a_class_without_images(tmp_path):
    (tmp_path / "cats").mkdir()
    (tmp_path / "dogs").mkdir()
    Image.new("L", (5, 5)).save(tmp_path / "dogs" / "a.png")
    with pytest.raises(DataError, match="cats holds no images"):
        load(tmp_path)


def test_a_class_that_is_not_trained(tmp_path):
    for where in ("train/cats", "test/dogs"):
        (tmp_path / where).mkdir(parents=True)
        Image.new("L", (5, 5)).save(tmp_path / where / "a.png")
    with pytest.raises(DataError, match="the class 'dogs'"):
        load(tmp_path)


def test_train_without_classes(tmp_path):
    for where in ("train", "test"):
        (tmp_path / where).mkdir()
        Image.new("L", (5, 5)).save(tmp_path / where / "a.png")
    with pytest.raises(DataError, match="train has no subfolders with images"):
        load(tmp_path)


def test_folder_images_of_no_folder(tmp_path):
    with pytest.raises(ValueError, match="is not a folder that exists"):
        folder_images(tmp_path / "none")


@pytest.mark.parametrize("half", [False, True])
def test_an_unreadable_image_is_named(tmp_path, half):
    Image.effect_noise((64, 64), 50).save(tmp_path / "good.jpg")
    content = (tmp_path / "good.jpg").read_bytes()
    (tmp_path / "broken.jpg").write_bytes(content[: len(content) // 2] if half else b"no image")
    with pytest.raises(DataError, match=r"broken\.jpg cannot be read as an image"):
        load(tmp_path)


@pytest.mark.parametrize("kind", [Batches, LoaderBatches])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 must be a whole number of at least 1"),
        ({"batch_size": -3}, "batch_size=-3"),
        ({"batch_size": 2.0}, "batch_size=2.0"),
        ({"batch_size": True}, "batch_size=True"),
        ({"seed": 0.5}, "seed=0.5 must be a whole number"),
        ({"augment": 3}, "augment=3 must be a function"),
        ({"rank": 1}, "must be given together"),
        ({"rank": 2, "world_size": 2}, r"rank=2 must be in 0 \.\. 1"),
        ({"rank": 0, "world_size": 0}, "world_size=0"),
    ],
)
def test_batches(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(split(), **{"batch_size": 2, **options})


@pytest.mark.parametrize("kind", [Batches, LoaderBatches])
def test_empty_split(kind):
    with pytest.raises(ValueError, match="the split is empty"):
        kind(split()[:0], batch_size=2)


@pytest.mark.parametrize("kind", [Batches, LoaderBatches])
@pytest.mark.parametrize(
    ("where", "message"), [((-1, 0), "epoch=-1"), ((1.5, 0), "epoch=1.5"), ((0, 4), r"0 \.\. 3"), ((0, -1), "start=-1")]
)
def test_epoch_complains_at_once(kind, where, message):
    batches = kind(split(), batch_size=2)
    with pytest.raises(ValueError, match=message):
        batches.epoch(*where)  # not only when the first batch is asked for


def test_workers():
    with pytest.raises(ValueError, match="workers=-1"):
        LoaderBatches(split(), batch_size=2, workers=-1)


def test_batches_of_something_else():
    with pytest.raises(ValueError, match=r"split is a tuple; expected a Split"):
        Batches((torch.rand(3, 1, 4, 4), torch.arange(3)), batch_size=2)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.rand(3, 1, 4, 4), torch.arange(2), r"labels has shape \(2,\); .* each of the 3 images"),
        (torch.rand(3, 1, 4, 4), torch.arange(3).float(), r"labels has dtype torch.float32; expected torch.int64"),
        (torch.rand(3, 1, 4, 4), torch.arange(3).int(), r"labels\.long\(\)"),
        (torch.rand(3, 1, 4, 4), [0, 1, 2], "labels is a list"),
        (torch.rand(3, 1, 4, 4), torch.tensor(1), r"labels has shape \(\)"),
        (torch.zeros(3, 1, 4, 4, dtype=torch.uint8), torch.arange(3), r"images has dtype torch.uint8.*/ 255"),
        (torch.rand(3, 1, 4, 4).double(), torch.arange(3), "expected torch.float32"),
        (torch.rand(3, 4, 4), torch.arange(3), r"\(3, 4, 4\); expected \(n, channels, height, width\)"),
    ],
)
def test_split(images, labels, message):
    with pytest.raises(ValueError, match=message):
        Split(images, labels)


@pytest.mark.parametrize("pixels", [-1, 1.5, True])
def test_random_shift(pixels):
    with pytest.raises(ValueError, match=f"pixels={pixels} must be a whole number of at least 0"):
        random_shift(pixels)


def test_a_shift_beyond_the_image():
    with pytest.raises(ValueError, match="pixels=4 must be less than the image's sides, 4 x 5"):
        random_shift(4)(torch.rand(2, 1, 4, 5), torch.arange(2), 0, 0)


def test_photograph():
    with pytest.raises(ValueError, match="name='dog' must be one of 'china', 'flower'"):
        photograph(32, "dog")
    with pytest.raises(ValueError, match="size"):
        photograph(0)


def test_pairs():
    digits = load("digits")
    with pytest.raises(ValueError, match="train_boards=0"):
        make_pairs(digits, train_boards=0)
    with pytest.raises(ValueError, match=r"labels has shape \(9,\); expected \(n, tiles\)"):
        pair_targets(torch.arange(9))
    few = type(digits)("few", digits.train[digits.train.labels < 5], digits.test, digits.class_names)
    with pytest.raises(ValueError, match="expected 8 classes or more"):
        make_pairs(few)
