"""Two processes on the CPU: one end, training through DDP, features gathered without loss, duplicates or disorder."""

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
import torch

from fastreid_runs.processes import LaunchError, check_processes, is_lost_peer, launch
from ifd.engine import argument_parser
from ifd.evaluation import EvaluationResult

TOGETHER = """
import json
import logging
import time
import ifd
import torch
from fastreid.config import get_cfg
from fastreid.data.samplers import InferenceSampler
from fastreid.engine import launch
from fastreid.evaluation import inference_on_dataset
from fastreid.utils import comm
from fastreid.engine.train_loop import SimpleTrainer
from fastreid_runs.steps import Steps
from fastreid_runs.stragglers import StragglerReport
from ifd.evaluation import ClothesEvaluator
from torch.nn.parallel import DistributedDataParallel

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


class Learner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))

    def forward(self, batch):
        return {"loss": torch.nn.functional.cross_entropy(self.layers(batch["images"]), batch["targets"])}


def shares():
    # Of batches of 16, what this process has; the second one's come late.
    random = torch.Generator().manual_seed(0)
    while True:
        batch = {"images": torch.randn(16, 5, generator=random), "targets": torch.randint(3, (16,), generator=random)}
        if comm.get_rank() == 1:
            time.sleep(0.05)
        yield {name: values.chunk(comm.get_world_size())[comm.get_rank()] for name, values in batch.items()}


def learnt():
    model = Learner()
    together = comm.get_world_size() > 1
    trained = DistributedDataParallel(model) if together else model
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    # Two processes take their halves in halves.
    loop = Steps(SimpleTrainer(trained, shares(), optimizer, None), 2 if together else 1, None)
    if together:
        loop.register_hooks([StragglerReport(trained, optimizer)])
    told = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())
    logging.getLogger("fastreid.runs").addHandler(handler)
    loop.train(0, 1, 6)
    return {"weights": [weight.tolist() for weight in model.parameters()], "told": told}


def main(output):
    training = learnt()
    cfg = get_cfg()
    ifd.add_ifd_config(cfg)
    loader = torch.utils.data.DataLoader(Data(), batch_size=3, sampler=InferenceSampler(NUM))
    results = inference_on_dataset(Same(), loader, ClothesEvaluator(cfg, 9))
    assert bool(results) == comm.is_main_process()
    if comm.is_main_process():
        with open(output, "w") as file:
            json.dump({"results": results, **training}, file)


if __name__ == "__main__":
    for processes in (1, 2):
        launch(main, processes, dist_url="auto", args=(f"{processes}.json",))
"""


@pytest.fixture(scope="module")
def one_and_two(tmp_path_factory, start_script):
    """What one process wrote, and what two did."""
    folder = tmp_path_factory.mktemp("together")
    script = folder / "together.py"
    script.write_text(TOGETHER)
    together = start_script(script, cwd=folder)
    _, err = together.communicate(timeout=300)
    assert together.returncode == 0, err[-3000:]
    return [json.loads((folder / f"{processes}.json").read_text()) for processes in (1, 2)]


def test_features_are_gathered_whole_and_in_order(one_and_two):
    one, two = (written["results"] for written in one_and_two)
    assert one["general/queries"] == 9
    assert two == one


def test_batches_in_parts_of_two_processes_are_those_of_one(one_and_two):
    for one, two in zip(*(written["weights"] for written in one_and_two), strict=True):
        torch.testing.assert_close(torch.tensor(two), torch.tensor(one), atol=1e-6, rtol=1e-5)


def test_a_process_that_the_others_wait_for_is_named(one_and_two):
    one, two = (written["told"] for written in one_and_two)
    assert one == []
    (sentence,) = two
    assert re.match(r"After step 6: rank 1 on \S+ is \S+ times as slow as the others, which wait for it", sentence)
    assert float(re.search(r"\((\S+) s of it for its images", sentence)[1]) >= 0.05


