"""Processes in order, several at a time, stopped and gone on with."""

import os
import signal
import sys
import time

import psutil
import pytest

from fastreid_runs import RunError, run_all, runner
from fastreid_runs.runs import Run


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(runner, "_POLL_SECONDS", 0.02)


def run_of(tmp_path, name, code, needs=None):
    return Run(name, tmp_path / name, [sys.executable, "-c", code], needs=needs)


def waits_for(path):
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\n"


def processes_of(path):
    """Processes whose command names a path."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(str(path) in word for word in process.info["cmdline"] or ()):
            found.append(process)
    return found


def test_what_is_needed_goes_first_and_the_done_is_not_repeated(tmp_path):
    log = tmp_path / "log"
    write = f"open({str(log)!r}, 'a').write"
    first = run_of(tmp_path, "first", f"import time; time.sleep(0.5); {write}('1')")
    second = run_of(tmp_path, "second", f"{write}('2')", first)
    for _ in range(2):
        run_all([second, first], jobs=2)
    assert log.read_text() == "12"
    assert first.done
    assert first.seconds >= 0.4


def test_the_threads_are_those_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    code = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ.get('MKL_NUM_THREADS'))"
    for threads, expected in ((3, "3 3"), (None, f"5 {os.environ.get('MKL_NUM_THREADS')}")):
        run = run_of(tmp_path, f"run_{threads}", code)
        run_all([run], threads=threads)
        assert run.output.read_text() == f"{expected}\n"


def test_a_failure_is_told_and_the_others_go_on(tmp_path):
    failed = tmp_path / "failed"
    failing = run_of(tmp_path, "failing", f"open({str(failed)!r}, 'w'); print('out of luck'); raise SystemExit(3)")
    needing = run_of(tmp_path, "needing", "pass", failing)
    far = run_of(tmp_path, "far", "pass", needing)
    going = run_of(tmp_path, "going", waits_for(failed))
    later = run_of(tmp_path, "later", "pass")
    with pytest.raises(RunError) as told:
        run_all([failing, needing, far, going, later], jobs=2)
    assert "failing ended with status 3; its last lines are\nout of luck\n" in str(told.value)
    assert str(failing.output) in str(told.value)
    assert [run.name for run in (failing, needing, far, going, later) if run.done] == ["going", "later"]
    assert not needing.folder.exists()


def test_after_a_refusal_none_is_begun(tmp_path):
    refused = tmp_path / "refused"
    first = run_of(tmp_path, "first", f"open({str(refused)!r}, 'w'); raise SystemExit(2)")
    going = run_of(tmp_path, "going", waits_for(refused) + "time.sleep(0.5)")
    later = run_of(tmp_path, "later", "pass")
    with pytest.raises(RunError, match="first ended with status 2"):
        run_all([first, going, later], jobs=2)
    assert going.done
    assert not later.folder.exists()


def test_a_failed_run_is_tried_again(tmp_path):
    flag = tmp_path / "flag"
    run = run_of(tmp_path, "run", f"import os, sys; sys.exit(not os.path.exists({str(flag)!r}))")
    with pytest.raises(RunError):
        run_all([run])
    flag.touch()
    run_all([run])
    assert run.done


def test_time_left_is_not_negative(tmp_path, capsys):
    # (0.1 + 0.1 + 0.1) - 0.1 is more than 0.1 + 0.1: what is done, counted in two ways.
    runs = [Run(name, tmp_path / name, [sys.executable, "-c", ""], work=0.1) for name in ("one", "two")]
    run_all(runs)
    capsys.readouterr()
    code = "import time; time.sleep(0.3)"
    run_all([*runs, Run("last", tmp_path / "last", [sys.executable, "-c", code], work=0.1)])
    shown = capsys.readouterr().err
    assert "runs:" in shown
    assert "<-" not in shown


def test_what_one_prints_is_shown_once(tmp_path, capsys):
    run = run_of(tmp_path, "run", "import time; print('Anfang, häuslich'); time.sleep(0.3); print('end')")
    run.folder.mkdir()
    run.output.write_text("of an earlier attempt\n")
    run_all([run], follow=True)
    shown = capsys.readouterr().out
    assert shown.count("Anfang, häuslich") == shown.count("\nend\n") == 1
    assert "earlier" not in shown
    assert run.output.read_text().startswith("of an earlier attempt\nAnfang")


PARENT = """
import sys
from pathlib import Path
from fastreid_runs.runner import run_all
from fastreid_runs.runs import Run

folder = Path(sys.argv[1])
# A run that starts a process of its own, as a training starts its loaders.
inner = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1], sys.argv[2]])"
run_all([Run("run", folder, [sys.executable, "-c", code, inner, str(folder.parent / "started")])])
"""


@pytest.fixture
def parent(tmp_path, start_script):
    """A process that runs a run, once that has started what it starts."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    started = tmp_path / "started"
    process = start_script(script, tmp_path / "run", cwd=tmp_path)
    while not started.exists():
        assert process.poll() is None
        time.sleep(0.05)
    yield process
    process.kill()
    process.wait()
    for left in processes_of(started):
        left.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_runs_end_with_their_parent_and_with_all_that_they_started(parent, tmp_path, number):
    assert len(processes_of(tmp_path / "started")) == 2
    parent.send_signal(number)
    assert parent.wait(timeout=30) not in (0, None)
    assert processes_of(tmp_path / "started") == []
    assert not Run("run", tmp_path / "run", []).done


def test_what_a_killed_parent_left_behind_is_not_run_twice(parent, tmp_path):
    parent.kill()
    parent.wait()
    run = run_of(tmp_path, "run", "pass")
    with pytest.raises(RunError, match="run is still going in .*; wait for it or end it"):
        run_all([run])
    for left in processes_of(tmp_path / "started"):
        left.kill()
        left.wait(30)
    run_all([run])
    assert run.done
