"""A tiny MNIST: its files, a server that offers them, and the command that loads it in a process of its own."""

from __future__ import annotations

import gzip
import hashlib
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch

from vitcourse.data import download, files


def contents() -> dict[str, tuple[bytes, bytes]]:
    """name -> (header, body) of the four files: 20 training images, 10 test images, two of each class and one."""
    generator = torch.Generator().manual_seed(0)
    made = {}
    for part, count in (("train", 20), ("t10k", 10)):
        pixels = torch.randint(0, 256, (count, 28, 28), generator=generator, dtype=torch.uint8)
        made[f"{part}-images-idx3-ubyte"] = (struct.pack(">4I", 2051, count, 28, 28), pixels.numpy().tobytes())
        made[f"{part}-labels-idx1-ubyte"] = (struct.pack(">2I", 2049, count), bytes(i % 10 for i in range(count)))
    return made


CONTENTS = contents()
PACKED = {f"{name}.gz": gzip.compress(head + body, mtime=0) for name, (head, body) in CONTENTS.items()}
ENTRY = tuple(
    files.DataFile(f"MNIST/raw/{name}", len(head + body), hashlib.md5(head + body).hexdigest(), head)
    for name, (head, body) in CONTENTS.items()
)


def write(root: Path) -> Path:
    """Put the four files where load looks for them; returns their folder."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, (head, body) in CONTENTS.items():
        (folder / name).write_bytes(head + body)
    return folder


def install(url: str, setitem, setattr) -> None:
    """Let "mnist" mean the tiny one, offered at ``url``."""
    setitem(files.FILES, "mnist", ENTRY)
    setitem(download.SOURCES, "mnist", ("MNIST", (f"{url}train-labels-idx1-ubyte.gz",)))
    if url.endswith(":9/"):
        return  # never reached: torchvision need not be imported
    from torchvision.datasets import MNIST

    setattr(MNIST, "mirrors", [url])
    setattr(MNIST, "resources", [(name, hashlib.md5(packed).hexdigest()) for name, packed in PACKED.items()])


class Server:
    """Serves the packed files on this machine.

    ``only_half``: of train-images it sends half, then sets ``half_sent`` and waits for ``release``.
    ``page``: it answers everything with this page, as the log-in of a hotel's network does.
    """

    def __enter__(self) -> Server:
        self.only_half, self.page = False, b""
        self.half_sent, self.release = threading.Event(), threading.Event()
        self.requests: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rsplit("/", 1)[-1]
                outer.requests.append(name)
                body = outer.page or PACKED[name]
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if outer.only_half and name.startswith("train-images"):
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    outer.half_sent.set()
                    outer.release.wait(60)
                    body = body[len(body) // 2 :]
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that is killed breaks its pipe: that is what the test is about."""

        self.http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()


if __name__ == "__main__":  # python tiny_mnist.py URL: loads the tiny MNIST into VITCOURSE_DATA
    install(sys.argv[1], setitem=dict.__setitem__, setattr=setattr)
    from vitcourse.data import load

    loaded = load("mnist")
    print("loaded", loaded.name, len(loaded.train))
