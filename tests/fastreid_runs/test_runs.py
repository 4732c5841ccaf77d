"""What is known of a run, by this process and the next."""

import pytest

from fastreid_runs import RunError
from fastreid_runs.runs import Attempt, Run, log_entries


@pytest.fixture
def run(tmp_path):
    return Run("a run", tmp_path / "run", ["true"], steps=20)


def again(run, **kwargs):
    """What another process finds of a run."""
    return Run(run.name, run.folder, run.command, steps=run.steps, **kwargs)


def test_a_killed_attempt_counts_its_time_and_is_not_done(run):
    run.note(Attempt("a", 5.0))
    run.note(Attempt("a", 7.0))
    found = again(run)
    assert not found.done
    assert found.seconds == 7.0
    found.note(Attempt("b", 2.5, finished=True))
    assert again(run).done
    assert again(run).seconds == 9.5


def test_one_that_repeats_is_done_anew(run):
    run.note(Attempt("a", 5.0, finished=True))
    found = again(run, repeats=True)
    assert not found.done
    found.note(Attempt("b", 1.0, finished=True))
    assert found.done
    assert found.seconds == 6.0


@pytest.mark.parametrize(
    "text", ["", '{"command": ["true"], "att', "[]", '{"command": [], "attempts": [{"seconds": 1}]}']
)
def test_a_broken_record_is_named(run, text):
    run.note(Attempt("a"))
    run.record.write_text(text)
    with pytest.raises(RunError, match=r"run\.json is broken .* a run is done; delete it"):
        again(run)


def test_share_done_follows_the_log(run):
    assert run.share_done() == 0.0
    run.folder.mkdir()
    log = run.folder / "metrics.json"
    log.write_text('{"iteration": 4}\n')
    assert run.share_done() == pytest.approx(5 / 20)
    log.write_text('{"iteration": 4}\n{"iterat')
    assert run.share_done() == pytest.approx(5 / 20)
    log.write_text('{"iteration": 400}\n')
    assert run.share_done() == 1.0
    run.steps = 0
    assert run.share_done() == 0.0


def test_a_long_log_is_read_at_its_end(run, monkeypatch):
    run.folder.mkdir()
    (run.folder / "metrics.json").write_text("".join(f'{{"iteration": {i}}}\n' for i in range(100_000)))
    assert len(list(log_entries(run.folder))) == 100_000
    tail = [entry["iteration"] for entry in log_entries(run.folder, tail=True)]
    assert tail == list(range(100_000 - len(tail), 100_000))
    assert 0 < len(tail) < 10_000


def test_a_line_that_a_kill_cut_is_left_out(run):
    run.folder.mkdir()
    # The process that goes on adds its first line to the half one.
    (run.folder / "metrics.json").write_bytes(
        b'{"iteration": 1}\n{"iteration": 3, "mA{"iteration": 3}\n\xff\n3\n{"lr": 1}\n{"iteration": 5}\n{"iter'
    )
    assert [entry["iteration"] for entry in log_entries(run.folder)] == [1, 5]


def test_results_of_an_evaluation_lie_below_eval(tmp_path):
    assert Run("a run", tmp_path / "run", []).results == tmp_path / "run"
    assert Run("a run", tmp_path / "run", [], evaluates=True).results == tmp_path / "run" / "eval"
