"""The host's Baseline trained by the host's DefaultTrainer without CUDA."""

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
