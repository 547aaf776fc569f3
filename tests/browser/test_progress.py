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


def test_the_users_own_progress_is_left_alone(lab, opened):
    lab.write("progress.ipynb", CELLS)
    notebook = opened("progress.ipynb")
    notebook.run_all()
    notebook.page.get_by_role("status", name="patchify: not yet").wait_for()
    records = json.loads((lab.home / "state" / "progress.json").read_text())["exercises"]
    assert records["patchify"] == {"tries": 1}
    row = notebook.page.get_by_role("row").filter(has_text="patchify").filter(has_not_text="unpatchify")
    assert "tried" in row.first.inner_text()
    assert notebook.errors() == []
