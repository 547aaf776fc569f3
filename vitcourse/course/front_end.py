"""Are the browser's halves of the widgets there, and do they belong to the Python halves?

A slider that shows as text, or as "Error displaying widget", is nearly always one of these.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from .doctor import Finding

MANAGER = "@jupyter-widgets/jupyterlab-manager"
REMEDY = "Install it again in this environment (pip install --force-reinstall --no-deps {}), then restart JupyterLab"


def _extension_folders() -> list[Path]:
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return [Path(sys.prefix) / "share/jupyter/labextensions"]
    return [Path(place) for place in jupyter_path("labextensions")]


def _configuration_folders() -> list[Path]:
    try:
        from jupyter_core.paths import jupyter_config_path
    except ImportError:
        return [Path(sys.prefix) / "etc/jupyter"]
    return [Path(place) for place in jupyter_config_path()]


def _first_extension(name: str) -> tuple[Path, str] | None:
    """Where JupyterLab finds a prebuilt extension, and its version; a folder early in the path hides later ones."""
    for folder in _extension_folders():
        description = folder / name / "package.json"
        if description.is_file():
            return description.parent, str(json.loads(description.read_text(encoding="utf-8"))["version"])
    return None


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pair(package: str, extension: str, is_compatible: bool, found: tuple[Path, str] | None) -> Finding:
    subject = f"front end of {package}"
    if found is None:
        return Finding("problem", subject, f"the JupyterLab extension {extension} is not there", REMEDY.format(package))
    folder, version = found
    if not is_compatible:
        text = f"the extension in {folder} has version {version}, the package {_installed(package)}"
        return Finding("problem", subject, text, f"One is too old. {REMEDY.format(package)}")
    return Finding("ok", subject, f"{package} {_installed(package)}, {extension} {version}")


def _disabled() -> set[str]:
    """Extensions that `jupyter labextension disable` has switched off."""
    names = set()
    for folder in _configuration_folders():
        page = folder / "labconfig/page_config.json"
        if page.is_file():
            listed = json.loads(page.read_text(encoding="utf-8")).get("disabledExtensions", {})
            names |= {name for name in listed if not isinstance(listed, dict) or listed[name]}
    return names


def widget_front_end() -> Iterator[Finding]:
    """ipywidgets and its manager, anywidget and its extension, and the hook that saves without widget state."""
    manager, anywidget = _first_extension(MANAGER), _first_extension("anywidget")
    # jupyterlab_widgets 3 ships the manager 5, which speaks to ipywidgets 8.
    versions = (_installed("ipywidgets"), _installed("jupyterlab_widgets"), manager and manager[1])
    matching = all((version or "").startswith(f"{major}.") for version, major in zip(versions, (8, 3, 5), strict=True))
    yield _pair("jupyterlab_widgets", MANAGER, matching, manager)
    package = _installed("anywidget") or ""
    same = anywidget is not None and anywidget[1].split(".")[:2] == package.split(".")[:2]
    yield _pair("anywidget", "anywidget", same, anywidget)
    for name in sorted(_disabled() & {MANAGER, "anywidget"}):
        yield Finding("problem", "front end", f"{name} is off", f"Switch it on: jupyter labextension enable {name}")
    if any((folder / "jupyter_server_config.d/vitcourse.json").is_file() for folder in _configuration_folders()):
        yield Finding("ok", "saving", "notebooks are saved without widget state")
    else:
        text = "the Jupyter server does not know the course; a saved notebook may reopen with 'model not found'"
        yield Finding("warning", "saving", text, "Run: vitcourse workspace")
