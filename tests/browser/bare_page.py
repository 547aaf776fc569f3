"""A widget's module in a page of its own, with a model of `get, set, on, off, save_changes, send` and nothing else.

No JupyterLab and no kernel: what a page that is exported must make do with.
"""

from __future__ import annotations

import base64
from typing import Any

# Bytes travel to the page as {"base64": text}; the module finds DataViews, as it does in JupyterLab.
PAGE = """async ({source, style, state}) => {
    const views = (value) => {
        if (Array.isArray(value)) return value.map(views);
        if (value === null || typeof value !== "object") return value;
        if ("base64" in value) {
            return new DataView(Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)).buffer);
        }
        return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, views(inner)]));
    };
    const values = views(state);
    const listeners = new Map();
    const tell = (event, ...more) => [...(listeners.get(event) ?? [])].forEach((listener) => listener(...more));
    window.sent = [];
    window.saved = 0;
    window.listening = () => [...listeners.values()].reduce((sum, some) => sum + some.size, 0);
    window.arrive = (name, value) => window.model.set(name, views(value));
    window.answer = (message) => tell("msg:custom", message, []);
    window.model = {
        get: (name) => values[name],
        set: (name, value) => {
            if (values[name] === value) return;
            values[name] = value;
            tell(`change:${name}`);
        },
        on: (event, listener) => listeners.set(event, (listeners.get(event) ?? new Set()).add(listener)),
        off: (event, listener) => listeners.get(event)?.delete(listener),
        save_changes: () => { window.saved += 1; },
        send: (content, callbacks, buffers) => window.sent.push([content, buffers]),
    };
    document.head.append(Object.assign(document.createElement("style"), {textContent: style}));
    const url = URL.createObjectURL(new Blob([source], {type: "text/javascript"}));
    const module = await import(url);
    window.open_one = () => {
        const el = document.createElement("div");
        document.body.append(el);
        const close = module.default.render({model: window.model, el});
        return () => { close?.(); el.remove(); };
    };
    window.close_it = window.open_one();
}"""


def plain(value: Any) -> Any:
    """A widget's state as JSON can hold it."""
    if isinstance(value, (bytes, memoryview)):
        return {"base64": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def open_bare(page: Any, widget: Any, *, background: str = "white") -> list[str]:
    """Shows a widget in an empty page; returns the list to which the page's errors are added."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.set_content(f"<!doctype html><meta charset=utf-8><body style='margin:16px;background:{background}'>")
    hidden = ("_esm", "_css", "layout", "comm")
    state = {name: plain(value) for name, value in widget.get_state().items() if name not in hidden}
    page.evaluate(PAGE, {"source": widget._esm, "style": widget._css, "state": state})
    return errors
