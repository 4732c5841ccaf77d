import logging
import os
import shutil

import pytest
from fastreid.data.datasets import DATASET_REGISTRY

from datasets_ext import MissingParsingMapError
from ifd.engine import ConfigError, train
from ifd.engine.checks import check_config, check_data


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["IFD.CBD.T", 0.0], "IFD.CBD.T is 0.0"),
        (["IFD.METRIC_MODE", "cc"], "IFD.METRIC_MODE is 'cc'; expected one of general"),
        (["TEST.EVAL_PERIOD", 0], "TEST.EVAL_PERIOD is 0"),
        (["SOLVER.HEADS_LR_FACTOR", 10.0], "SOLVER.HEADS_LR_FACTOR is 10.0"),
        (["DATALOADER.NUM_INSTANCE", 1], "DATALOADER.NUM_INSTANCE is 1"),
        (["SOLVER.IMS_PER_BATCH", 18], "SOLVER.IMS_PER_BATCH is 18"),
        (["DATASETS.NAMES", ("PRCCC",)], "names 'PRCCC', which is not registered"),
        (["IFD.PARSING.CLOTHING", ["Upper-cloth"]], "Upper-clothes"),
        (["IFD.PARSING.SYSTEM", "coco"], "coco"),
        (["INPUT.AUGMIX.ENABLED", True], "AUGMIX"),
        (["MODEL.BACKBONE.NAME", "build_nothing"], "MODEL.BACKBONE.NAME is 'build_nothing'.*build_resnet_backbone"),
        (["MODEL.META_ARCHITECTURE", "IDF"], "MODEL.META_ARCHITECTURE is 'IDF'.* IFD, IFDAttentionStream"),
        (["MODEL.HEADS.NAME", "Head"], "MODEL.HEADS.NAME is 'Head'"),
        (["MODEL.DEVICE", "gpu"], "MODEL.DEVICE is 'gpu'; expected cpu, cuda"),
        (["MODEL.DEVICE", "cuda:4711"], "MODEL.DEVICE is 'cuda:4711'"),
        (["SOLVER.OPT", "Foo"], "stage 1: the optimiser"),
        (["TEST.PRECISE_BN.ENABLED", True], "data set Market1501 knows neither clothes nor parsing maps"),
        (
            ["SOLVER.FREEZE_ITERS", 5, "MODEL.FREEZE_LAYERS", ["attention_backbone"]],
            "MODEL.FREEZE_LAYERS names 'attention_backbone'; the model's parts are",
        ),
    ],
)
def test_bad_values_are_refused_before_anything_is_written(tiny_config, options, message):
    tiny_config.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        train(tiny_config)
    assert not os.path.exists(tiny_config.OUTPUT_DIR)


def test_a_config_is_tried_once(tiny_config, monkeypatch):
    calls = []
    monkeypatch.setattr("ifd.engine.checks.try_config", lambda cfg, **kwargs: calls.append(cfg.MODEL.META_ARCHITECTURE))
    tiny_config.IFD.CBD.LAMBDA = 1.25  # unlike other tests'
    check_config(tiny_config)
    tiny_config.OUTPUT_DIR += "_elsewhere"
    tiny_config.IFD.SEED = 17
    check_config(tiny_config)
    assert calls == ["IFDAttentionStream", "IFD"]
    tiny_config.IFD.CBD.LAMBDA = 1.5
    check_config(tiny_config)
    check_config(tiny_config, train=False)
    assert calls == ["IFDAttentionStream", "IFD"] * 2 + ["IFD"]


def test_maps_of_all_splits_are_looked_for(tiny_config, prcc_root, monkeypatch, tmp_path):
    shutil.copytree(prcc_root, tmp_path / "datasets")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "datasets"))
    check_data(tiny_config)
    maps = tmp_path / "datasets" / "prcc" / "parsing"
    (maps / "test" / "C" / "010" / "cropped_rgb002.png").unlink()
    for train_too in (True, False):
        with pytest.raises(MissingParsingMapError, match="1 of 36 images have no parsing map"):
            check_data(tiny_config, train=train_too)
    shutil.copytree(prcc_root / "prcc" / "parsing" / "test", maps / "test", dirs_exist_ok=True)
    (maps / "train" / "001" / "A_cropped_rgb000.png").unlink()
    check_data(tiny_config, train=False)
    with pytest.raises(MissingParsingMapError, match="1 of 54 images have no parsing map"):
        check_data(tiny_config)


