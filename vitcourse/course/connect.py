"""Two small files in the environment that make Jupyter know the course, however its server is started there.

One loads `vitcourse.course.server`, which saves notebooks without widget state. The other answers for the learner
that JupyterLab fetches no news: it would ask at its first start.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from vitcourse.files import write_whole

FILES = {
    "etc/jupyter/jupyter_server_config.d/vitcourse.json": {
        "ServerApp": {"jpserver_extensions": {"vitcourse.course.server": True}}
    },
    "etc/jupyter/labconfig/default_setting_overrides.d/vitcourse.json": {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
    },
}


def connect_jupyter(prefix: Path | None = None) -> list[Path]:
    """Write the files that are missing or differ below ``prefix`` (default: this environment); return those.

    Raises:
        OSError: the environment is read-only.
    """
    written = []
    for name, content in FILES.items():
        path = (prefix or Path(sys.prefix)) / name
        text = json.dumps(content, indent=2) + "\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, text)
            written.append(path)
    return written
