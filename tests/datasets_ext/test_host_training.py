"""The host's Baseline, trainer, samplers and evaluator on these data sets, with no class of ours but the data set."""

import math

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.data import build as host_build
from fastreid.engine import DefaultTrainer

import datasets_ext  # noqa: F401

SIZE = (32, 64)


@pytest.fixture(autouse=True)
def _one_thread():
    # The batches are too small for threads to help, and threads that wait for a busy core slow them down.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def two_layouts(tmp_path, write_images, monkeypatch):
    """8 training and 4 test people in both layouts."""
    prcc, ltcc = [], []
    for person in range(1, 13):
        for camera in "ABC":
            if person <= 8:
                prcc += [f"rgb/train/{person:03}/{camera}_cropped_rgb{n:03}.jpg" for n in (1, 2)]
            else:
                # The host's evaluator reports rank-10: it needs 10 gallery images.
                prcc += [f"rgb/test/{camera}/{person:03}/cropped_rgb{n:03}.jpg" for n in (1, 2, 3)]
        for camera in (1, 2, 3):
            folder = "train" if person <= 8 else ("query" if camera == 1 else "test")
            ltcc += [f"{folder}/{person:03}_{outfit}_c{camera}_{camera:06}.png" for outfit in (1, 2)]
    write_images(tmp_path / "prcc", prcc, SIZE)
    write_images(tmp_path / "LTCC_ReID", ltcc, SIZE)
    # What FASTREID_DATASETS sets where the host is imported afterwards.
    monkeypatch.setattr(host_build, "_root", str(tmp_path))
    return tmp_path


def baseline_cfg(output_dir, dataset, *options):
    output_dir.mkdir()
    cfg = get_cfg()
    cfg.merge_from_list(
        [
            "MODEL.DEVICE", "cpu",
            "MODEL.META_ARCHITECTURE", "Baseline",
            "MODEL.BACKBONE.DEPTH", "18x",
            "MODEL.BACKBONE.FEAT_DIM", 512,
            "MODEL.BACKBONE.PRETRAIN", False,
            "MODEL.HEADS.NAME", "EmbeddingHead",
            "MODEL.HEADS.WITH_BNNECK", True,
            "MODEL.HEADS.POOL_LAYER", "GlobalAvgPool",
            "MODEL.LOSSES.NAME", ("CrossEntropyLoss", "TripletLoss"),
            "INPUT.SIZE_TRAIN", [64, 32],
            "INPUT.SIZE_TEST", [64, 32],
            "DATASETS.NAMES", (dataset,),
            "DATASETS.TESTS", (dataset,),
            "DATALOADER.NUM_WORKERS", 0,
            "DATALOADER.NUM_INSTANCE", 2,
            "SOLVER.IMS_PER_BATCH", 16,
            "SOLVER.MAX_EPOCH", 1,
            "SOLVER.WARMUP_ITERS", 0,
            "TEST.EVAL_PERIOD", 1,
            "TEST.IMS_PER_BATCH", 16,
            "OUTPUT_DIR", str(output_dir),
            *options,
        ]
    )  # fmt: skip
    return cfg


def check_training(cfg, *, people, images):
    trainer = DefaultTrainer(cfg)
    assert len(trainer.data_loader.dataset) == images
    assert trainer.data_loader.dataset.num_classes == people
    before = {name: parameter.clone() for name, parameter in trainer.model.named_parameters()}
    results = trainer.train()
    assert trainer.max_iter == images // cfg.SOLVER.IMS_PER_BATCH
    moved = [name for name, value in trainer.model.named_parameters() if not torch.equal(value, before[name])]
    assert "backbone.conv1.weight" in moved
    assert trainer.model.heads.weight.shape[0] == people
    for name in ("Rank-1", "mAP", "mINP", "metric"):
        assert math.isfinite(results[name])
        assert 0 <= results[name] <= 100
    assert results["mAP"] > 0


@pytest.mark.parametrize(
    "sampler", ["TrainingSampler", "NaiveIdentitySampler", "BalancedIdentitySampler", "ImbalancedDatasetSampler"]
)
@pytest.mark.parametrize("dataset", ["PRCC", "LTCC"])
def test_host_samplers_draw_batches(two_layouts, tmp_path, dataset, sampler):
    cfg = baseline_cfg(tmp_path / "logs", dataset, "DATALOADER.SAMPLER_TRAIN", sampler)
    loader = DefaultTrainer.build_train_loader(cfg)
    batch = next(iter(loader))
    assert batch["images"].shape == (16, 3, 64, 32)
    items = {path: (pid, camid) for path, pid, camid, _ in loader.dataset.img_items}
    for path, target, camera in zip(batch["img_paths"], batch["targets"], batch["camids"], strict=True):
        assert (loader.dataset.pids[target], loader.dataset.cams[camera]) == items[path]
    if sampler in ("NaiveIdentitySampler", "BalancedIdentitySampler"):
        # Two different images of a person, side by side.
        assert torch.equal(batch["targets"][::2], batch["targets"][1::2])
        pairs = zip(batch["img_paths"][::2], batch["img_paths"][1::2], strict=True)
        assert all(first != second for first, second in pairs)


def test_baseline_trains_and_is_evaluated_on_prcc(two_layouts, tmp_path):
    cfg = baseline_cfg(tmp_path / "logs", "PRCC", "DATALOADER.SAMPLER_TRAIN", "BalancedIdentitySampler")
    check_training(cfg, people=8, images=48)


def test_baseline_trains_on_train_query_and_gallery_of_ltcc(two_layouts, tmp_path):
    check_training(baseline_cfg(tmp_path / "logs", "LTCC", "DATASETS.COMBINEALL", True), people=12, images=72)


def test_combined_and_joined_training_sets(two_layouts, tmp_path):
    cfg = baseline_cfg(tmp_path / "logs", "PRCC", "DATASETS.NAMES", ("PRCC", "LTCC"), "DATASETS.COMBINEALL", True)
    dataset = DefaultTrainer.build_train_loader(cfg).dataset
    assert (dataset.num_classes, dataset.num_cameras) == (24, 12)
    # 8 people x 3 cameras x 2, 4 people x 3 cameras x 3; 12 people x 3 cameras x 2 outfits.
    assert len(dataset) == 48 + 36 + 72
