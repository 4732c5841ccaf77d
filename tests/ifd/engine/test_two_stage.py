"""The trainer, really trained: both stages, resumed, evaluated, refused."""

import json
import os
import shutil

import pytest
import torch
from fastreid.utils.env import seed_all_rng

from ifd.engine import CheckpointError, IFDTrainer, evaluate, load_trained_model, train
from ifd.engine.two_stage import STAGE1_FOLDER


class Killed(Exception):
    pass


def killed_after(epoch, architecture):
    """A trainer that dies at the start of an epoch of one stage, as a killed process would leave things."""

    class Trainer(IFDTrainer):
        def before_epoch(self):
            if self.epoch == epoch and architecture == self.cfg.MODEL.META_ARCHITECTURE:
                raise Killed
            super().before_epoch()

    return Trainer


def log_of(folder):
    with open(os.path.join(folder, "metrics.json")) as file:
        return [json.loads(line) for line in file]


def test_both_stages_leave_their_checkpoints_and_logs(finished):
    cfg, results = finished
    stage1 = os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER)
    for folder in (stage1, cfg.OUTPUT_DIR):
        assert os.path.isfile(os.path.join(folder, "model_final.pth"))
        assert not [name for name in os.listdir(folder) if name.endswith(".part")]
    assert {"loss_cls_attention"} <= set(log_of(stage1)[0])
    logged = set().union(*log_of(cfg.OUTPUT_DIR))
    assert {"loss_cls_main", "loss_cls_attention", "loss_clothing", "total_loss", "lr"} <= logged
    assert {"clothing_change/mAP", "same_clothing/Rank-1", "general/mINP", "metric"} <= logged
    assert any(name.startswith("events.out") for name in os.listdir(cfg.OUTPUT_DIR))


@pytest.mark.parametrize(("value", "resume"), [(float("nan"), False), (float("inf"), True)])
def test_weights_that_are_no_numbers_are_refused(finished, tiny_config, tmp_path, value, resume):
    checkpoint = torch.load(os.path.join(finished[0].OUTPUT_DIR, "model_final.pth"), weights_only=True)
    name = next(key for key, weight in checkpoint["model"].items() if key.startswith("backbone.") and weight.dim() == 4)
    checkpoint["model"][name][0] = value
    broken = tmp_path / "broken.pth"
    torch.save(checkpoint, broken)
    message = f"broken.pth holds NaN or infinite values in 1 of [0-9]+ parameters and statistics, {name}"
    with pytest.raises(CheckpointError, match=message):
        load_trained_model(tiny_config, str(broken))
    tiny_config.MODEL.WEIGHTS = str(broken)
    with pytest.raises(CheckpointError, match=message):
        train(tiny_config, resume=resume)


@pytest.mark.parametrize("period", [1, 3])
def test_the_last_evaluation_is_logged_whatever_its_period(tiny_config, period):
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.TEST.EVAL_PERIOD = period
    results = train(tiny_config)
    logged = [entry["metric"] for entry in log_of(tiny_config.OUTPUT_DIR) if "metric" in entry]
    assert len(logged) == (2 if period == 1 else 1)
    assert logged[-1] == pytest.approx(results["metric"])


def test_results_count_the_protocol(finished):
    _, results = finished
    # 4 test people, 3 images a camera; A is the gallery, B the same-clothing and C the clothing-change queries.
    assert results["general/queries"] == 24
    assert (results["same_clothing/queries"], results["same_clothing/left_out"]) == (12, 12)
    assert (results["clothing_change/queries"], results["clothing_change/left_out"]) == (12, 12)
    expected = (results["clothing_change/Rank-1"] + results["clothing_change/mAP"]) / 2
    assert results["metric"] == pytest.approx(expected)


