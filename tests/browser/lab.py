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
# Messages of JupyterLab itself about what a machine without a network or a language server lacks.
HARMLESS = ("favicon", "language server", "lsp/", "ResizeObserver", "net::ERR_INTERNET_DISCONNECTED")


def find_chromium() -> str | None:
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


class Lab:
    """A JupyterLab server in a directory of its own, without a token, on 127.0.0.1."""

    def __init__(self, root: pathlib.Path, *, theme: str = "JupyterLab Light", config: str = "") -> None:
        self.root = root / "notebooks"
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
        environment = os.environ | {
            "JUPYTER_CONFIG_DIR": str(self.home / "config"),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self.home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self.home / "workspaces"),
            "IPYTHONDIR": str(self.home / "ipython"),
            "PYTHONPATH": os.pathsep.join([str(REPO), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
            "PATH": os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", "")]),
        }
        command = [
            sys.executable,
            "-m",
            "jupyterlab",
            "--no-browser",
            "--allow-root",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            "--IdentityProvider.token=",
            "--ServerApp.password=",
            f"--ServerApp.root_dir={self.root}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.extension_manager=readonly",
        ]
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


class Notebook:
    """One notebook open in one page."""

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page, self.lab, self.name = page, lab, name
        self.console: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.console.append(str(error)))

    def _said(self, message: Any) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(word in text for word in HARMLESS):
            self.console.append(text)

    def open(self, *, kernel: bool = True) -> None:
        self.page.goto(f"{self.lab.url}/lab/tree/{self.name}?reset", wait_until="domcontentloaded")
        self.page.wait_for_function("() => window.jupyterapp", timeout=120_000)
        self.page.evaluate(
            """async ({name, kernel}) => {
                const app = window.jupyterapp;
                await app.restored;
                const find = () => [...app.shell.widgets("main")].find((widget) => widget.context?.path === name);
                for (let i = 0; i < 1200 && !find(); i++) await new Promise((go) => setTimeout(go, 50));
                const panel = find();
                app.shell.activateById(panel.id);
                await panel.context.ready;
                await panel.revealed;
                window.notebookPanel = panel;
                if (kernel) {
                    await panel.sessionContext.ready;
                    await panel.sessionContext.session.kernel.info;
                }
            }""",
            {"name": self.name, "kernel": kernel},
        )

    def run_all(self, timeout: float = 300) -> None:
        """Runs every cell to the end of the notebook."""
        self.page.evaluate("() => { window.ran = window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.page.evaluate(
                "() => Promise.race([window.ran.then(() => true), new Promise((go) => "
                "setTimeout(() => go(false), 500))])"
            ):
                return
        raise TimeoutError(f"{self.name} did not run to its end within {timeout:.0f} s")

    def save(self) -> None:
        self.page.evaluate("() => window.notebookPanel.context.save()")

    def close(self, *, shut_down: bool = True) -> None:
        """Closes the document; the kernel goes too unless it is to stay."""
        self.page.evaluate(
            """async (shutDown) => {
                if (shutDown) await window.notebookPanel.sessionContext.shutdown();
                window.notebookPanel.dispose();
            }""",
            shut_down,
        )

    def saved(self) -> Any:
        return nbformat.read(self.lab.root / self.name, as_version=4)

    def outputs(self) -> list[dict[str, Any]]:
        """All outputs of all code cells, as the document holds them at present."""
        return self.page.evaluate(
            "() => window.notebookPanel.content.model.toJSON().cells.flatMap((cell) => cell.outputs ?? [])"
        )

    def errors(self) -> list[str]:
        """Error outputs, and what the browser's console called an error."""
        failed = [f"{out['ename']}: {out['evalue']}" for out in self.outputs() if out["output_type"] == "error"]
        return failed + self.console

    def python(self, code: str) -> str:
        """Runs code in the notebook's kernel and gives what it printed."""
        return self.page.evaluate(
            """async (code) => {
                const future = window.notebookPanel.sessionContext.session.kernel.requestExecute({code});
                let text = "";
                future.onIOPub = (message) => {
                    if (message.header.msg_type === "stream") text += message.content.text;
                    if (message.header.msg_type === "error") text += message.content.traceback.join("\\n");
                };
                await future.done;
                return text;
            }""",
            code,
        )

    def screenshot(self, path: pathlib.Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))


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
