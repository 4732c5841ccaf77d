"""Processes of a study: in order, several at a time, stopped and gone on with."""

import subprocess
import sys
import time

import pytest

from ifd.study import VARIANTS, StudyError, run_all, runner
from ifd.study.runs import Run


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(runner, "_POLL_SECONDS", 0.02)


def run_of(tmp_path, name, code, needs=None):
    return Run(VARIANTS["ifd"], 0, tmp_path / name, [sys.executable, "-c", code], 1, needs)


def test_what_is_needed_goes_first_and_the_done_is_not_repeated(tmp_path):
    log = tmp_path / "log"
    write = "open({path!r}, 'a').write({word!r})"
    first = run_of(tmp_path, "first", "import time; time.sleep(0.5); " + write.format(path=str(log), word="1"))
    second = run_of(tmp_path, "second", write.format(path=str(log), word="2"), first)
    for _ in range(2):
        run_all([second, first], jobs=2, threads=1, steps_per_epoch=1)
    assert log.read_text() == "12"
    assert first.done
    assert first.seconds >= 0.4


def test_the_threads_are_those_asked_for(tmp_path):
    run = run_of(tmp_path, "run", "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['MKL_NUM_THREADS'])")
    run_all([run], jobs=1, threads=3, steps_per_epoch=1)
    assert (run.folder / "output.txt").read_text() == "3 3\n"


def test_a_failure_stops_the_others_and_says_where_to_look(tmp_path):
    started = tmp_path / "started"
    sleeper = run_of(tmp_path, "sleeper", f"open({str(started)!r}, 'w').close(); import time; time.sleep(600)")
    failing = run_of(
        tmp_path,
        "failing",
        f"import os, sys\nwhile not os.path.exists({str(started)!r}): pass\nprint('out of luck'); sys.exit(3)",
    )
    with pytest.raises(StudyError, match=r"status 3(.|\n)*out of luck(.|\n)*output\.txt"):
        run_all([sleeper, failing], jobs=2, threads=1, steps_per_epoch=1)
    assert not sleeper.done
    assert not failing.done
    pattern = f"open.*{started}"
    assert subprocess.run(["pgrep", "-f", pattern], capture_output=True, check=False).stdout == b""


def test_a_failed_run_is_tried_again(tmp_path):
    flag = tmp_path / "flag"
    run = run_of(tmp_path, "run", f"import os, sys; sys.exit(not os.path.exists({str(flag)!r}))")
    with pytest.raises(StudyError):
        run_all([run], jobs=1, threads=1, steps_per_epoch=1)
    flag.touch()
    run_all([run], jobs=1, threads=1, steps_per_epoch=1)
    assert run.done


ORPHAN = """
import sys
from pathlib import Path
from ifd.study import VARIANTS, run_all
from ifd.study.runs import Run

folder = Path(sys.argv[1])
code = "import pathlib, time; pathlib.Path('{}').touch(); time.sleep(600)".format(folder.parent / "started")
run_all([Run(VARIANTS["ifd"], 0, folder, [sys.executable, "-c", code], 1)], jobs=1, threads=1, steps_per_epoch=1)
"""


def test_what_a_killed_study_left_behind_is_not_run_twice(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(ORPHAN)
    killed = subprocess.Popen([sys.executable, script, tmp_path / "run"])
    started = tmp_path / "started"
    while not started.exists():
        assert killed.poll() is None
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    run = run_of(tmp_path, "run", "pass")
    try:
        with pytest.raises(StudyError, match="still being trained in .*; wait for it or end it"):
            run_all([run], jobs=1, threads=1, steps_per_epoch=1)
    finally:
        subprocess.run(["pkill", "-f", str(started)], check=True)
    deadline = time.monotonic() + 60
    while not run.done and time.monotonic() < deadline:
        try:
            run_all([run], jobs=1, threads=1, steps_per_epoch=1)
        except StudyError:
            time.sleep(0.05)
    assert run.done