def test_every_weight_moves(tiny_config):
    """On torch >= 2 the bare host steps without moving a single weight."""
    tiny_config.SOLVER.MAX_EPOCH = 1
    os.makedirs(tiny_config.OUTPUT_DIR)
    trainer = IFDTrainer(tiny_config)
    before = {name: value.detach().clone() for name, value in trainer.model.named_parameters()}
    trainer.train()
    unmoved = [
        name
        for name, value in trainer.model.named_parameters()
        if value.requires_grad and torch.equal(value, before[name])
    ]
    assert unmoved == []


def test_stage_2_starts_from_stage_1(tiny_config, finished):
    os.makedirs(tiny_config.OUTPUT_DIR)
    weights = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.MODEL.WEIGHTS = weights
    trainer = IFDTrainer(tiny_config)
    trainer.resume_or_load(resume=False)
    saved = torch.load(weights)["model"]
    loaded = trainer.model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in saved.items())


def test_the_main_stream_starts_from_stage_1_where_it_is_asked_to(tiny_config, finished):
    os.makedirs(tiny_config.OUTPUT_DIR)
    tiny_config.MODEL.WEIGHTS = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.IFD.STAGE1.START_MAIN_STREAM = True
    trainer = IFDTrainer(tiny_config)
    own = {name: value.clone() for name, value in trainer.model.heads.state_dict().items()}
    trainer.resume_or_load(resume=False)
    saved = torch.load(tiny_config.MODEL.WEIGHTS)["model"]
    for name, value in trainer.model.backbone.state_dict().items():
        assert torch.equal(value, saved[f"attention_stream.backbone.{name}"])
    assert all(torch.equal(value, own[name]) for name, value in trainer.model.heads.state_dict().items())


def test_weights_skip_stage_1(tiny_config, finished):
    tiny_config.MODEL.WEIGHTS = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.TEST.EVAL_PERIOD = 1
    assert "metric" in train(tiny_config)
    assert not os.path.exists(os.path.join(tiny_config.OUTPUT_DIR, STAGE1_FOLDER))


def test_eval_only_gives_the_same_figures(finished, finished_config):
    finished_config.MODEL.WEIGHTS = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    assert dict(evaluate(finished_config)) == pytest.approx(dict(finished[1]))


def test_resuming_a_finished_run_evaluates_it(finished, finished_config):
    assert dict(train(finished_config, resume=True)) == pytest.approx(dict(finished[1]))


def test_a_second_run_does_not_overwrite_the_first(finished_config):
    with pytest.raises(FileExistsError, match="holds a run already .*--resume.*OUTPUT_DIR"):
        train(finished_config)


