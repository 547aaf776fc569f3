"""No network, half a network, and interruptions: what load gives, how soon, and what it leaves on disk."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
import tiny_mnist

from vitcourse.data import DataError, data_directory, download, load, network

DEADLINE = 5.0  # seconds until the fallback


@pytest.fixture
def forever():
    """Wait until the test is over."""
    over = threading.Event()
    yield lambda *_, **__: over.wait(60)
    over.set()


def files_in(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


WHOLE = {f"MNIST/raw/{name}" for name in tiny_mnist.CONTENTS}


def falls_back(capsys) -> float:
    """Load MNIST, which must give the digits and one line; returns the seconds that it took."""
    start = time.perf_counter()
    dataset = load("mnist")
    seconds = time.perf_counter() - start
    lines = capsys.readouterr().out.splitlines()
    assert dataset.name == "digits"
    assert lines == [dataset.note]
    for part in ("MNIST", str(data_directory()), "1,797", "lower accuracy", "VITCOURSE_DATA"):
        assert part in dataset.note
    assert files_in(data_directory()) == set()
    return seconds


def swallow_names(monkeypatch, forever):
    monkeypatch.setattr(socket, "getaddrinfo", forever)


def swallow_packets(monkeypatch, forever):
    monkeypatch.setattr(socket.socket, "connect", forever)
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_: [(2, 1, 6, "", ("192.0.2.1", port))])


def swallow_requests(monkeypatch, forever):
    """A proxy takes the connection and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(urllib.request, "_opener", None)
    for scheme in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(scheme, f"http://127.0.0.1:{listener.getsockname()[1]}")
    monkeypatch.setenv("no_proxy", "")
    return listener


@pytest.mark.parametrize("swallow", [swallow_names, swallow_packets, swallow_requests])
def test_a_network_that_swallows_everything_costs_five_seconds_once(swallow, monkeypatch, forever, capsys):
    kept = swallow(monkeypatch, forever)
    assert falls_back(capsys) < DEADLINE
    assert falls_back(capsys) < 1.0
    del kept


def test_a_machine_without_a_network_does_not_wait(monkeypatch, capsys):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert falls_back(capsys) < 1.5


def test_pairs_and_the_other_sets_fall_back_too(tiny, capsys):
    pairs = load("pairs")
    assert pairs.name == "pairs of digits"
    assert "1,797" in pairs.note
    assert pairs.train.images.shape == (20_000, 1, 42, 42)
    fashion, cifar = (load(name, download=False) for name in ("fashion_mnist", "cifar10"))
    assert fashion.train.images.shape == (1_438, 1, 28, 28)
    assert cifar.test.images.shape == (359, 3, 32, 32)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "Fashion-MNIST is not in" in lines[1]
    assert "CIFAR-10 is not in" in lines[2]


def test_without_download_nobody_is_asked(tiny_online, capsys):
    assert load("mnist", download=False).name == "digits"
    assert tiny_online.requests == []


def test_the_log_in_page_of_a_network_is_no_answer(tiny_online, capsys):
    tiny_online.page = b"<html>Welcome</html>"
    assert falls_back(capsys) < 1.5


def test_the_addresses_are_torchvisions():
    from torchvision import datasets

    for name, (class_name, urls) in download.SOURCES.items():
        source = getattr(datasets, class_name)
        assert set(urls) == {m + source.resources[1][0] for m in source.mirrors} if name != "cifar10" else {source.url}


def test_a_download_is_checked_and_only_then_in_place(tiny_online, capsys):
    dataset = load("mnist")
    assert (dataset.name, dataset.note, len(dataset.train), len(dataset.test)) == ("mnist", "", 20, 10)
    assert files_in(data_directory()) == WHOLE
    assert list(data_directory().glob(".*")) == []
    assert "Downloading MNIST" in capsys.readouterr().out
    asked = len(tiny_online.requests)
    del dataset
    assert load("mnist").name == "mnist"
    assert len(tiny_online.requests) == asked


