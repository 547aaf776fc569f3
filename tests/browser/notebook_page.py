"""One notebook open in a JupyterLab in a browser: run it, save it, look at what it shows."""

from __future__ import annotations

import pathlib
import re
import time
from typing import Any

import nbformat

# Messages of JupyterLab itself about what a machine without a network or a language server lacks.
HARMLESS = ("favicon", "language server", "lsp/", "ResizeObserver", "net::ERR_INTERNET_DISCONNECTED")

# What JupyterLab shows in place of a view whose model it does not have, in lower case.
GONE = ("model not found", "loading widget", "error displaying widget", "error creating widget")

# Off the screen a cell is not drawn; on it, pictures take a moment to be decoded.
LOOK_AT = """async (number) => {
    const content = window.notebookPanel.content;
    const cell = content.widgets[number];
    let seen;
    for (let turn = 0; turn < 100; turn++) {
        await content.scrollToItem(number, "start");
        await new Promise((go) => setTimeout(go, 100));
        if (!cell.outputArea) continue;
        const node = cell.outputArea.node;
        const all = (choice) => [...node.querySelectorAll(choice)];
        const drawn = [
            ...all("img").map((image) => image.complete && image.naturalWidth > 0),
            ...all(".vitcourse-card canvas").map((canvas) => "frame" in canvas.dataset && canvas.clientHeight > 0),
        ];
        seen = {
            text: node.innerText,
            widgets: all(".jp-OutputArea-output > :is(.jupyter-widgets, .vitcourse-quiz, .vitcourse-duel, "
                + ".vitcourse-explorer)").length,
            images: drawn.filter((is) => is).length,
            blank: drawn.filter((is) => !is).length,
        };
        const complete = all(".jp-OutputArea-output").length >= cell.outputArea.model.length;
        if (complete && !seen.blank && (seen.widgets || seen.images || seen.text.trim())) break;
    }
    return seen;
}"""


class Notebook:
    """One notebook open in one page."""

    def __init__(self, page: Any, lab: Lab, name: str) -> None:
        self.page, self.lab, self.name = page, lab, name
        self.path = lab.path_of(name)
        self.console: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", self._raised)

    def _raised(self, error: Any) -> None:
        """An exception that nobody caught, with its stack; it counts unless it is JupyterLab's own and known."""
        stack = str(getattr(error, "stack", ""))
        # Now and then, while a busy machine draws a cell anew: from its own bundle alone, no widget on the stack.
        own = all("/static/lab/" in place for place in re.findall(r"(?:https?|blob|data):\S+", stack))
        if not (own and "removeChild" in str(error)):
            self.console.append(f"{error} {stack}")

    def _said(self, message: Any) -> None:
        text = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(word in text for word in HARMLESS):
            self.console.append(text)

    def open(self, *, kernel: bool = True) -> None:
        self.page.goto(f"{self.lab.url}/lab/tree/{self.path}?reset", wait_until="domcontentloaded")
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
            {"name": self.path, "kernel": kernel},
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

    def run_cell(self, number: int) -> None:
        """Runs one cell, counted from 0, and waits for its end."""
        self.page.evaluate(
            """async (number) => {
                window.notebookPanel.content.activeCellIndex = number;
                window.notebookPanel.content.deselectAll();
                await window.jupyterapp.commands.execute("notebook:run-cell");
            }""",
            number,
        )

    def save(self) -> None:
        self.page.evaluate("() => window.notebookPanel.context.save()")

    def cells_with(self, kind: str) -> list[int]:
        """Positions of the cells whose outputs hold this kind of data."""
        return self.page.evaluate(
            """(kind) => window.notebookPanel.content.model.toJSON().cells.flatMap((cell, number) =>
                (cell.outputs ?? []).some((output) => kind in (output.data ?? {})) ? [number] : [])""",
            kind,
        )

    def unfold(self) -> None:
        """Opens all sections that are folded."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:expand-all-headings')")

    def look_at(self, number: int) -> dict[str, Any]:
        """Scrolls to a cell and says what its output has become on the page: `text`, `images`, `widgets`, `blank`.

        `widgets` counts live views, `images` pictures that are drawn, `blank` pictures that are not (yet).
        """
        return self.page.evaluate(LOOK_AT, number)

    def close(self, *, shut_down: bool = True) -> None:
        """Closes the document; the kernel goes too unless it is to stay."""
        self.page.evaluate(
            """async (shutDown) => {
                if (window.notebookPanel.isDisposed) return;
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
