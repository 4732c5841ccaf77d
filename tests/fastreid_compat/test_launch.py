"""Processes of a group end without its threads."""

from pathlib import Path

import pytest

PROCESSES = """
import atexit, os, sys

import fastreid_compat
import torch
from fastreid.engine import launch
from fastreid.utils import comm
from torch.nn.parallel import DistributedDataParallel


def write_threads(path):
    names = (open(f"/proc/self/task/{thread}/comm").read() for thread in os.listdir("/proc/self/task"))
    open(path, "w").writelines(names)


def main(output):
    atexit.register(write_threads, f"{output}/{comm.get_rank()}.txt")
    model = DistributedDataParallel(torch.nn.Linear(2, 1))
    model(torch.ones(1, 2)).sum().backward()
    assert len(comm.gather(model.module.weight.grad)) == (2 if comm.is_main_process() else 0)


if __name__ == "__main__":
    launch(main, 2, dist_url="auto", args=tuple(sys.argv[1:]))
"""


def test_no_thread_of_a_group_outlives_it(tmp_path, run_python):
    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc")
    (tmp_path / "processes.py").write_text(PROCESSES)
    finished = run_python(tmp_path / "processes.py", tmp_path, OMP_NUM_THREADS=1)
    assert finished.returncode == 0, finished.stderr
    for rank in range(2):
        threads = (tmp_path / f"{rank}.txt").read_text().split()
        assert threads
        assert not [name for name in threads if "gloo" in name]