@pytest.mark.slow
def test_two_processes_train_one_model(pytestconfig, prcc_root, tmp_path, tiny_arguments, call_script):
    """As a user starts them: processes of their own."""
    train_net = ("projects/IFD/train_net.py", "--config-file", "configs/IFD_R50.yml")
    two = tmp_path / "two"
    options = [*tiny_arguments, "SOLVER.MAX_EPOCH", 1, "OUTPUT_DIR", two]
    done = subprocess.run(
        [sys.executable, *map(str, (*train_net, "--num-gpus", 2, "--dist-url", "auto", *options))],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "OMP_NUM_THREADS": "1", "FASTREID_DATASETS": str(prcc_root)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    code, _, errors = call_script(*train_net, "--eval-only", *options, FASTREID_DATASETS=prcc_root)
    assert code == 0, errors[-3000:]
    assert torch.load(two / "model_final.pth")["epoch"] == 0
    trained, evaluated = (EvaluationResult.load(folder / "results_PRCC.json").flat() for folder in (two, two / "eval"))
    # Batches are cut differently, which may swap neighbours of a barely trained model. Were the second process to
    # evaluate with BN statistics of its own, rank-1 would differ by tens of points.
    assert trained["general/mAP"] == pytest.approx(evaluated["general/mAP"], abs=3)
    assert trained["general/queries"] == evaluated["general/queries"]


# What the processes do, by name, and what is read at the end.
COMMAND = """
import os, signal, sys, time
import torch
from datasets_ext import DatasetError
from datasets_ext.command import run
from ifd.engine import argument_parser, launch
from fastreid.utils import comm


def main(args):
    rank, what = comm.get_rank(), args.opts[0]
    if rank == 1:
        if what == "one refuses":
            raise DatasetError("no data; get some")
        if what == "one is at fault":
            {}["a key"]
        if what == "one is killed":
            os.kill(os.getpid(), signal.SIGKILL)
    if what == "interrupted":
        if rank == 0:
            print("begun", flush=True)
        time.sleep(600)
    comm.synchronize()
    if what == "one refuses":
        time.sleep(600)
    print("rank", rank, "done", flush=True)


if __name__ == "__main__":
    sys.exit(run(launch, main, argument_parser().parse_args()))
"""


@pytest.fixture
def command(tmp_path, start_script):
    script = tmp_path / "command.py"
    script.write_text(COMMAND)
    return lambda what: start_script(script, "--num-gpus", 2, "--dist-url", "auto", what, cwd=tmp_path)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("one refuses", "no data; get some"),
        ("one is killed", "a process of the training was ended by SIGKILL from outside"),
    ],
)
def test_a_mistake_is_told_once_and_all_processes_end(command, what, message):
    out, err = command(what).communicate(timeout=300)
    errors = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]
    assert "Traceback" not in out + err
    assert "done" not in out


def test_a_fault_of_one_process_keeps_its_traceback(command):
    process = command("one is at fault")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 1
    assert '{}["a key"]' in err
    assert "KeyError: 'a key'" in err


def test_interrupted_alone_it_takes_its_processes_along(command):
    process = command("interrupted")
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=300)  # their output is at its end as well: they are gone
    assert process.returncode == 130
    assert re.fullmatch("(.*Terminating process.*\n)*interrupted\n", err)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--num-gpus -1", "--num-gpus is -1 .*at least 1"),
        ("--num-gpus 0", "--num-gpus is 0"),
        ("--num-machines 0", "--num-machines 0; expected at least 1"),
        ("--machine-rank 1", "--machine-rank is 1; expected 0 to 0"),
        ("--num-machines 2 --machine-rank 2", "--machine-rank is 2; expected 0 to 1"),
        ("--num-machines 2 --machine-rank -1", "--machine-rank is -1"),
        ("--num-machines 2 --dist-url auto", "--dist-url is auto.*tcp://"),
        ("--num-machines 2 --dist-url somewhere", "--dist-url is 'somewhere'"),
        ("--num-machines 2 --dist-url tcp://host", "--dist-url is 'tcp://host'"),
    ],
)
def test_processes_that_cannot_be_are_refused(options, message):
    args = argument_parser().parse_args(options.split())
    with pytest.raises(LaunchError, match=message):
        launch(lambda args: pytest.fail("ran"), args)


@pytest.mark.parametrize("options", ["", "--num-machines 2 --machine-rank 1", "--num-machines 2 --dist-url env://"])
def test_processes_that_can_be(options):
    check_processes(argument_parser().parse_args(options.split()))


def test_what_says_that_another_process_is_gone():
    assert is_lost_peer(RuntimeError("[gloo/transport/tcp/pair.cc:525] Connection closed by peer [127.0.0.1]:1"))
    assert not is_lost_peer(RuntimeError("size mismatch"))


# What two processes do that a launcher started: they meet, and then one is killed.
LAUNCHED = """
import os, signal, sys
import fastreid_compat
from datasets_ext.command import run
from fastreid.utils import comm
from fastreid_runs import argument_parser, launch


def main(args):
    print(comm.all_gather(comm.get_rank()), comm.get_local_rank(), comm.get_local_size(), flush=True)
    comm.synchronize()
    if comm.get_rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    comm.synchronize()
    print("done", flush=True)


if __name__ == "__main__":
    sys.exit(run(launch, main, argument_parser().parse_args()))
"""


def test_processes_of_a_launcher_meet_and_the_end_of_one_is_told_by_name(tmp_path, start_script):
    script = tmp_path / "launched.py"
    script.write_text(LAUNCHED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [start_script(script, cwd=tmp_path, **shared, RANK=rank, LOCAL_RANK=rank) for rank in "01"]
    said = [process.communicate(timeout=300) for process in processes]
    assert [out for out, _ in said] == ["[0, 1] 0 2\n", "[0, 1] 1 2\n"]
    assert processes[0].returncode == 2
    errors = [line for line in said[0][1].splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert f"rank 1 (process {processes[1].pid} on " in errors[0]


def test_a_launcher_and_options_that_ask_for_processes_too_are_refused(monkeypatch):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(LaunchError, match="torchrun started 2 processes, and --num-gpus"):
        launch(lambda args: pytest.fail("ran"), argument_parser().parse_args(["--num-gpus", "2"]))
