"""Progress is kept whole, and never a reason to fail."""

from __future__ import annotations

import json

import pytest
from answers import answer

from vitcourse.exercises import check, progress, store

RIGHT = answer(
    """
    def patchify(images, patch_size):
        return rearrange(images, "b c (h p) (w q) -> b (h w) (c p q)", p=patch_size, q=patch_size)
    """
)
WRONG = answer("def patchify(images, patch_size):\n    return images")


def test_tries_and_success_are_on_record():
    check(WRONG)
    check(WRONG)
    check(RIGHT)
    check(WRONG)  # what was solved once stays solved
    assert store.records() == {"patchify": {"tries": 4, "passed": True}}
    assert progress().done == 1
    assert "done" in repr(progress())
    assert "4 tries" in progress()._repr_html_()


def test_nothing_to_judge_leaves_no_record():
    check(lambda x: x)
    check(answer("def patchify(images, patch_size):\n    raise NotImplementedError"))
    assert store.records() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exercises": 3}', '{"exercises": {"patchify": 7}}', "\x00"])
def test_a_damaged_file_is_ignored_with_a_line(text, capsys):
    store._said.clear()
    store.path().parent.mkdir(parents=True)
    store.path().write_text(text)
    assert check(RIGHT).passed
    assert "it is ignored" in capsys.readouterr().out
    assert json.loads(store.path().read_text())["exercises"]["patchify"]["passed"] is True


def test_a_place_that_cannot_be_written_is_no_reason_to_fail(monkeypatch, tmp_path, capsys):
    store._said.clear()
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VITCOURSE_STATE", str(tmp_path / "file"))
    assert check(RIGHT).passed
    assert check(RIGHT).passed
    assert capsys.readouterr().out.count("progress: ") <= 2  # said once each, not at every check


def test_an_interrupt_leaves_the_old_record(monkeypatch):
    check(RIGHT)
    before = store.path().read_text()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        check(WRONG)
    assert store.path().read_text() == before
    assert [p.name for p in store.path().parent.iterdir()] == ["progress.json"]
