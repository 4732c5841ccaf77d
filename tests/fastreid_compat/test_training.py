"""The host's Baseline trained by the host's DefaultTrainer without CUDA, in one process and in two."""

import json
import math
from pathlib import Path

import pytest
import torch
from fastreid.engine import DefaultTrainer

from fastreid_compat import device_config

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="training without CUDA")


# A network whose checkpoints are small and quick to write.
SMALL = ["MODEL.BACKBONE.NAME", "build_mobilenetv2_backbone", "MODEL.BACKBONE.DEPTH", "0.1x"]
SMALL += ["MODEL.BACKBONE.FEAT_DIM", 1280, "SOLVER.MAX_EPOCH", 1]


@pytest.fixture(autouse=True)
def _one_thread():
    """Networks as small as these are slower on several threads, by far so on a machine that has other work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def weights(trainer):
    """The weights that are trained; the host fixes the bias of its BNNeck."""
    return {name: value.detach().clone() for name, value in trainer.model.named_parameters() if value.requires_grad}


@pytest.mark.usefixtures("market")
def test_baseline_trains_is_evaluated_and_resumes(small_config, monkeypatch):
    monkeypatch.setattr(device_config, "_warned", set())
    cfg = small_config("DATALOADER.NUM_WORKERS", 2)
    cfg.freeze()
    with pytest.warns(UserWarning, match="MODEL.DEVICE is 'cuda:0', .* with SOLVER.AMP.ENABLED off") as caught:
        trainer = DefaultTrainer(cfg)
    assert len(caught) == 1
    assert (trainer.cfg.MODEL.DEVICE, trainer.cfg.SOLVER.AMP.ENABLED) == ("cpu", False)
    before = weights(trainer)
    results = trainer.train()

    assert {"Rank-1", "mAP", "mINP", "metric"} <= set(results)
    assert 0 < results["metric"] <= 100
    assert not [name for name, value in weights(trainer).items() if torch.equal(value, before[name])]
    output = Path(cfg.OUTPUT_DIR)
    assert {"model_0000.pth", "model_best.pth", "model_final.pth", "last_checkpoint"} <= {
        path.name for path in output.iterdir()
    }
    losses = [json.loads(line)["total_loss"] for line in (output / "metrics.json").read_text().splitlines()]
    assert all(map(math.isfinite, losses))

    resumed = DefaultTrainer(small_config("SOLVER.MAX_EPOCH", 3))
    resumed.resume_or_load(resume=True)
    assert resumed.start_epoch == 2
    assert resumed.scheduler["lr_sched"].state_dict() == trainer.scheduler["lr_sched"].state_dict()
    assert resumed.scheduler["warmup_sched"].last_epoch == 2
    for name, value in weights(trainer).items():
        assert torch.equal(resumed.model.get_parameter(name), value)
    trained = weights(resumed)
    resumed.train()
    assert resumed.iter == 3 * resumed.iters_per_epoch
    assert not [name for name, value in weights(resumed).items() if torch.equal(value, trained[name])]

    evaluated = DefaultTrainer.test(resumed.cfg, resumed.model)
    assert evaluated["metric"] == resumed._last_eval_results["metric"]


@pytest.mark.usefixtures("market")
@pytest.mark.filterwarnings("ignore:MODEL.DEVICE", "ignore:This overload of addmm_")
@pytest.mark.parametrize(
    "options",
    [
        ["TEST.PRECISE_BN.ENABLED", True, "TEST.PRECISE_BN.DATASET", "Market1501", "TEST.PRECISE_BN.NUM_ITER", 2],
        ["SOLVER.SCHED", "CosineAnnealingLR", "SOLVER.WARMUP_ITERS", 0, "DATASETS.COMBINEALL", True],
        ["MODEL.META_ARCHITECTURE", "MoCo", "MODEL.QUEUE_SIZE", 32, "TEST.FLIP.ENABLED", True],
        ["MODEL.FREEZE_LAYERS", ["backbone"], "SOLVER.FREEZE_ITERS", 1, "SOLVER.CLIP_GRADIENTS.ENABLED", True],
    ],
    ids=["precise-bn", "cosine", "moco", "freeze"],
)
def test_options_of_the_host_train(options, small_config):
    trainer = DefaultTrainer(small_config(*SMALL, *options))
    before = weights(trainer)
    assert "metric" in trainer.train()
    assert not [name for name, value in weights(trainer).items() if torch.equal(value, before[name])]


PROCESSES = """
import sys

import fastreid_compat
import torch
from fastreid.config import get_cfg
from fastreid.engine import DefaultTrainer, launch
from fastreid.utils import comm


def main(config_file, output, *options):
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


def test_two_processes_train_to_the_same_weights(tmp_path, datasets_root, run_python):
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
