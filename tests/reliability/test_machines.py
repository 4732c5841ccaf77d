"""Disks that fill or cannot be written, a small /dev/shm, workers that die: a sentence, and nothing is lost."""

import ctypes
import importlib.util
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

from datasets_ext import UserError
from ifd.data import ParsedDataset, build_train_loader
from ifd.engine import train

_spec = importlib.util.spec_from_file_location("kills", Path(__file__).with_name("kills.py"))
kills = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kills)

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


def mount(*arguments):
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """Makes a small file system of its own at a path."""
    mounted = []

    def make(path, size):
        path.mkdir()
        mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", path)
        mounted.append(path)

    yield make
    for path in mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return kills.Campaign(tmp_path_factory.mktemp("machines"))


def test_a_training_goes_on_after_a_full_disk(campaign, disk):
    sizes = [path.stat().st_size for path in campaign.folder.glob("reference/attention_stream/model_*.pth")]
    output = campaign.folder / "full"
    # Room for the first checkpoint, and not for the second beside it.
    disk(output, int(1.7 * max(sizes)))
    ended = campaign.train(output)
    assert "CheckpointError: checkpoint" in ended, ended
    assert "model_0001.pth cannot be written" in ended
    assert "MB, and the disk has" in ended
    stage1 = output / "attention_stream"
    assert {path.name for path in stage1.glob("model_*")} == {"model_0000.pth"}
    assert (stage1 / "last_checkpoint").read_text() == "model_0000.pth"
    mount("-o", f"remount,size={20 * max(sizes)}", output)
    assert campaign.train(output, resume=True) == "done"
    assert kills.differences(kills.left_by(campaign.folder / "reference"), kills.left_by(output)) == []


def test_a_folder_that_cannot_be_written_is_told(campaign, disk):
    output = campaign.folder / "read_only"
    disk(output, "1M")
    mount("-o", "remount,ro", output)
    ended = campaign.train(output / "run")
    assert "OutputFolderError" in ended or "Read-only file system" in ended, ended


def in_small_memory(function, size):
    """Runs a function in a process whose /dev/shm has a size, and gives how it ended."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            # Mounts of its own (CLONE_NEWNS), of which nobody else sees anything.
            failed = ctypes.CDLL(None).unshare(0x00020000)
            for arguments in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", "/dev/shm"]):
                failed = failed or subprocess.run(["mount", *arguments], check=False, capture_output=True).returncode
            if not failed:
                function()
            code = 77 if failed else 0
        finally:
            os._exit(code)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            if os.WEXITSTATUS(status) == 77:
                pytest.skip("mounting is not allowed here")
            return status
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "still waiting after a minute"


def test_a_small_dev_shm_takes_fewer_workers(tiny_config, tmp_path):
    tiny_config.DATALOADER.NUM_WORKERS = 2
    expected = [next(loader) for loader in [build_train_loader(tiny_config)] for _ in range(3)]
    told = tmp_path / "told"

    def load():
        # Batches of half a megabyte, which two workers may be six of ahead.
        loader = build_train_loader(tiny_config)
        batches = [next(loader) for _ in range(3)]
        assert all(torch.equal(one["images"], other["images"]) for one, other in zip(batches, expected, strict=True))
        told.write_text(str(loader._loader.num_workers))

    assert in_small_memory(load, "1M") == 0
    assert told.read_text() == "0"
    assert in_small_memory(load, "3M") == 0
    assert told.read_text() == "1"


def test_a_worker_that_dies_ends_the_training_with_a_sentence(tiny_config, monkeypatch):
    read = ParsedDataset.read

    def die(self, index, frame=None):
        if torch.utils.data.get_worker_info() is not None:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, index, frame)

    monkeypatch.setattr(ParsedDataset, "read", die)
    tiny_config.DATALOADER.NUM_WORKERS = 1
    tiny_config.IFD.IKT.ENABLED = False
    started = time.monotonic()
    with pytest.raises(UserError, match="a process that loads images was ended from outside"):
        train(tiny_config)
    assert time.monotonic() - started < 60


def test_one_process_and_two_evaluate_alike(finished, pytestconfig, prcc_root, tiny_arguments, tmp_path, start_script):
    """The same checkpoint, in batches of the same size a process."""
    weights = Path(finished[0].OUTPUT_DIR, "model_final.pth")
    found = {}
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        evaluation = start_script(
            "projects/IFD/train_net.py", "--eval-only", "--config-file", "configs/IFD_R50.yml", "--num-gpus", processes,
            "--dist-url", "auto", *tiny_arguments, "TEST.IMS_PER_BATCH", 8 * processes, "MODEL.WEIGHTS", weights,
            "OUTPUT_DIR", folder, cwd=pytestconfig.rootpath, FASTREID_DATASETS=str(prcc_root),
        )  # fmt: skip
        _, errors = evaluation.communicate(timeout=300)
        assert evaluation.returncode == 0, errors[-3000:]
        found[processes] = (folder / "eval" / "results_PRCC.json").read_text()
    assert found[1] == found[2]