@pytest.mark.parametrize("architecture", ["IFDAttentionStream", "IFD"])
def test_resume_goes_on_in_either_stage(tiny_config, architecture):
    with pytest.raises(Killed):
        train(tiny_config, trainer=killed_after(1, architecture))
    stage1 = os.path.join(tiny_config.OUTPUT_DIR, STAGE1_FOLDER)
    before = os.path.getmtime(os.path.join(stage1, "model_0000.pth"))
    results = train(tiny_config, resume=True)
    assert "clothing_change/mAP" in results
    # The epoch that was finished is not trained again.
    assert os.path.getmtime(os.path.join(stage1, "model_0000.pth")) == before
    iterations = [entry["iteration"] for entry in log_of(tiny_config.OUTPUT_DIR) if "total_loss" in entry]
    assert iterations == sorted(iterations)
    assert torch.load(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"))["epoch"] == 1


def test_old_checkpoints_go_and_a_killed_run_still_resumes(tiny_config):
    tiny_config.SOLVER.MAX_EPOCH = 3
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.IFD.KEEP_CHECKPOINTS = 1
    with pytest.raises(Killed):
        train(tiny_config, trainer=killed_after(2, "IFD"))
    by_epoch = [name for name in os.listdir(tiny_config.OUTPUT_DIR) if name.startswith("model_0")]
    assert by_epoch == ["model_0001.pth"]
    train(tiny_config, resume=True)
    assert torch.load(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"))["epoch"] == 2
    iterations = [entry["iteration"] for entry in log_of(tiny_config.OUTPUT_DIR) if "total_loss" in entry]
    assert iterations == sorted(iterations)


@pytest.fixture
def copied_run(finished_config, tmp_path):
    """The finished run in a folder of its own, and its config."""
    run = tmp_path / "copy"
    shutil.copytree(finished_config.OUTPUT_DIR, run)
    finished_config.OUTPUT_DIR = str(run)
    return finished_config, run


def test_a_killed_write_leaves_the_last_checkpoint_whole(copied_run, monkeypatch):
    cfg, run = copied_run
    trainer = IFDTrainer(cfg)

    def half_a_file(data, file):
        file.write(b"PK")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", half_a_file)
        with pytest.raises(Killed):
            trainer.checkpointer.save("model_final")
    assert (run / "last_checkpoint").read_text() == "model_final.pth"
    assert torch.load(run / "model_final.pth")["epoch"] == 1


def test_best_checkpoint_is_kept_over_a_resume(copied_run):
    cfg, run = copied_run
    best = torch.load(run / "model_best.pth")
    torch.save({**best, "metric": 1000.0}, run / "model_best.pth")
    cfg.SOLVER.MAX_EPOCH = 3
    cfg.TEST.EVAL_PERIOD = 1
    train(cfg, resume=True)
    assert torch.load(run / "model_best.pth")["metric"] == 1000.0


def under_first_names(path):
    """Renames the weights in a checkpoint as 0.1.0 saved them."""
    checkpoint = torch.load(path)
    names = {
        "attention_stream.backbone": "attention_backbone",
        "attention_stream.head": "attention_heads",
        "clothing_branch.layer": "clothing_bias",
    }
    weights = {}
    for name, value in checkpoint["model"].items():
        new = next((new for new in names if name.startswith(f"{new}.")), "")
        weights[names[new] + name.removeprefix(new) if new else name] = value
    assert not any(name.startswith(("attention_stream", "clothing_branch")) for name in weights)
    torch.save({**checkpoint, "model": weights}, path)


def test_a_run_of_the_first_version_is_evaluated_and_goes_on(copied_run, finished, tmp_path, caplog):
    cfg, run = copied_run
    cfg.SOLVER.MAX_EPOCH = 3
    ours = cfg.clone()
    ours.OUTPUT_DIR = str(tmp_path / "ours")
    shutil.copytree(run, ours.OUTPUT_DIR)
    for path in [*run.glob("*.pth"), *(run / STAGE1_FOLDER).glob("*.pth")]:
        under_first_names(path)
    cfg.MODEL.WEIGHTS = str(run / "model_final.pth")
    assert dict(evaluate(cfg)) == pytest.approx(dict(finished[1]))
    assert "is of version 0.1.0, which sampled clothing masks" in caplog.text
    cfg.MODEL.WEIGHTS = ""
    for each in (cfg, ours):
        seed_all_rng(0)
        train(each, resume=True)
    first, second = (torch.load(os.path.join(each.OUTPUT_DIR, "model_final.pth")) for each in (cfg, ours))
    assert first["epoch"] == 2
    assert list(first["model"]) == list(second["model"])
    assert all(torch.equal(value, second["model"][name]) for name, value in first["model"].items())


def test_stage_2_starts_from_stage_1_of_the_first_version(tiny_config, copied_run):
    weights = copied_run[1] / STAGE1_FOLDER / "model_final.pth"
    expected = torch.load(weights)["model"]
    under_first_names(weights)
    os.makedirs(tiny_config.OUTPUT_DIR)
    tiny_config.MODEL.WEIGHTS = str(weights)
    trainer = IFDTrainer(tiny_config)
    trainer.resume_or_load(resume=False)
    loaded = trainer.model.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in expected.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.BACKBONE.DEPTH", "0.25x"], "of another model than IFD as configured .*other shapes: "),
        (["IFD.IKT.ENABLED", False], "unknown here: "),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(finished_config, options, message):
    finished_config.merge_from_list(options)
    with pytest.raises(CheckpointError, match=message):
        load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))