def test_missing_files_are_added_to_good_ones(tiny_online):
    folder = tiny_mnist.write(data_directory())
    kept = folder / "train-images-idx3-ubyte"
    (folder / "t10k-labels-idx1-ubyte").unlink()
    before = kept.stat().st_mtime_ns
    assert load("mnist").name == "mnist"
    assert files_in(data_directory()) == WHOLE
    assert kept.stat().st_mtime_ns == before


def test_a_damaged_file_is_not_replaced_behind_its_owners_back(tiny_online):
    folder = tiny_mnist.write(data_directory())
    (folder / "t10k-labels-idx1-ubyte").unlink()
    (folder / "train-images-idx3-ubyte").write_bytes(b"half")
    with pytest.raises(DataError, match="train-images-idx3-ubyte is truncated"):
        load("mnist")
    assert (folder / "train-images-idx3-ubyte").read_bytes() == b"half"
    assert tiny_online.requests == []


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("File not found")])
def test_a_download_that_fails_leaves_nothing(error, tiny_online, monkeypatch, capsys):
    def fail(name, scratch, answering):
        (scratch / "half").write_bytes(b"half")
        raise error

    monkeypatch.setattr(download, "_fetch", fail)
    dataset = load("mnist")
    assert dataset.name == "digits"
    assert str(error) in dataset.note
    assert list(data_directory().iterdir()) == []


def test_an_interrupt_leaves_nothing(tiny_online, monkeypatch):
    def interrupt(name, scratch, answering):
        tiny_mnist.write(scratch)
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "_fetch", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load("mnist")
    assert list(data_directory().iterdir()) == []


def test_a_server_that_falls_silent_is_given_up(tiny_online, monkeypatch, capsys):
    tiny_online.only_half = True
    monkeypatch.setattr(download, "_STALL_SECONDS", 0.5)
    assert load("mnist").name == "digits"
    assert tiny_online.half_sent.is_set()
    assert list(data_directory().iterdir()) == []
    assert socket.getdefaulttimeout() is None


def test_where_nothing_can_be_written_the_data_stay_in_memory(tiny_online, monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path / "file" / "data"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    assert load("mnist").name == "mnist"
    assert "cannot be written to" in capsys.readouterr().out
    assert list(scratch.iterdir()) == []


def start_loading(server: tiny_mnist.Server) -> subprocess.Popen:
    command = [sys.executable, tiny_mnist.__file__, server.url]
    paths = os.pathsep.join([str(Path(download.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.mark.timeout(120)
def test_a_killed_download_is_never_trusted_and_later_cleared_away(tiny_online):
    tiny_online.only_half = True
    process = start_loading(tiny_online)
    assert tiny_online.half_sent.wait(60)
    root = data_directory()
    while not any(root.rglob("*train-images*")):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    tiny_online.release.set()
    (left,) = root.iterdir()  # its temporary folder, with half a file
    assert left.name.startswith(".download-")
    assert any(left.rglob("*train-images*"))

    tiny_online.only_half = False
    assert load("mnist").name == "mnist"
    assert left.exists()  # it might be another process at work

    long_ago = time.time() - 7200
    for path in (*left.rglob("*"), left):
        os.utime(path, (long_ago, long_ago))
    (root / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    assert load("mnist").name == "mnist"
    assert files_in(root) == WHOLE
    assert not left.exists()


@pytest.mark.timeout(120)
def test_two_processes_at_once_do_no_harm(tiny_online):
    tiny_online.only_half = True
    other = start_loading(tiny_online)
    assert tiny_online.half_sent.wait(60)
    tiny_online.only_half = False  # the other one waits in the middle of its download
    assert load("mnist").name == "mnist"
    tiny_online.release.set()
    output, _ = other.communicate(timeout=60)
    assert other.returncode == 0
    assert output.splitlines()[-1] == "loaded mnist 20"
    assert files_in(data_directory()) == WHOLE
    assert list(data_directory().glob(".*")) == []


def test_the_first_good_answer_counts(tiny_online):
    good = f"{tiny_online.url}train-labels-idx1-ubyte.gz"
    assert network.answering(("http://127.0.0.1:9/", good)) == good
