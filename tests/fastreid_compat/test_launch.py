"""Processes of a group train one model, and end without its threads."""

from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="training without CUDA")

# A network whose checkpoints are small and quick to write.
SMALL = ["MODEL.BACKBONE.NAME", "build_mobilenetv2_backbone", "MODEL.BACKBONE.DEPTH", "0.1x"]
SMALL += ["MODEL.BACKBONE.FEAT_DIM", 1280, "SOLVER.MAX_EPOCH", 1]

PROCESSES = """
import atexit, os, sys

import fastreid_compat
import torch
from fastreid.config import get_cfg
from fastreid.engine import DefaultTrainer, launch
from fastreid.utils import comm


def write_threads(path):
    names = (open(f"/proc/self/task/{thread}/comm").read() for thread in os.listdir("/proc/self/task"))
    open(path, "w").writelines(names)


def main(config_file, output, *options):
    if os.path.isdir("/proc/self/task"):
        atexit.register(write_threads, f"{output}/{comm.get_rank()}.txt")
    torch.manual_seed(comm.get_rank())
    cfg = get_cfg()
    cfg.merge_from_file(config_file)
    cfg.merge_from_list(["OUTPUT_DIR", output, "DATALOADER.NUM_WORKERS", "1", *options])
    trainer = DefaultTrainer(cfg)
    trained = [name for name, value in trainer.model.named_parameters() if value.requires_grad]
    before = {name: trainer.model.get_parameter(name).detach().clone() for name in trained}
    results = trainer.train()
    after = {name: trainer.model.get_parameter(name) for name in trained}
    torch.save([before, after, results, comm.get_local_rank(), comm.get_local_size()], f"{output}/{comm.get_rank()}.pt")


if __name__ == "__main__":
    launch(main, 2, dist_url="auto", args=tuple(sys.argv[1:]))
"""


def test_two_processes_train_to_the_same_weights_and_end_without_threads(tmp_path, datasets_root, run_python):
    script, output = tmp_path / "train_net.py", tmp_path / "output"
    script.write_text(PROCESSES)
    output.mkdir()
    config_file = Path(__file__).with_name("baseline_r18.yml")
    variables = {"FASTREID_DATASETS": datasets_root, "OMP_NUM_THREADS": 1}
    finished = run_python(script, config_file, output, *SMALL, **variables)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.count("MODEL.DEVICE is 'cuda:0'") == 1, finished.stderr
    assert "TypedStorage" not in finished.stderr
    assert "broadcast_buffers" not in finished.stderr

    ranks = [torch.load(output / f"{rank}.pt", weights_only=False) for rank in range(2)]
    for rank, (before, after, _, local_rank, local_size) in enumerate(ranks):
        assert (local_rank, local_size) == (rank, 2)
        assert not [name for name in before if torch.equal(before[name], after[name])]
    assert all(torch.equal(ranks[0][1][name], ranks[1][1][name]) for name in ranks[0][1])
    assert "metric" in ranks[0][2]
    assert ranks[1][2] is None

    for rank in range(2 if Path("/proc/self/task").is_dir() else 0):
        threads = (output / f"{rank}.txt").read_text().split()
        assert threads
        assert not [name for name in threads if "gloo" in name]
