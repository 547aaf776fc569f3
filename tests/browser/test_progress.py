"""An exercise that is checked in a browser: the answer is shown, and put on record where the server was told to."""

from __future__ import annotations

import json

CELLS = [
    """
from vitcourse.exercises import check, progress


def patchify(images, patch_size):
    return images


check(patchify)
""",
    "progress()",
]


def tries(lab) -> int:
    file = lab.home / "state" / "progress.json"
    return json.loads(file.read_text())["exercises"].get("patchify", {}).get("tries", 0) if file.exists() else 0


def test_the_users_own_progress_is_left_alone(lab, opened):
    lab.write("progress.ipynb", CELLS)
    before = tries(lab)  # other tests check exercises on this server, too
    notebook = opened("progress.ipynb")
    notebook.run_all()
    notebook.page.get_by_role("status", name="patchify: not yet").wait_for()
    assert tries(lab) == before + 1
    row = notebook.page.get_by_role("row").filter(has_text="patchify").filter(has_not_text="unpatchify")
    assert ("tried" if before == 0 else f"{before + 1} tries") in row.first.inner_text()
    assert notebook.errors() == []
