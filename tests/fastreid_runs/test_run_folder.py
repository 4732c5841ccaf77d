"""A folder belongs to one run, and to one process at a time."""

import os
import signal
import time
from pathlib import Path

import pytest

from fastreid_runs import OutputFolderError
from fastreid_runs.run_folder import LOCK, leave, occupied, occupy, refuse_overwriting

STAGES = ["attention_stream"]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


@pytest.fixture
def other():
    """Runs a function in another process, which then waits to be killed; gives its pid."""
    processes = []

    def start(function):
        ready, told = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                function()
                os.write(told, b"1")
                time.sleep(60)
            finally:
                os._exit(0)
        processes.append(process)
        os.close(told)
        assert os.read(ready, 1) == b"1"
        os.close(ready)
        return process

    yield start
    for process in processes:
        kill(process)


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


def test_a_second_process_is_refused_and_told_who_is_there(tmp_path, other):
    folder = str(tmp_path / "run")
    process = other(lambda: occupy(folder))
    with pytest.raises(OutputFolderError, match=rf"run is in use by process {process} on .*another OUTPUT_DIR"):
        occupy(folder)
    with pytest.raises(OutputFolderError, match="in use"), occupied(os.path.join(folder, "..", "run")):
        pytest.fail("two at a time")
    kill(process)
    with occupied(folder):
        assert Path(folder, LOCK).read_text().startswith(f"process {os.getpid()} on ")


def test_workers_of_a_killed_training_do_not_keep_its_folder(tmp_path, other):
    folder = str(tmp_path)
    pids = tmp_path / "worker"

    def train_with_a_worker():
        occupy(folder)
        worker = os.fork()
        if worker == 0:
            time.sleep(60)
            os._exit(0)
        pids.write_text(str(worker))

    process = other(train_with_a_worker)
    kill(process)
    worker = int(pids.read_text())
    try:
        with occupied(folder):
            os.kill(worker, 0)  # it is still there
    finally:
        os.kill(worker, signal.SIGKILL)


def test_a_process_may_ask_again(tmp_path, other):
    folder = str(tmp_path)
    occupy(folder)
    with occupied(folder):
        occupy(folder)
    # What was kept before stays kept.
    tried = tmp_path / "tried"

    def try_it():
        try:
            leave(folder)  # what a fork believes to keep
            occupy(folder)
        except OutputFolderError:
            tried.write_text("refused")

    other(try_it)
    assert tried.read_text() == "refused"
    leave(folder)
    leave(folder)
    assert other(lambda: occupy(folder))


def test_without_a_folder_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with occupied(""):
        assert os.listdir(tmp_path) == []


def test_what_dead_runs_left_half_written_is_cleared(tmp_path):
    stage = tmp_path / "attention_stream"
    stage.mkdir()
    gone = [tmp_path / "model_0001.pth.part", stage / "model_final.pth.part", stage / "last_checkpoint.part"]
    gone += [tmp_path / f".{'0a' * 16}.part", stage / f".{'0b' * 16}.part"]
    stays = [
        tmp_path / "model_0000.pth",
        tmp_path / "notes.part",
        stage / "model_best.pth",
        tmp_path / "video.mp4.part",
    ]
    for path in (*gone, *stays):
        path.write_bytes(b"")
    with occupied(str(tmp_path), STAGES):
        assert [path for path in gone if path.exists()] == []
        assert all(path.exists() for path in stays)


@pytest.mark.parametrize(
    "name",
    [
        "model_0000.pth",
        "model_final.pth",
        "results_PRCC.json",
        "attention_stream/model_0003.pth",
        "attention_stream/results_PRCC.json",
    ],
)
def test_a_folder_holds_a_run_from_its_first_checkpoint_on(tmp_path, name):
    (tmp_path / "attention_stream").mkdir()
    for left in ("log.txt", "config.yaml", "metrics.json", "attention_stream/metrics.json", LOCK, "run.json"):
        (tmp_path / left).write_text("left by a start that failed")
    refuse_overwriting(str(tmp_path), STAGES)
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(OutputFolderError, match=rf"holds a run already \({name}\).*--resume.*OUTPUT_DIR"):
        refuse_overwriting(str(tmp_path), STAGES)


def test_many_files_are_not_all_told(tmp_path):
    for epoch in range(5):
        (tmp_path / f"model_{epoch:04d}.pth").write_bytes(b"")
    with pytest.raises(OutputFolderError, match=r"model_0002.pth and 2 more\)"):
        refuse_overwriting(str(tmp_path), STAGES)
