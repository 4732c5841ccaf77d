"""Data sets of every kind through check_data and a training: joined ones, video, and those without clothes labels."""

import shutil

import pytest

from datasets_ext import DatasetError
from ifd.data import build_train_set
from ifd.engine import ConfigError, train
from ifd.engine.checks import check_data

FOLDER = "prcc/rgb"


def write_list(root, name, *, video=False, clothes=True, splits=("train", "query", "gallery")):
    """A CSV list of the images of PRCC's layout: cameras A and B show one outfit, C another."""
    lines = ["path,pid,camid,clothes_id,split" + (",tracklet" if video else "")]
    for path in sorted((root / FOLDER).rglob("*.jpg")):
        parts = path.relative_to(root / FOLDER).parts
        if parts[0] == "val":
            continue
        camera, pid = (parts[2][0], parts[1]) if parts[0] == "train" else (parts[1], parts[2])
        split = "train" if parts[0] == "train" else "gallery" if camera == "A" else "query"
        if split in splits:
            outfit = ("changed" if camera == "C" else "same") if clothes else ""
            lines.append(",".join(["/".join(parts), pid, camera, outfit, split, *([f"{camera}{pid}"] * video)]))
    (root / FOLDER / f"{name}.csv").write_text("\n".join(lines))
    return f"{name}={root / FOLDER / name}.csv"


@pytest.fixture
def config(tiny_config, prcc_root, tmp_path, monkeypatch):
    root = tmp_path / "datasets"
    shutil.copytree(prcc_root, root)
    monkeypatch.setenv("FASTREID_DATASETS", str(root))
    tiny_config.IFD.PARSING.ROOT = str(root / "prcc" / "parsing")
    return tiny_config, root


def test_video_by_a_csv_list_is_trained_on_and_evaluated(config):
    cfg, root = config
    cfg.IFD.CSV_DATASETS = [write_list(root, "Walks", video=True)]
    cfg.DATASETS.NAMES, cfg.DATASETS.TESTS = ("Walks",), ("Walks",)
    cfg.IFD.VIDEO.TEST_FRAMES = "clips"
    cfg.SOLVER.MAX_EPOCH, cfg.SOLVER.STEPS, cfg.TEST.EVAL_PERIOD, cfg.SOLVER.IMS_PER_BATCH = 1, [], 1, 8
    cfg.SOLVER.WARMUP_ITERS = 0
    check_data(cfg)
    train_set = build_train_set(cfg)
    assert (len(train_set), train_set.num_classes, len(train_set.outfits)) == (18, 6, 12)
    results = train(cfg)
    # Four people, two query tracklets each: of camera B in the same clothes, of camera C in others.
    assert results["clothing_change/queries"] == results["same_clothing/queries"] == 4
    assert results["general/queries"] == 8


def test_joined_data_sets_keep_people_cameras_and_outfits_apart(config):
    cfg, root = config
    cfg.IFD.CSV_DATASETS = [write_list(root, "Again", splits=("train",))]
    cfg.DATASETS.NAMES = ("PRCC", "Again")
    check_data(cfg)
    train_set = build_train_set(cfg)
    assert (len(train_set), train_set.num_classes, train_set.num_cameras) == (108, 12, 6)
    assert len(train_set.outfits) == 24


def test_data_sets_without_clothes_labels_join_where_nothing_compares_them(config):
    cfg, root = config
    cfg.IFD.CSV_DATASETS = [write_list(root, "Bare", clothes=False, splits=("train",))]
    cfg.DATASETS.NAMES = ("PRCC", "Bare")
    with pytest.raises(
        ConfigError, match="ProportionalAppearanceSampler compares clothes labels, and those of Bare are"
    ):
        check_data(cfg)
    cfg.DATALOADER.SAMPLER_TRAIN = "NaiveIdentitySampler"
    with pytest.raises(ConfigError, match="IFD.CBD.LOSS ccl compares clothes labels, and those of Bare are absent"):
        check_data(cfg)
    cfg.IFD.CBD.LOSS = "supcon"
    check_data(cfg)
    cfg.IFD.CBD.ENABLED, cfg.IFD.CBD.LOSS = False, "ccl"
    check_data(cfg)
    cfg.IFD.CAL.ENABLED = True
    with pytest.raises(ConfigError, match="IFD.CAL.ENABLED True compares clothes labels, and those of Bare are absent"):
        check_data(cfg)


def test_outfits_told_apart_by_colours_stand_in_for_labels_that_are_absent(config):
    cfg, root = config
    cfg.IFD.CSV_DATASETS = [write_list(root, "Bare", clothes=False, splits=("train",))]
    cfg.DATASETS.NAMES, cfg.IFD.CAL.ENABLED, cfg.IFD.OUTFITS.LABELS = ("Bare",), True, "colours"
    check_data(cfg)
    # Two outfits each, which differ by their colours.
    assert len(build_train_set(cfg).outfits) == 12


def test_the_same_people_twice_are_refused(config):
    cfg, _ = config
    cfg.DATASETS.NAMES = ("PRCC", "PRCC")
    with pytest.raises(ConfigError, match="PRCC and PRCC have the same training people"):
        check_data(cfg)


def test_a_mode_that_cannot_be_had_is_refused_with_the_reason(config):
    cfg, root = config
    cfg.IFD.CSV_DATASETS = [write_list(root, "Plain", clothes=False)]
    cfg.DATASETS.TESTS = ("Plain",)
    with pytest.raises(
        ConfigError, match="'clothing_change': Plain has no clothing_change mode: the clothes labels of"
    ):
        check_data(cfg, train=False)
    cfg.IFD.METRIC_MODE = "cameras_2_3"
    with pytest.raises(ConfigError, match="Plain has no cameras_2_3 mode; it has general"):
        check_data(cfg, train=False)
    cfg.IFD.METRIC_MODE = "general"
    check_data(cfg, train=False)
    # Where another test set has it, this one is compared by its first mode.
    cfg.IFD.METRIC_MODE, cfg.DATASETS.TESTS = "clothing_change", ("PRCC", "Plain")
    check_data(cfg, train=False)


def test_a_list_that_is_wrong_is_named_with_its_line(config):
    cfg, root = config
    entry = write_list(root, "Wrong")
    with open(root / FOLDER / "Wrong.csv", "a") as file:
        file.write("\nx.jpg,1,A,same,testing\n")
    cfg.IFD.CSV_DATASETS, cfg.DATASETS.TESTS = [entry], ("Wrong",)
    with pytest.raises(DatasetError, match=r"Wrong.csv, line 92 has the split 'testing'"):
        check_data(cfg, train=False)
