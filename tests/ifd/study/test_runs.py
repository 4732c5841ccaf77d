"""Which runs there are, what they are told, and what is known of them."""

from pathlib import Path

import pytest

from ifd.study import VARIANTS, check_same_study, plan_runs
from ifd.study.runs import Run


def plan(cfg, variants, seeds=(3,), options=()):
    return plan_runs(
        cfg, train_net=Path("train_net.py"), config_file="c.yml", options=options, variants=variants, seeds=seeds
    )


def told(run):
    """Options KEY VALUE of a run's command."""
    start = next(index for index, word in enumerate(run.command) if word in ("--resume", "--eval-only")) + 1
    words = run.command[start:]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_variants_start_from_the_attention_stream_of_their_seed(tiny_config):
    runs = plan(tiny_config, ["ifd_joined"], seeds=(3, 4), options=["SOLVER.BASE_LR", "0.1"])
    by_name = {(run.variant.name, run.seed): run for run in runs}
    assert len(runs) == 6
    for seed in (3, 4):
        folder = Path(tiny_config.OUTPUT_DIR) / f"seed_{seed}"
        stage1, ifd, joined = (by_name[name, seed] for name in ("attention_stream", "ifd", "ifd_joined"))
        assert ifd.needs is stage1
        assert joined.needs is ifd
        assert told(stage1)["MODEL.META_ARCHITECTURE"] == "IFDAttentionStream"
        assert told(ifd)["MODEL.WEIGHTS"] == str(folder / "attention_stream" / "model_final.pth")
        assert told(joined)["MODEL.WEIGHTS"] == str(folder / "ifd" / "model_final.pth")
        assert told(joined)["IFD.DESCRIPTOR"] == "joined"
        assert "--eval-only" in joined.command
        assert "--resume" in ifd.command
        for run in (stage1, ifd, joined):
            assert told(run)["SOLVER.BASE_LR"] == "0.1"
            assert told(run)["IFD.SEED"] == str(seed)
            assert told(run)["OUTPUT_DIR"] == str(run.folder)


def test_the_baseline_starts_from_nothing(tiny_config):
    (run,) = plan(tiny_config, ["baseline"])
    assert run.needs is None
    assert "MODEL.WEIGHTS" not in told(run)
    assert (told(run)["IFD.IKT.ENABLED"], told(run)["IFD.CBD.ENABLED"]) == ("False", "False")


def test_the_attention_stream_is_as_long_as_stage_1(tiny_config):
    tiny_config.IFD.STAGE1.MAX_EPOCH = 4
    stage1, ifd = plan(tiny_config, ["ifd"])
    assert (told(stage1)["SOLVER.MAX_EPOCH"], told(stage1)["SOLVER.STEPS"]) == ("4", "[2]")
    assert "SOLVER.MAX_EPOCH" not in told(ifd)
    assert (stage1.epochs, ifd.epochs) == (4, tiny_config.SOLVER.MAX_EPOCH)
    assert (stage1.work, ifd.work) == (4, 2 * tiny_config.SOLVER.MAX_EPOCH)


@pytest.fixture
def run(tmp_path):
    return Run(VARIANTS["ifd"], 0, tmp_path / "ifd", ["true"], epochs=2)


def again(run):
    """What another process finds of a run."""
    return Run(run.variant, run.seed, run.folder, run.command, run.epochs)


def test_a_killed_attempt_counts_its_time_and_is_not_done(run):
    run.note({"started": "a", "seconds": 5.0, "finished": False})
    run.note({"started": "a", "seconds": 7.0, "finished": False})
    found = again(run)
    assert not found.done
    assert found.seconds == 7.0
    found.note({"started": "b", "seconds": 2.5, "finished": True})
    assert again(run).done
    assert again(run).seconds == 9.5


def test_share_done_follows_the_log(run):
    assert run.share_done(10) == 0.0
    run.folder.mkdir()
    log = run.folder / "metrics.json"
    log.write_text('{"iteration": 4}\n')
    assert run.share_done(10) == pytest.approx(5 / 20)
    log.write_text('{"iteration": 4}\n{"iterat')
    assert run.share_done(10) == 0.0


def test_a_study_goes_on_with_the_same_config_only(tiny_config):
    notes = {"PRCC": "digest 1"}
    check_same_study(tiny_config, notes)
    tiny_config.IFD.SEED = 5
    check_same_study(tiny_config, notes)
    with pytest.raises(FileExistsError, match="PRCC: digest [12].*--output"):
        check_same_study(tiny_config, {"PRCC": "digest 2"})
    tiny_config.SOLVER.BASE_LR = 0.25
    with pytest.raises(FileExistsError, match=r"BASE_LR: 0\.25.*--output"):
        check_same_study(tiny_config, notes)


def test_a_folder_with_something_else_is_left_alone(tiny_config):
    folder = Path(tiny_config.OUTPUT_DIR)
    folder.mkdir()
    (folder / "holiday.txt").write_text("")
    with pytest.raises(FileExistsError, match="no ablation"):
        check_same_study(tiny_config, {})
    assert [path.name for path in folder.iterdir()] == ["holiday.txt"]


def test_results_of_an_evaluation_lie_below_eval(tmp_path, made_up):
    for variant, folder in (("ifd", "x"), ("ifd_joined", "x/eval")):
        path = tmp_path / folder / "results_PRCC.json"
        path.parent.mkdir(exist_ok=True)
        written = made_up.result({}, dataset=variant)
        written.save(path)
        assert Run(VARIANTS[variant], 0, tmp_path / "x", []).results("PRCC") == written
