import os

import pytest
import torch
from fastreid.engine import hooks
from fastreid.solver import build_lr_scheduler

from ifd.engine.stages import has_stage1, stage1_config


def rates(cfg, steps_per_epoch):
    """Learning rate of each epoch's last step, as the host's hook has it."""

    class Trainer:
        grad_scaler = None
        warmup_iters, delay_epochs = cfg.SOLVER.WARMUP_ITERS, cfg.SOLVER.DELAY_EPOCHS

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    trainer = Trainer()
    trainer.storage = type("Storage", (), {"put_scalar": staticmethod(lambda *args, **kwargs: None)})()
    hook = hooks.LRScheduler(optimizer, build_lr_scheduler(cfg, optimizer, steps_per_epoch))
    hook.trainer = trainer
    found = []
    for trainer.epoch in range(cfg.SOLVER.MAX_EPOCH):
        for step in range(steps_per_epoch):
            trainer.iter = trainer.epoch * steps_per_epoch + step
            optimizer.step()
            found_in_epoch = optimizer.param_groups[0]["lr"]
            hook.after_step()
        found.append(round(found_in_epoch, 6))
        hook.after_epoch()
    return found


def test_a_stage_of_full_length_is_as_configured(tiny_config):
    stage1 = stage1_config(tiny_config)
    assert stage1.SOLVER == tiny_config.SOLVER
    assert stage1.MODEL.META_ARCHITECTURE == "IFDAttentionStream"
    assert os.path.join(tiny_config.OUTPUT_DIR, "attention_stream") == stage1.OUTPUT_DIR
    assert stage1.is_frozen()


@pytest.mark.parametrize("scheduler", ["MultiStepLR", "CosineAnnealingLR"])
def test_a_short_stage_warms_up_and_decays_like_a_long_one(tiny_config, scheduler):
    tiny_config.merge_from_list(
        ["SOLVER.MAX_EPOCH", 120, "SOLVER.STEPS", [40, 90], "SOLVER.WARMUP_ITERS", 2000, "SOLVER.DELAY_EPOCHS", 24,
         "SOLVER.FREEZE_ITERS", 1000, "IFD.STAGE1.MAX_EPOCH", 12, "SOLVER.SCHED", scheduler]
    )  # fmt: skip
    solver = stage1_config(tiny_config).SOLVER
    assert (solver.MAX_EPOCH, solver.STEPS, solver.WARMUP_ITERS) == (12, [4, 9], 200)
    assert (solver.DELAY_EPOCHS, solver.FREEZE_ITERS) == (2, 100)
    # 100 steps an epoch: two epochs of warm-up in place of twenty, which would outlast the stage.
    short = rates(stage1_config(tiny_config), 100)
    assert short[2] == 1.0
    assert short[-1] <= 0.1
    assert short == sorted(short[:2]) + sorted(short[2:], reverse=True)


def test_a_stage_of_one_epoch_has_a_schedule(tiny_config):
    tiny_config.merge_from_list(["SOLVER.MAX_EPOCH", 120, "SOLVER.STEPS", [40, 90], "IFD.STAGE1.MAX_EPOCH", 1])
    solver = stage1_config(tiny_config).SOLVER
    assert (solver.MAX_EPOCH, solver.STEPS, solver.WARMUP_ITERS) == (1, [1], 0)


def test_stage_1_starts_from_its_backbone_s_weights(tiny_config):
    tiny_config.MODEL.WEIGHTS = "baseline.pth"
    assert stage1_config(tiny_config).MODEL.WEIGHTS == ""


def test_weights_with_an_attention_stream_leave_stage_1_out(finished_config, tmp_path):
    whole = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    weights = torch.load(whole)["model"]
    main = {name: value for name, value in weights.items() if name.startswith(("backbone.", "heads."))}
    torch.save({"model": main}, tmp_path / "main.pth")
    torch.save({"model": {f"module.{name}": value for name, value in weights.items()}}, tmp_path / "of_ddp.pth")
    attention = os.path.join(finished_config.OUTPUT_DIR, "attention_stream", "model_final.pth")
    for path, expected in (
        ("", True), (whole, False), (tmp_path / "of_ddp.pth", False), (attention, False), (tmp_path / "main.pth", True)
    ):  # fmt: skip
        finished_config.MODEL.WEIGHTS = str(path)
        assert has_stage1(finished_config) is expected, path
    finished_config.IFD.IKT.ENABLED = False
    assert not has_stage1(finished_config)
