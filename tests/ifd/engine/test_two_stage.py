"""The trainer, really trained: both stages, resumed, evaluated, refused."""

import json
import os

import pytest
import torch

from ifd.engine import ConfigError, IFDTrainer, evaluate, load_trained_model, train
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


def test_results_count_the_protocol(finished):
    _, results = finished
    # 4 test people, 3 images a camera; A is the gallery, B the same-clothing and C the clothing-change queries.
    assert results["general/queries"] == 24
    assert (results["same_clothing/queries"], results["same_clothing/left_out"]) == (12, 12)
    assert (results["clothing_change/queries"], results["clothing_change/left_out"]) == (12, 12)
    expected = (results["clothing_change/Rank-1"] + results["clothing_change/mAP"]) / 2
    assert results["metric"] == pytest.approx(expected)


def test_weights_skip_stage_1(tiny_config, finished):
    tiny_config.MODEL.WEIGHTS = os.path.join(finished[0].OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth")
    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.TEST.EVAL_PERIOD = 1
    assert "metric" in train(tiny_config)
    assert not os.path.exists(os.path.join(tiny_config.OUTPUT_DIR, STAGE1_FOLDER))


def test_stage_1_trains_on_what_the_weights_hold_where_it_is_asked_for(tiny_config, finished):
    whole = os.path.join(finished[0].OUTPUT_DIR, "model_final.pth")
    # A rate of nothing: what a stage starts from is what it leaves.
    tiny_config.merge_from_list(
        ["MODEL.WEIGHTS", whole, "IFD.STAGE1.ALWAYS", True, "IFD.STAGE1.START_MAIN_STREAM", True, "SOLVER.MAX_EPOCH", 1,
         "SOLVER.BASE_LR", 1e-30, "TEST.EVAL_PERIOD", 1]
    )  # fmt: skip
    train(tiny_config)
    start, stage1, stage2 = (
        torch.load(path, weights_only=True)["model"]
        for path in (
            whole,
            os.path.join(tiny_config.OUTPUT_DIR, STAGE1_FOLDER, "model_final.pth"),
            os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth"),
        )
    )
    assert all(name.startswith("attention_stream.") for name in stage1)
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    for found in (stage1, stage2):
        for name, value in found.items():
            if not name.endswith(statistics):
                torch.testing.assert_close(value, start[name], msg=name)
    # Stage 2 goes on from the statistics that stage 1 left, batch by batch.
    name = next(name for name in stage1 if name.endswith("num_batches_tracked"))
    assert start[name] < stage1[name] < stage2[name]


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


def test_a_loaded_model_keeps_its_weights_as_its_images_lie(finished_config):
    model = load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))
    weights = [layer.weight for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]
    assert len(weights) > 20
    assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_keys_that_contradict_each_other_are_told_where_a_model_is_loaded(finished_config):
    finished_config.IFD.IKT.ENABLED = False
    finished_config.IFD.DESCRIPTOR = "joined"
    with pytest.raises(ConfigError, match="the model cannot be built: .*IFD.DESCRIPTOR"):
        load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))
