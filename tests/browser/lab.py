"""A real JupyterLab in a real browser, for tests and benchmarks: start it, open a notebook, run it, look at it."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import nbformat
from notebook_page import Notebook  # noqa: F401 (whoever starts a server opens a notebook in it)

REPO = pathlib.Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


def find_chromium() -> str | None:
    """Chromium or Chrome: a program on the path, or an application of macOS, which is not on it."""
    applications = (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    )
    return next(filter(None, map(shutil.which, (*CHROMIUM_NAMES, "chrome", *applications))), None)


class Lab:
    """A JupyterLab server in a directory of its own, without a token, on 127.0.0.1.

    Args:
        root: an empty directory; `root/notebooks` is what the server shows.
        config: text of its `jupyter_server_config.py`; the course's own extension is then left out.
        course: a copy of the course: the server is then started as `vitcourse lab` starts it, and shows that.
    """

    def __init__(
        self,
        root: pathlib.Path,
        *,
        theme: str = "JupyterLab Light",
        config: str = "",
        course: pathlib.Path | None = None,
    ) -> None:
        self.course, self.config = course, config
        self.root = root / "notebooks" if course is None else course / "work"
        self.root.mkdir(parents=True, exist_ok=True)
        self.home = root / "jupyter"
        settings = SETTINGS | {"@jupyterlab/apputils-extension/themes": {"theme": theme}}
        for plugin, values in settings.items():
            file = self.home / "settings" / f"{plugin}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values))
        (self.home / "config").mkdir(exist_ok=True)
        (self.home / "config" / "jupyter_server_config.py").write_text(config)
        self.log = self.home / "server.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = (
            os.environ
            | self._connected()
            | {
                "JUPYTER_CONFIG_DIR": str(self.home / "config"),
                "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
                "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
                "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
                "IPYTHONDIR": str(self.home / "ipython"),
                "VITCOURSE_STATE": str(self.home / "state"),  # not the user's own progress
                "PYTHONPATH": os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
                "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")]),
            }
        )
        command = self._command(
            [
                "--no-browser",
                "--allow-root",
                "--ServerApp.ip=127.0.0.1",
                f"--ServerApp.port={self.port}",
                "--ServerApp.port_retries=0",
                "--IdentityProvider.token=",
                "--ServerApp.password=",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.extension_manager=readonly",
            ]
        )
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self.root, start_new_session=True
            )
        for _ in range(240):
            if self.process.poll() is not None:
                raise RuntimeError(f"JupyterLab did not start:\n{self.log.read_text()[-2000:]}")
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.url}/api", timeout=2).close()
                return
            time.sleep(0.25)
        self.stop()
        raise RuntimeError("JupyterLab did not answer within a minute")

    def _command(self, options: list[str]) -> list[str]:
        if self.course is None:
            if self.config:
                options = [*options, '--ServerApp.jpserver_extensions={"vitcourse.course.server": False}']
            return [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={self.root}", *options]
        from vitcourse.course.lab import lab_command

        return lab_command(self.course, options)

    def _connected(self) -> dict[str, str]:
        """Variables by which Jupyter knows the course, as `vitcourse lab` makes it known."""
        if self.course is None:
            return {}
        from vitcourse.course.connect import connect_jupyter

        connect_jupyter(self.home / "connected")
        return {"JUPYTER_CONFIG_PATH": str(self.home / "connected/etc/jupyter")}

    def path_of(self, name: str) -> str:
        """A notebook's path as the server calls it."""
        return name if self.course is None else f"work/{name}"

    def stop(self) -> None:
        """Asks the server to end, kernels included, and kills what is left of its session."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)

    def write(self, name: str, cells: list[str]) -> pathlib.Path:
        """A notebook of code cells, without outputs."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        return self.put(name, notebook)

    def put(self, name: str, notebook: Any, *, outputs: bool = False) -> pathlib.Path:
        """Copies a notebook into the server's directory, without outputs unless asked for."""
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for cell in notebook.cells:
            if cell.cell_type == "code" and not outputs:
                cell.outputs, cell.execution_count = [], None
        path = self.root / name
        nbformat.write(notebook, path)
        return path


@contextlib.contextmanager
def running_lab(root: pathlib.Path, **kwargs: Any) -> Iterator[Lab]:
    lab = Lab(root, **kwargs)
    lab.start()
    try:
        yield lab
    finally:
        lab.stop()


@contextlib.contextmanager
def running_browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGS)
        try:
            yield browser
        finally:
            browser.close()
