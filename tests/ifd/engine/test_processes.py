"""Two processes on the CPU: training through DDP, features gathered without loss, duplicates or disorder."""

import json
import os
import subprocess
import sys

import pytest
import torch

GATHER = """
import json, sys
import ifd
import torch
from fastreid.config import get_cfg
from fastreid.data.samplers import InferenceSampler
from fastreid.engine import launch
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from ifd.evaluation import ClothesEvaluator

NUM = 23  # odd, so that the processes have shares of different sizes


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return NUM

    def __getitem__(self, i):
        random = torch.Generator().manual_seed(i)
        return {"images": torch.randn(5, generator=random), "targets": i % 4, "camids": i % 3, "clothes": i % 4 * 2 + i
        % 2}


class Same(torch.nn.Module):
    def forward(self, batch):
        return batch["images"]


def main(output):
    cfg = get_cfg()
    ifd.add_ifd_config(cfg)
    loader = torch.utils.data.DataLoader(Data(), batch_size=3, sampler=InferenceSampler(NUM))
    results = inference_on_dataset(Same(), loader, ClothesEvaluator(cfg, 9))
    assert bool(results) == comm.is_main_process()
    if comm.is_main_process():
        with open(output, "w") as file:
            json.dump(results, file)


if __name__ == "__main__":
    launch(main, int(sys.argv[1]), dist_url="auto", args=(sys.argv[2],))
"""


def run(*arguments, cwd, **environment):
    command = [sys.executable, *(str(argument) for argument in arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def test_features_are_gathered_whole_and_in_order(tmp_path):
    (tmp_path / "gather.py").write_text(GATHER)
    for processes in (1, 2):
        run("gather.py", processes, f"{processes}.json", cwd=tmp_path)
    one, two = (json.loads((tmp_path / f"{processes}.json").read_text()) for processes in (1, 2))
    assert one["general/queries"] == 9
    assert two == one


@pytest.mark.slow
def test_two_processes_train_one_model(pytestconfig, prcc_root, tmp_path, tiny_arguments):
    train_net = ("projects/IFD/train_net.py", "--config-file", "configs/IFD_R50.yml")
    two = tmp_path / "two"
    options = [*tiny_arguments, "SOLVER.MAX_EPOCH", 1, "OUTPUT_DIR", two]
    where = {"cwd": pytestconfig.rootpath, "FASTREID_DATASETS": str(prcc_root)}
    run(*train_net, "--num-gpus", 2, "--dist-url", "auto", *options, **where)
    run(*train_net, "--eval-only", *options, **where)
    assert torch.load(two / "model_final.pth")["epoch"] == 0
    trained, evaluated = (json.loads((folder / "results_PRCC.json").read_text()) for folder in (two, two / "eval"))
    # Batches are cut differently, which may swap neighbours of a barely trained model. Were the second process to
    # evaluate with BN statistics of its own, rank-1 would differ by tens of points.
    assert trained["general/mAP"] == pytest.approx(evaluated["general/mAP"], abs=3)
    assert trained["general/queries"] == evaluated["general/queries"]
