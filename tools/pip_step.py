"""One run of pip inside `.venv`: its output goes to the terminal, its failure becomes one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


class Missing(Exception):
    """What the machine lacks, in one line that says what to do."""


# The first that occurs in pip's messages is the reason.
REASONS = {
    "No space left on device": "the disk is full; free some space and repeat the command",
    "Read-only file system": "the folder is read-only; move the course to a folder of your own",
    "Permission denied": "pip may not write there; move the course to a folder of your own",
    "name resolution": "the package index cannot be reached; check the network and repeat the command",
    "NewConnectionError": "the package index cannot be reached; check the network and repeat the command",
    "ConnectTimeout": "the package index cannot be reached; check the network and repeat the command",
    "Read timed out": "the package index answers too slowly; repeat the command",
    "CERTIFICATE_VERIFY_FAILED": "the package index's certificate is not trusted here; ask whoever runs this network",
    "No matching distribution found": "a pinned package has no build for this Python or machine; Python 3.12 has all",
}


def reason_for(messages: str) -> str:
    for sign, meaning in REASONS.items():
        if sign in messages:
            return meaning
    return "pip failed; its last lines above say why"


def run_pip(root: Path, *arguments: str) -> None:
    """Run `pip install` with ``arguments`` in ``root/.venv``; raise ``Missing`` if it fails.

    Wheels wait in a folder inside `.venv` instead of the system's temporary one, which may be a small part of memory.
    """
    waiting_room = root / ".venv/.tmp"
    shutil.rmtree(waiting_room, ignore_errors=True)
    waiting_room.mkdir(parents=True)
    command = [
        str(root / ".venv/bin/python"), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *arguments,
    ]  # fmt: skip
    try:
        with subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env=os.environ | {"TMPDIR": str(waiting_room)},
        ) as pip:  # fmt: skip
            messages = []
            assert pip.stderr is not None
            for line in pip.stderr:
                sys.stderr.write(line)
                messages.append(line)
    finally:
        shutil.rmtree(waiting_room, ignore_errors=True)
    if pip.returncode:
        raise Missing(reason_for("".join(messages)))