@pytest.mark.parametrize("kind", ["none", "walks"])
def test_cameras_are_centered_where_there_are_some(tiny_config, prcc_root, monkeypatch, kind):
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    tiny_config.IFD.CENTER_CAMERAS = True
    check_data(tiny_config)
    monkeypatch.setattr(DATASET_REGISTRY.get("PRCC"), "camera_kind", property(lambda self: kind))
    with pytest.raises(ConfigError, match=rf"IFD.CENTER_CAMERAS .*PRCC has none labelled \(cameras: {kind}\)"):
        check_data(tiny_config)


def test_a_mode_without_a_pair_is_refused(tiny_config, prcc_root, monkeypatch, tmp_path):
    root = tmp_path / "datasets"
    shutil.copytree(prcc_root, root)
    monkeypatch.setenv("FASTREID_DATASETS", str(root))
    for kind in ("rgb", "parsing"):  # queries in other clothes show people of whom the gallery has no image
        for pid in ("007", "008", "009", "010"):
            folder = root / "prcc" / kind / "test" / "C" / pid
            folder.rename(folder.with_name(f"1{pid[1:]}"))
    with pytest.raises(ConfigError, match="IFD.METRIC_MODE is 'clothing_change', but none of the 24 queries of PRCC"):
        check_data(tiny_config)
    tiny_config.IFD.METRIC_MODE = "same_clothing"
    check_data(tiny_config)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["SOLVER.IMS_PER_BATCH", 32], "6 people to train on in PRCC, but a batch shows 8 of 4 images each"),
        (
            ["SOLVER.IMS_PER_BATCH", 32, "DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler"],
            "6 people to train on in PRCC, but a batch shows 8",
        ),
        (
            ["SOLVER.IMS_PER_BATCH", 64, "DATALOADER.SAMPLER_TRAIN", "TrainingSampler"],
            "54 training images do not fill one batch of SOLVER.IMS_PER_BATCH 64; lower it",
        ),
        (["MODEL.HEADS.NUM_CLASSES", 5], "MODEL.HEADS.NUM_CLASSES is 5, but PRCC has 6 people .* leave it at 0"),
        (["MODEL.HEADS.NUM_CLASSES", 7], "MODEL.HEADS.NUM_CLASSES is 7"),
        (
            ["SOLVER.SCHED", "CosineAnnealingLR", "SOLVER.WARMUP_ITERS", 100],
            "stage 1: SOLVER.WARMUP_ITERS 100 at 3 steps an epoch.* takes the whole of SOLVER.MAX_EPOCH 2, .* cosine",
        ),
        (
            ["DATALOADER.SAMPLER_TRAIN", "SetReWeightSampler", "DATALOADER.SET_WEIGHT", [1]],
            "DATALOADER.SAMPLER_TRAIN SetReWeightSampler: DATALOADER.SET_WEIGHT has 1 weights",
        ),
        (["DATALOADER.SAMPLER_TRAIN", "SetReWeightSampler"], "DATALOADER.SAMPLER_TRAIN SetReWeightSampler"),
    ],
)
def test_data_that_do_not_go_with_a_key_are_refused(tiny_config, options, message):
    tiny_config.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        check_data(tiny_config)


@pytest.mark.parametrize("sampler", ["TrainingSampler", "NaiveIdentitySampler", "BalancedIdentitySampler"])
def test_the_samplers_of_the_host_are_let_through(tiny_config, sampler):
    tiny_config.DATALOADER.SAMPLER_TRAIN = sampler
    check_data(tiny_config)


def test_a_warm_up_that_takes_the_whole_training_is_told(tiny_config, caplog):
    check_data(tiny_config)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    tiny_config.SOLVER.WARMUP_ITERS = 2000
    check_data(tiny_config)
    assert "SOLVER.WARMUP_ITERS 2000 at 3 steps an epoch" in caplog.text
    assert "will not decay" in caplog.text
