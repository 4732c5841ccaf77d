"""Which runs there are, and what they are told."""

from pathlib import Path

import pytest

from ifd.engine import RunError
from ifd_ablation import plan_trials


def plan(cfg, variants, seeds=(3,), options=(), steps_per_epoch=10):
    return plan_trials(
        cfg,
        train_net=Path("train_net.py"),
        config_file="c.yml",
        options=options,
        variants=variants,
        seeds=seeds,
        steps_per_epoch=steps_per_epoch,
    )


def told(trial):
    """Options KEY VALUE of a run's command."""
    command = trial.run.command
    start = next(index for index, word in enumerate(command) if word in ("--resume", "--eval-only")) + 1
    words = command[start:]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_variants_start_from_the_attention_stream_of_their_seed(tiny_config):
    trials = plan(tiny_config, ["ifd_joined"], seeds=(3, 4), options=["SOLVER.BASE_LR", "0.1"])
    by_name = {(trial.variant.name, trial.seed): trial for trial in trials}
    assert len(trials) == 6
    for seed in (3, 4):
        folder = Path(tiny_config.OUTPUT_DIR) / f"seed_{seed}"
        stage1, ifd, joined = (by_name[name, seed] for name in ("attention_stream", "ifd", "ifd_joined"))
        assert ifd.run.needs is stage1.run
        assert joined.run.needs is ifd.run
        assert told(stage1)["MODEL.META_ARCHITECTURE"] == "IFDAttentionStream"
        assert told(ifd)["MODEL.WEIGHTS"] == str(folder / "attention_stream" / "model_final.pth")
        assert told(joined)["MODEL.WEIGHTS"] == str(folder / "ifd" / "model_final.pth")
        assert told(joined)["IFD.DESCRIPTOR"] == "joined"
        assert "--eval-only" in joined.run.command
        assert "--resume" in ifd.run.command
        assert (ifd.run.evaluates, joined.run.evaluates) == (False, True)
        for trial in (stage1, ifd, joined):
            assert told(trial)["SOLVER.BASE_LR"] == "0.1"
            assert told(trial)["IFD.SEED"] == str(seed)
            assert told(trial)["OUTPUT_DIR"] == str(trial.run.folder)


def test_the_baseline_starts_from_nothing(tiny_config):
    (trial,) = plan(tiny_config, ["baseline"])
    assert trial.run.needs is None
    assert trial.run.name == "baseline, seed 3"
    assert "MODEL.WEIGHTS" not in told(trial)
    assert (told(trial)["IFD.IKT.ENABLED"], told(trial)["IFD.CBD.ENABLED"]) == ("False", "False")


def test_the_attention_stream_is_as_long_as_stage_1(tiny_config):
    tiny_config.IFD.STAGE1.MAX_EPOCH = 4
    stage1, ifd = plan(tiny_config, ["ifd"])
    assert (told(stage1)["SOLVER.MAX_EPOCH"], told(stage1)["SOLVER.STEPS"]) == ("4", "[2]")
    assert "SOLVER.MAX_EPOCH" not in told(ifd)
    assert (stage1.run.steps, ifd.run.steps) == (40, 10 * tiny_config.SOLVER.MAX_EPOCH)
    assert (stage1.run.work, ifd.run.work) == (4, 2 * tiny_config.SOLVER.MAX_EPOCH)


def test_what_only_evaluates_has_no_steps(tiny_config):
    joined = plan(tiny_config, ["ifd_joined"])[-1]
    assert (joined.run.steps, joined.run.work) == (0, 0.1)


def test_a_broken_record_is_named_before_anything_runs(tiny_config):
    folder = Path(tiny_config.OUTPUT_DIR) / "seed_3" / "baseline"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"seed_3/baseline/run\.json is broken .*baseline, seed 3 is done; delete it"):
        plan(tiny_config, ["baseline"])
