"""The command on made-up benchmarks, and what is committed of the real ones."""

import importlib
import json
import sys
from dataclasses import replace

import pytest

from benchmarks import __main__ as command
from benchmarks.report import COMMITTED, as_json, fallen_behind, read, table
from benchmarks.rows import Row

ROW = Row("8 things", "ours / the host's", 0.9, 1.0, 0.002, 0.003, goal=0.8)
MADE_UP = {
    "fast": "def measure(quick):\n    return [Row('small' if quick else 'large', 'a / b', RATIO, 1.0, 0.1, 0.1)]\n",
    "absent": "def measure(quick):\n    raise MissingError('no body model here')\n",
    "without": "import a_package_that_nobody_has\n",
    "broken": "def measure(quick):\n    return 1 / 0\n",
}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    package = tmp_path / "made_up_benchmarks"
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    committed = tmp_path / "committed.json"

    def run(*arguments, ratio=1.0):
        for name in [name for name in sys.modules if name.startswith("made_up_benchmarks")]:
            del sys.modules[name]
        for name, code in MADE_UP.items():
            text = f"from benchmarks.rows import MissingError, Row\nRATIO = {ratio!r}\n{code}"
            (package / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        code = command.main([*arguments, "--committed", str(committed)], "made_up_benchmarks")
        return code, *capsys.readouterr()

    run.committed = committed
    return run


def test_a_run_prints_a_table_and_writes_machine_and_versions(run, tmp_path):
    code, out, _ = run("fast", "--json", str(tmp_path / "rows.json"), ratio=1.23456)
    assert code == 0
    assert "large" in out
    assert "1.235" in out
    content = json.loads((tmp_path / "rows.json").read_text())
    assert content["rows"]["fast"][0]["ratio"] == 1.235
    assert content["machine"]["fast"]["torch"]
    assert content["machine"]["fast"]["processor"]
    assert not run.committed.exists()


def test_what_falls_behind_by_more_than_the_margin_is_told(run):
    run("fast", "--save", ratio=1.0)
    assert "fell behind" not in run("fast", ratio=1.09)[1]
    code, out, _ = run("fast", ratio=1.2)
    assert code == 0
    assert "fell behind the committed results by more than 10 %:\n  fast, large: a / b: 1.200, was 1.000" in out
    assert "fell behind" not in run("fast", "--margin", "0.5", ratio=1.2)[1]
    # Small sizes have rows of their own.
    assert "fell behind" not in run("fast", "--quick", ratio=9.0)[1]


def test_what_cannot_run_here_is_left_out_and_a_fault_spares_the_others(run):
    code, out, err = run("absent", "without", "broken", "fast")
    assert code == 1
    assert "absent: left out, no body model here" in err
    assert "without: left out, No module named 'a_package_that_nobody_has'" in err
    assert "ZeroDivisionError" in err
    assert "large" in out
    assert run("absent", "fast")[0] == 0


def test_an_unknown_name_is_refused(run, capsys):
    with pytest.raises(SystemExit):
        run("fats")
    assert "there is no benchmark 'fats'; expected some of evaluation" in capsys.readouterr().err


def test_saving_keeps_what_was_not_measured():
    kept = as_json({"one": [ROW], "two": [ROW]})
    later = as_json({"two": [replace(ROW, ratio=0.5)]}, kept)
    assert [row["ratio"] for name in ("one", "two") for row in later["rows"][name]] == [0.9, 0.5]
    assert set(later["machine"]) == {"one", "two"}


def test_a_row_that_is_new_has_nothing_to_fall_behind(tmp_path):
    assert fallen_behind({"one": [ROW]}, read(tmp_path / "none.json"), 0.1) == []
    assert fallen_behind({"one": [replace(ROW, ratio=9.0)]}, as_json({"two": [ROW]}), 0.1) == []


def test_a_table_has_goals_beside_ratios():
    line = table({"one": [ROW]}).splitlines()[-1]
    assert line.split()[-5:] == ["0.900", "0.80", "1.000", "2.00", "ms"]


def test_every_benchmark_is_there_and_no_row_is_of_another():
    committed = read(COMMITTED)
    assert set(committed["rows"]) <= set(command.BENCHMARKS)
    assert set(committed["machine"]) == set(committed["rows"])
    for name in command.BENCHMARKS:
        assert callable(importlib.import_module(f"benchmarks.{name}").measure)
