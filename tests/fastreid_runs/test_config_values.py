"""What the host's keys may hold, and batches that divide."""

import math

import pytest

from fastreid_runs import ConfigError
from fastreid_runs.config_values import HOST_RANGES, IDENTITY_SAMPLERS, check_batches, check_values, people_per_batch
from fastreid_runs.run_keys import run_config


@pytest.fixture
def cfg():
    cfg = run_config()
    cfg.merge_from_list(["SOLVER.STEPS", [30], "DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler"])
    cfg.merge_from_list(["SOLVER.IMS_PER_BATCH", 64, "DATALOADER.NUM_INSTANCE", 8])
    return cfg


def test_every_key_is_one_of_the_host_and_its_default_in_range(cfg):
    check_values(cfg, HOST_RANGES)


def test_ranges_are_told_in_words():
    for key, allowed in HOST_RANGES.items():
        assert allowed.expected, key


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("SOLVER.MAX_EPOCH", (0, -1)),
        (
            "INPUT.SIZE_TRAIN",
            ([0, 0], [-64, 32], [64], [64, 32, 3], [64.0, 32.0], ["a", "b"], [10**6, 10**6], [True, 1]),
        ),
        ("INPUT.SIZE_TEST", ([0, 32], [])),
        ("MODEL.BACKBONE.FEAT_DIM", (0,)),
        ("MODEL.HEADS.NUM_CLASSES", (-1,)),
        ("MODEL.LOSSES.NAME", ((), ("CrossEntropy",), ("TripletLoss", "TripletLoss"), ("TripletLoss", "Foo"))),
        ("MODEL.PIXEL_STD", ([1.0, 1.0, 0.0], [1.0], [1.0, math.nan, 1.0])),
        ("DATALOADER.NUM_WORKERS", (-1,)),
        ("DATALOADER.NUM_INSTANCE", (0, -4)),
        ("DATASETS.NAMES", ((), ("PRCC", "PRCC"), ("LTCC", 3))),
        ("DATASETS.TESTS", ((),)),
        ("SOLVER.IMS_PER_BATCH", (0, -16)),
        ("SOLVER.BASE_LR", (0.0, -0.1, math.nan, math.inf, 1e10)),
        ("SOLVER.HEADS_LR_FACTOR", (math.nan, -1.0, 1e9)),
        ("SOLVER.WEIGHT_DECAY", (-0.1, math.inf)),
        ("SOLVER.MOMENTUM", (1.0, math.nan)),
        ("SOLVER.SCHED", ("StepLR",)),
        ("SOLVER.STEPS", ([2, 1], [1, 1], [0], [1.5], ["a"])),
        ("SOLVER.WARMUP_ITERS", (-1,)),
        ("SOLVER.WARMUP_METHOD", ("cosine",)),
        ("SOLVER.CHECKPOINT_PERIOD", (0, -1)),
        ("TEST.EVAL_PERIOD", (0,)),
        ("TEST.IMS_PER_BATCH", (0,)),
        ("TEST.METRIC", ("hamming",)),
        ("OUTPUT_DIR", ("", " ")),
    ],
)
def test_values_out_of_range_are_refused(cfg, with_value, key, wrong):
    for value in wrong:
        with pytest.raises(ConfigError, match=rf"{key} is "):
            check_values(with_value(cfg, key, value), HOST_RANGES)


@pytest.mark.parametrize(
    ("switch", "key", "wrong"),
    [
        ("TEST.RERANK.ENABLED", "TEST.RERANK.K1", 0),
        ("TEST.RERANK.ENABLED", "TEST.RERANK.LAMBDA", 1.5),
        ("TEST.AQE.ENABLED", "TEST.AQE.QE_K", 0),
        ("INPUT.CROP.ENABLED", "INPUT.CROP.SIZE", [0, 0]),
    ],
)
def test_what_is_switched_off_may_be_anything(cfg, switch, key, wrong):
    cfg.merge_from_list([key, wrong])
    check_values(cfg, HOST_RANGES)
    cfg.merge_from_list([switch, True])
    with pytest.raises(ConfigError, match=f"{key} is "):
        check_values(cfg, HOST_RANGES)


@pytest.mark.parametrize(
    ("options", "processes", "message"),
    [
        (
            ["SOLVER.IMS_PER_BATCH", 60],
            1,
            "60, which does not .* of DATALOADER.NUM_INSTANCE 8 images; .* a multiple of 8",
        ),
        (["SOLVER.IMS_PER_BATCH", 72], 2, "72 of 2 processes, which does not divide .* a multiple of 16"),
        (["SOLVER.IMS_PER_BATCH", 64], 3, "expected a multiple of the 3 processes"),
        (["TEST.IMS_PER_BATCH", 1], 2, "TEST.IMS_PER_BATCH is 1"),
    ],
)
def test_batches_that_do_not_divide_are_refused(cfg, options, processes, message):
    cfg.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        check_batches(cfg, processes)


def test_batches_that_divide(cfg):
    check_batches(cfg, processes=4)
    assert people_per_batch(cfg) == 8
    assert people_per_batch(cfg, [name for name in IDENTITY_SAMPLERS if name != "NaiveIdentitySampler"]) == 1
    cfg.DATALOADER.SAMPLER_TRAIN = "TrainingSampler"
    cfg.SOLVER.IMS_PER_BATCH = 30
    check_batches(cfg, processes=2)
    assert people_per_batch(cfg) == 1
