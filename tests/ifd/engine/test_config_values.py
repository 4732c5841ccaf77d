import math

import pytest
from fastreid.config import get_cfg

from fastreid_runs.config_values import check_batches, check_values, people_per_batch
from ifd import add_ifd_config
from ifd.engine import ConfigError, load_config
from ifd.engine.config_values import RANGES, SAMPLERS_OF_PEOPLE, check_people_of_a_batch


def check_all_batches(cfg, processes):
    check_batches(cfg, processes, SAMPLERS_OF_PEOPLE)
    check_people_of_a_batch(cfg, processes)


@pytest.fixture
def cfg(config_file):
    return load_config(config_file)


def test_every_key_is_one_of_the_config_and_its_default_in_range():
    cfg = get_cfg()
    add_ifd_config(cfg)
    check_values(cfg, RANGES)


def test_the_configs_of_the_project_are_in_range(pytestconfig):
    for path in sorted((pytestconfig.rootpath / "configs").rglob("*.yml")):
        cfg = load_config(str(path))
        check_values(cfg, RANGES)
        check_all_batches(cfg, processes=1)


def test_a_checkpoint_of_the_recipes_is_at_most_five_epochs_old(pytestconfig):
    for path in sorted((pytestconfig.rootpath / "configs").rglob("*.yml")):
        cfg = load_config(str(path))
        assert cfg.SOLVER.CHECKPOINT_PERIOD <= 5, path
        assert cfg.IFD.KEEP_CHECKPOINTS >= 1, path


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("IFD.STAGE1.MAX_EPOCH", (-1,)),
        ("DATALOADER.SAMPLER_TRAIN", ("Proportional", "")),
        ("IFD.SEED", (2**32,)),
        ("IFD.KEEP_CHECKPOINTS", (-1,)),
        ("IFD.MASK_FILL", ([0.0, 0.0], [0.0, 0.0, 256.0])),
        ("IFD.CBD.TEMPERATURE", (0.0, -1.0, 1e-9, math.nan, math.inf)),
        ("IFD.CBD.T", (0.0, -0.5, 1e-9)),
        ("IFD.CBD.LAMBDA", (-1.0, math.inf)),
        ("IFD.IKT.KERNEL_SIZE", (0, 2, -1)),
        ("IFD.SINGLE_SHOT.DRAWS", (-1,)),
        ("IFD.SINGLE_SHOT.SEED", (-1,)),
        ("IFD.METRIC_MODE", ("cc",)),
    ],
)
def test_values_out_of_range_are_refused(cfg, with_value, key, wrong):
    for value in wrong:
        with pytest.raises(ConfigError, match=rf"{key} is "):
            check_values(with_value(cfg, key, value), RANGES)


def test_ranges_are_told_in_words():
    for key, allowed in RANGES.items():
        assert allowed.expected, key


@pytest.mark.parametrize(
    ("options", "processes", "message"),
    [
        (["SOLVER.IMS_PER_BATCH", 60], 1, "60, which does not .* of DATALOADER.NUM_INSTANCE 8 images"),
        (["SOLVER.IMS_PER_BATCH", 8], 1, "one person a process .* at least 16"),
        (["SOLVER.IMS_PER_BATCH", 16], 2, "16 of 2 processes, one person a process .* at least 32"),
        (
            ["SOLVER.IMS_PER_BATCH", 16, "SOLVER.ACCUMULATE", 2],
            1,
            "16 in SOLVER.ACCUMULATE 2 parts, one person .* at least 32",
        ),
    ],
)
def test_batches_that_do_not_divide_are_refused(cfg, options, processes, message):
    cfg.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        check_all_batches(cfg, processes)


def test_batches_that_divide(cfg):
    check_all_batches(cfg, processes=4)
    assert people_per_batch(cfg, SAMPLERS_OF_PEOPLE) == 8
    cfg.DATALOADER.SAMPLER_TRAIN = "TrainingSampler"
    cfg.SOLVER.IMS_PER_BATCH = 30
    check_all_batches(cfg, processes=2)
    assert people_per_batch(cfg, SAMPLERS_OF_PEOPLE) == 1
