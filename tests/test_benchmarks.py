"""What the benchmarks share: medians with intervals, turns, the tables and where they go. No time is tested here."""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tools")]
import libraries  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402
import run_benchmarks  # noqa: E402
import time_to_accuracy  # noqa: E402
import write_benchmarks  # noqa: E402
from write_benchmarks import write_tables  # noqa: E402

TINY = libraries.Config(size=8, patch=4, channels=1, dim=16, depth=1, heads=2, mlp_ratio=2.0, classes=4, batch=2)


def test_the_interval_of_the_median_is_that_of_the_order_statistics():
    # Tables of the sign test: of 10 values the 2nd and the 9th, of 20 the 6th and the 15th.
    assert rounds.median_of(range(1, 11)) == (5.5, 2, 9)
    assert rounds.median_of(range(1, 21)) == (10.5, 6, 15)
    assert rounds.median_of([3.0, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert rounds.median_of([4.0]) == (4.0, 4.0, 4.0)


@pytest.mark.parametrize("count", [6, 9, 20])
def test_it_holds_the_true_median_in_95_of_100_cases(count):
    draw = random.Random(0)
    held = 0
    for _ in range(2000):
        found = rounds.median_of([draw.expovariate(1.0) for _ in range(count)])
        held += found.low <= math.log(2) <= found.high
    assert held / 2000 > 0.94


def test_a_ratio_is_taken_round_by_round():
    slow_minute = [1.0, 10.0, 1.0]
    assert rounds.ratio_of([2 * value for value in slow_minute], slow_minute) == (2.0, 2.0, 2.0)
    with pytest.raises(ValueError, match="shorter"):
        rounds.ratio_of([1.0, 2.0], [1.0])


def test_in_a_round_each_runs_once_and_the_order_changes():
    ran: list[str] = []
    tasks = {name: lambda name=name: ran.append(name) or float(len(ran)) for name in "abc"}
    times = rounds.in_turn(tasks, rounds=6, warm_up=2)
    turns = [ran[i : i + 3] for i in range(0, len(ran), 3)]
    assert len(turns) == 8
    assert all(sorted(turn) == list("abc") for turn in turns)
    assert len({tuple(turn) for turn in turns}) > 1
    assert {name: len(values) for name, values in times.items()} == dict(a=6, b=6, c=6)
    assert min(value for values in times.values() for value in values) > 6  # what warms up does not count


def test_a_report_is_printed_and_kept_with_its_machine(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(report.FOLDER, str(tmp_path))
    report.write("made_up", ["what", "ms"], [["a", 1], ["bb", "22"]], dict(times=[1.0, math.inf]), note="A note.")
    printed = capsys.readouterr().out.splitlines()
    assert printed[1:] == ["| what | ms |", "| ---- | -- |", "| a    | 1  |", "| bb   | 22 |", "A note."]
    kept = json.loads((tmp_path / "made_up.json").read_text())
    assert kept["rows"] == [["a", 1], ["bb", "22"]]
    assert kept["data"] == {"times": [1.0, None]}
    assert {"date", "processor", "cores", "threads", "versions"} <= set(kept["machine"])
    assert kept["machine"]["versions"]["torch"] == torch.__version__.partition("+")[0]


def test_a_quick_run_does_not_overwrite_a_real_one(tmp_path, monkeypatch):
    monkeypatch.setenv(report.FOLDER, str(tmp_path))
    real = report.write("made_up", ["ms"], [[1]])
    quick = report.write("made_up", ["ms"], [[2]], quick=True)
    assert json.loads(real.read_text())["rows"] == [[1]]
    assert quick.parent == tmp_path / "quick"


def test_tables_go_between_their_markers_and_nothing_else_changes(tmp_path, monkeypatch):
    monkeypatch.setenv(report.FOLDER, str(tmp_path))
    report.write("map_toll", ["model", "ratio"], [["S/16", "1.02"]], note="By hand.")
    page = tmp_path / "benchmarks.md"
    before = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    page.write_text(before, encoding="utf-8")
    assert write_tables(tmp_path, page) == ["map_toll"]
    after = page.read_text(encoding="utf-8")
    start, end = "<!-- map_toll -->", "<!-- /map_toll -->"
    inside = after[after.index(start) : after.index(end)]
    assert "| model | ratio |\n| --- | --- |\n| S/16 | 1.02 |\n\nBy hand." in inside
    assert after.partition(start)[0] == before.partition(start)[0]
    assert after.partition(end)[2] == before.partition(end)[2]


def test_the_page_has_a_place_for_every_table():
    text = (ROOT / "docs/benchmarks.md").read_text(encoding="utf-8")
    for name in write_benchmarks.NAMES:
        assert text.count(f"<!-- {name} -->") == text.count(f"<!-- /{name} -->") == 1, name


def test_make_bench_runs_every_file_that_is_a_benchmark():
    runnable = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert set(run_benchmarks.commands([], quick=False)) == runnable
    assert set(run_benchmarks.commands([], quick=True)) == runnable - set(run_benchmarks.IN_A_BROWSER)
    assert list(run_benchmarks.commands(["start"], quick=True)) == ["start"]
    with pytest.raises(SystemExit, match="no benchmark nonsense; there are: training_step"):
        run_benchmarks.commands(["nonsense"], quick=False)


def test_what_is_installed_is_not_installed_again(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\n[project.optional-dependencies]\nbench = ["torch>=1", "torch>=999", "no-such-package>=1"]\n'
    )
    assert run_benchmarks.missing_libraries(tmp_path) == ["torch>=999", "no-such-package>=1"]


def test_a_mark_counts_where_the_run_ends_above_it():
    looks = [(1.0, 0.5), (2.0, 0.981), (3.0, 0.979), (4.0, 0.985)]
    assert time_to_accuracy.time_to(0.98, looks) == 2.0
    assert time_to_accuracy.time_to(0.99, looks) == math.inf
    assert time_to_accuracy.time_to(0.98, looks[:3]) == math.inf


def test_a_summary_says_how_many_runs_reached_a_mark():
    runs = [[(1.0, 0.97), (2.0, 0.983)], [(1.5, 0.981), (2.1, 0.982)], [(1.0, 0.97), (2.2, 0.975)]]
    assert time_to_accuracy.summary(runs) == [
        "98.20 % (97.50 to 98.30)",
        "2.1 s",
        "2.0 s (1.5 to 2.0); 2 of 3 runs",
        "more than 2.1 s",
    ]
    assert time_to_accuracy.summary(runs[:1]) == ["98.30 %", "2.0 s", "2.0 s", "more than 2.0 s"]


@pytest.mark.parametrize("library", [libraries.OURS, *libraries.LIBRARIES])
def test_all_libraries_build_the_same_model(library):
    from vitcourse.cost import count_flops, count_parameters

    pytest.importorskip(library.replace("-", "_"))
    model, (images, _) = libraries.build(library, TINY), TINY.batch_of_noise()
    ours = libraries.build(libraries.OURS, TINY)
    assert libraries.logits(model(images)).shape == (2, 4)
    assert count_flops(model, images) == count_flops(ours, images)
    other = count_parameters(ours)
    if library == "vit-pytorch":  # two norms at the patches more, of 16 and of 16 numbers; no bias of 48 in the block
        other += 2 * 16 + 2 * 16 - 48
    assert count_parameters(model) == other


@pytest.mark.parametrize("library", [libraries.OURS, *libraries.LIBRARIES])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_step_changes_the_weights_and_a_forward_pass_does_not(library, precision):
    pytest.importorskip(library.replace("-", "_"))
    model, (images, labels) = libraries.build(library, TINY), TINY.batch_of_noise()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    libraries.forward(model, images, precision)()
    assert not model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    step = libraries.step(library, model, images, labels, precision)
    step(), step()
    assert model.training
    assert not all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
