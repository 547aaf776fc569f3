"""Tables keep what is done, know what is missing, and know when the code has changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vitcourse.experiments import experiment
from vitcourse.experiments import spec as spec_module
from vitcourse.experiments.confirm import cheapest, differences
from vitcourse.experiments.spec import NAMES, Experiment, syntax
from vitcourse.experiments.tables import Table, note_run, read_table, rows_of

CONFIGS = [dict(size=size, lr=lr, seed=0) for size in (1, 2) for lr in (1e-3, 0.1)]


@pytest.fixture
def made(tmp_path):
    """An experiment whose figures do not matter; it depends on one file of the package."""
    one = Experiment("tokens", ("P6",), lambda quick: CONFIGS, lambda **config: [], ("errors.py",))
    return Table(one, tmp_path)


def test_what_is_there_is_not_missing_and_survives_the_process(made):
    assert made.missing(CONFIGS) == CONFIGS
    made.put(CONFIGS[1], [dict(accuracy=0.5), dict(accuracy=0.25)], seconds=3, run="1")
    again = Table(made.of, made.directory)
    assert again.missing(CONFIGS) == [CONFIGS[0], CONFIGS[2], CONFIGS[3]]
    assert [row["accuracy"] for row in again.rows_for(CONFIGS[1])] == ["0.5", "0.25"]


def test_a_second_measurement_replaces_the_first(made):
    made.put(CONFIGS[0], [dict(accuracy=0.5)], seconds=3, run="1")
    made.put(CONFIGS[2], [dict(accuracy=0.6)], seconds=3, run="1")
    made.put(CONFIGS[0], [dict(accuracy=0.7, loss=1.0)], seconds=3, run="2")
    rows = rows_of(made.path)
    assert [(row["size"], row["accuracy"], row["loss"]) for row in rows] == [("2", "0.6", ""), ("1", "0.7", "1")]
    assert list(rows[0])[-3:] == ["seconds", "run", "code"]


def test_rows_by_other_code_are_missing_until_stamped(made):
    made.put(CONFIGS[0], [dict(accuracy=0.5)], seconds=3, run="1")
    changed = Table(replace(made.of, sources=("errors.py", "files.py")), made.directory)
    assert changed.missing(CONFIGS) == CONFIGS
    changed.stamp()
    assert Table(changed.of, made.directory).missing(CONFIGS) == CONFIGS[1:]


def test_the_fingerprint_sees_code_and_not_words(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/tokens.py").write_text("x = 1")
    monkeypatch.setattr(spec_module, "PACKAGE", tmp_path)
    one = Experiment("tokens", (), lambda quick: [], lambda: [], ("a.py",))
    codes = []
    for text in (
        '"""Doc."""\ndef f():\n    """Says."""\n    return 1',
        "# why\ndef f():\n    '''Other.'''\n    return 1",
    ):
        (tmp_path / "a.py").write_text(text.replace("# why", '"""Else."""'))
        codes.append(one.code)
    (tmp_path / "a.py").write_text('"""Doc."""\ndef f():\n    """Says."""\n    return 2')
    assert codes[0] == codes[1] != one.code


def test_a_machine_is_noted_once(tmp_path):
    assert note_run(tmp_path, threads=1) == note_run(tmp_path, threads=1) == "1"
    assert note_run(tmp_path, threads=2) == "2"
    assert {"date", "processor", "cores", "torch", "threads"} <= set(rows_of(tmp_path / "runs.csv")[0])


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_is_whole(name):
    one = experiment(name)
    assert one.name == name
    assert one.claims
    for source in one.sources:
        assert syntax(spec_module.PACKAGE / source)
    configs = list(one.configs(True))
    assert all(list(config) == list(configs[0]) for config in configs)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="name='nothing' is no experiment; there are tokens"):
        read_table("nothing")


def test_confirming_finds_the_cheapest_point_and_what_differs(made):
    assert cheapest(made, CONFIGS) is None
    for config, seconds in zip(CONFIGS, (3, 1, 2, 5), strict=True):
        made.put(config, [dict(accuracy=0.5, milliseconds=7.0)], seconds=seconds, run="1")
    assert cheapest(made, CONFIGS) == CONFIGS[1]
    rows = made.rows_for(CONFIGS[1])
    assert differences(rows, [dict(accuracy=0.50001, milliseconds=9.0)]) == []
    assert differences(rows, [dict(accuracy=0.6, milliseconds=7.0)]) == ["accuracy: 0.6, the table has 0.5"]
    assert differences(rows, []) == ["0 rows, the table has 1"]