def test_the_attention_stream_alone_is_no_model_to_evaluate_as_ifd(finished):
    cfg, _ = finished
    with pytest.raises(CheckpointError, match="missing: "):
        load_trained_model(cfg, os.path.join(cfg.OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth"))


def test_unreadable_checkpoints_are_named(finished, tmp_path):
    cfg, _ = finished
    truncated, backbone = tmp_path / "truncated.pth", tmp_path / "backbone.pth"
    with open(os.path.join(cfg.OUTPUT_DIR, "model_final.pth"), "rb") as file:
        truncated.write_bytes(file.read(100_000))
    torch.save({"conv1.weight": torch.zeros(1)}, backbone)
    for path, message in (
        (truncated, "truncated.pth cannot be read"),
        (backbone, "no 'model' entry.*MODEL.BACKBONE.PRETRAIN_PATH"),
        (tmp_path / "absent.pth", "absent.pth does not exist"),
    ):
        with pytest.raises(CheckpointError, match=message):
            load_trained_model(cfg, str(path))


@pytest.mark.parametrize("sampler", ["TrainingSampler", "NaiveIdentitySampler", "BalancedIdentitySampler"])
def test_the_samplers_of_the_host_serve_too(tiny_config, sampler):
    tiny_config.DATALOADER.SAMPLER_TRAIN = sampler
    batch = next(iter(IFDTrainer.build_train_loader(tiny_config)))
    assert batch["images"].shape == (16, 4, 64, 32)
    assert batch["images"][:, :3].max() > 100
    assert set(batch["images"][:, 3].unique().tolist()) == {0.0, 1.0}
    assert batch["targets"].max() < 6
    assert batch["clothes"].max() < 12


def test_a_training_with_clothes_classes_counts_them_and_goes_on(tiny_config):
    """CAL on colour clusters; what is evaluated later needs no classes."""
    options = [
        "IFD.IKT.ENABLED",
        False,
        "IFD.CAL.ENABLED",
        True,
        "IFD.CAL.START_EPOCH",
        1,
        "IFD.OUTFITS.LABELS",
        "colours",
    ]
    tiny_config.merge_from_list(options)
    with pytest.raises(Killed):
        train(tiny_config, trainer=killed_after(1, "IFD"))
    results = train(tiny_config, resume=True)
    weights = os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth")
    entries = torch.load(weights, weights_only=True)
    assert len(entries["model"]["adversary.classifier.weight"]) == 12
    assert entries["run"]["config"]["IFD.OUTFITS.COUNT"] == 12
    logged = log_of(tiny_config.OUTPUT_DIR)
    assert ["loss_clothes_adversary" in entry for entry in logged if "total_loss" in entry] == [False, True]
    model = load_trained_model(tiny_config, weights)
    assert IFDTrainer.test(tiny_config, model)["metric"] == pytest.approx(results["metric"])


def test_other_clothes_and_backgrounds_are_the_same_in_a_resumed_training(tiny_config, tmp_path):
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.merge_from_list(["IFD.CLOTHES_AUGMENTATION.SWAP", 0.5, "IFD.CLOTHES_AUGMENTATION.ERASE", 0.5])
    tiny_config.merge_from_list(["IFD.BACKGROUND_AUGMENTATION.REPLACE", 0.5])
    left = []
    for stopped in (False, True):
        tiny_config.OUTPUT_DIR = str(tmp_path / f"stopped_{stopped}")
        if stopped:
            with pytest.raises(Killed):
                train(tiny_config, trainer=killed_after(1, "IFD"))
        train(tiny_config, resume=stopped)
        left.append(torch.load(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"), weights_only=True)["model"])
    assert all(torch.equal(left[0][name], left[1][name]) for name in left[0])
