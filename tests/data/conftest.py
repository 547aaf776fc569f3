"""A tiny MNIST on a local server, so that downloads are tested without a network."""

from __future__ import annotations

import pytest
import tiny_mnist

from vitcourse.data import network


@pytest.fixture(autouse=True)
def _data_directory(tmp_path, monkeypatch):
    """No test finds the user's own data, or remembers another test's network."""
    monkeypatch.setenv("VITCOURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(network, "_silent", set())


@pytest.fixture
def server():
    with tiny_mnist.Server() as running:
        yield running


@pytest.fixture
def tiny(monkeypatch):
    """MNIST has 20 training and 10 test images, and no server."""
    tiny_mnist.install("http://127.0.0.1:9/", setitem=monkeypatch.setitem, setattr=monkeypatch.setattr)


@pytest.fixture
def tiny_online(server, monkeypatch):
    """The same, and a server that has them."""
    tiny_mnist.install(server.url, setitem=monkeypatch.setitem, setattr=monkeypatch.setattr)
    return server
