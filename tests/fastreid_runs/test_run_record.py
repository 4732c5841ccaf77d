"""What a run that goes on may change, and what is refused by name."""

import pytest
import torch

from fastreid_runs.run_record import RunRecord, flat
from ifd.engine.run_keys import KEYS

DATA = {"images": 54, "bytes": 1000, "sha256": "a" * 64}


@pytest.fixture
def record(tiny_config):
    def make(*options, data=DATA, seed=0, processes=1):
        cfg = tiny_config.clone()
        cfg.merge_from_list(list(options))
        return RunRecord.of(cfg, seed, processes, data, keys=KEYS)

    return make


def refused(before, now, epochs=1, **kwargs):
    return [difference.name for difference in before.refused(now, epochs, keys=KEYS, **kwargs)]


def test_the_same_run_differs_in_nothing(record):
    before = record()
    assert refused(before, record()) == []
    assert before.told(record(), keys=KEYS) == []
    assert before.measures_alike(record(), keys=KEYS)


def test_it_survives_a_checkpoint(record, tmp_path):
    torch.save({"run": record().state()}, tmp_path / "model.pth")
    entries = torch.load(tmp_path / "model.pth", weights_only=True)
    assert RunRecord.from_checkpoint(entries) == record()
    assert RunRecord.from_checkpoint({"model": {}}) is None
    assert RunRecord.from_checkpoint({"run": {"seed": 1}}) is None


@pytest.mark.parametrize(
    "options",
    [
        ("OUTPUT_DIR", "elsewhere"),
        ("DATALOADER.NUM_WORKERS", 7),
        ("TEST.EVAL_PERIOD", 3),
        ("TEST.IMS_PER_BATCH", 8),
        ("TEST.RERANK.ENABLED", True),
        ("SOLVER.CHECKPOINT_PERIOD", 5),
        ("IFD.KEEP_CHECKPOINTS", 2),
        ("IFD.METRIC_MODE", "general"),
        ("IFD.PARSING.ROOT", "/other/maps"),
        ("SOLVER.MAX_EPOCH", 7),
    ],
)
def test_what_changes_no_weight_is_free(record, options):
    assert refused(record(), record(*options)) == []


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (("MODEL.BACKBONE.NAME", "build_resnet_backbone"), "MODEL.BACKBONE.NAME"),
        (("SOLVER.IMS_PER_BATCH", 8), "SOLVER.IMS_PER_BATCH"),
        (("SOLVER.BASE_LR", 0.1), "SOLVER.BASE_LR"),
        (("SOLVER.STEPS", [2]), "SOLVER.STEPS"),
        (("INPUT.SIZE_TRAIN", [32, 32]), "INPUT.SIZE_TRAIN"),
        (("INPUT.REA.PROB", 0.1), "INPUT.REA.PROB"),
        (("MODEL.WEIGHTS", "a.pth"), "MODEL.WEIGHTS"),
        (("TEST.PRECISE_BN.ENABLED", True), "TEST.PRECISE_BN.ENABLED"),
        (("IFD.CBD.LAMBDA", 2.0), "IFD.CBD.LAMBDA"),
        (("DATASETS.NAMES", ("LTCC",)), "DATASETS.NAMES"),
    ],
)
def test_what_would_be_ignored_or_be_another_training_is_named(record, options, name):
    (difference,) = record().refused(record(*options), 1, keys=KEYS)
    assert difference.name == name
    assert str(difference).startswith(f"{name} is ")
    assert " and was " in str(difference)


def test_the_seed_and_the_data_are_compared(record):
    assert refused(record(), record(seed=1)) == ["IFD.SEED"]
    other = {**DATA, "images": 53, "sha256": "b" * 64}
    (difference,) = record().refused(record(data=other), 1, keys=KEYS)
    assert str(difference) == (
        "the training data is '53 images of 1,000 bytes (sha256 bbbbbbbb)' and was "
        "'54 images of 1,000 bytes (sha256 aaaaaaaa)'"
    )


def test_a_length_that_a_schedule_does_not_know_is_free(record):
    long, short = record("SOLVER.MAX_EPOCH", 9), record("SOLVER.MAX_EPOCH", 3)
    assert refused(long, short, epochs=3) == []
    assert refused(long, short, epochs=4) == ["SOLVER.MAX_EPOCH"]
    cosine = ("SOLVER.SCHED", "CosineAnnealingLR")
    assert refused(record("SOLVER.MAX_EPOCH", 3, *cosine), record("SOLVER.MAX_EPOCH", 9, *cosine)) == [
        "SOLVER.MAX_EPOCH"
    ]


def test_a_finished_stage_keeps_its_length(record):
    now = record("SOLVER.MAX_EPOCH", 1, "SOLVER.STEPS", [5], "IFD.STAGE1.MAX_EPOCH", 4)
    assert refused(record(), now, epochs=2, finished=True) == []
    assert refused(record(), record("SOLVER.BASE_LR", 0.1), epochs=2, finished=True) == ["SOLVER.BASE_LR"]


def test_the_number_of_identities_may_be_left_to_the_data(record):
    assert refused(record("MODEL.HEADS.NUM_CLASSES", 6), record()) == []
    assert refused(record("MODEL.HEADS.NUM_CLASSES", 6), record("MODEL.HEADS.NUM_CLASSES", 7)) != []


def test_machines_are_told_not_refused(record):
    now = record("MODEL.DEVICE", "cuda", "SOLVER.AMP.ENABLED", True, processes=2)
    assert refused(record(), now) == []
    assert [difference.name for difference in record().told(now, keys=KEYS)] == [
        "MODEL.DEVICE",
        "SOLVER.AMP.ENABLED",
        "the number of processes",
    ]


def test_weights_inside_the_folder_move_with_it(record):
    first = record("OUTPUT_DIR", "/a/run", "MODEL.WEIGHTS", "/a/run/attention_stream/model_final.pth")
    second = record("OUTPUT_DIR", "/b", "MODEL.WEIGHTS", "/b/attention_stream/model_final.pth")
    assert first.config["MODEL.WEIGHTS"] == "attention_stream/model_final.pth"
    assert refused(first, second) == []
    outside = record("OUTPUT_DIR", "/b", "MODEL.WEIGHTS", "/a/run/attention_stream/model_final.pth")
    assert refused(first, outside) == ["MODEL.WEIGHTS"]


def test_what_an_evaluation_measures_is_told_apart(record):
    assert not record().measures_alike(record("IFD.METRIC_MODE", "general"), keys=KEYS)
    assert not record().measures_alike(record("DATASETS.TESTS", ("LTCC",)), keys=KEYS)
    assert record().measures_alike(record("TEST.IMS_PER_BATCH", 8), keys=KEYS)


def test_a_key_of_another_version_counts_as_its_default(record):
    old = record()
    shorter = RunRecord(0, 1, {name: value for name, value in old.config.items() if name != "IFD.CBD.T"}, DATA)
    assert refused(shorter, record()) == []
    assert refused(shorter, record("IFD.CBD.T", 0.25)) == ["IFD.CBD.T"]


def test_lists_and_tuples_are_one(tiny_config):
    assert flat(tiny_config)["DATASETS.NAMES"] == ["PRCC"]
    assert flat(tiny_config)["IFD.CBD.ENABLED"] is True
