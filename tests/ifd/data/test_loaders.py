"""Data set and loaders: what a batch holds, and what is refused before the first step."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import PRCC, DatasetError, MissingParsingMapError, ParsingMapError
from ifd.data import ParsedDataset, build_test_loader, build_train_loader, check_data


def to_tensor(image, mask):
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).float()
    return torch.cat([pixels, torch.from_numpy(mask)[None].float()])


def dataset(root, clothing=("Upper-clothes",), **kwargs):
    prcc = PRCC(root=str(root))
    maps = prcc.parsing_maps(clothing=clothing)
    return ParsedDataset(prcc.train, [maps] * len(prcc.train), to_tensor, **kwargs)


@pytest.fixture
def copied_root(prcc_root, tmp_path):
    shutil.copytree(prcc_root, tmp_path / "datasets")
    return tmp_path / "datasets"


def test_an_item_holds_image_mask_and_numbered_labels(prcc_root):
    data = dataset(prcc_root)
    assert len(data) == 54
    assert (data.num_classes, data.num_cameras, len(data.outfits)) == (6, 3, 12)
    for index in (0, 20, 53):
        item = data[index]
        path, pid, camera, outfit = data.img_items[index]
        expected = np.zeros((64, 32))
        expected[16:56, 6:26] = 1
        assert np.array_equal(item["images"][3].numpy(), expected)
        assert np.array_equal(item["images"][:3].permute(1, 2, 0).numpy(), np.array(Image.open(path)))
        assert data.pids[item["targets"]] == pid
        assert data.cams[item["camids"]] == camera
        assert data.outfits[item["clothes"]] == (pid, outfit)


def test_the_clothing_set_decides_what_is_masked(prcc_root):
    faces = dataset(prcc_root, clothing=["Face"])[0]["images"][3]
    assert faces.sum() == 12 * 12
    assert faces[4:16, 10:22].all()


def test_outfits_of_two_people_with_the_same_number_are_two(prcc_root):
    prcc = PRCC(root=str(prcc_root))
    items = [(path, pid, camera, "1") for path, pid, camera, _ in prcc.train]
    data = ParsedDataset(items, [prcc.parsing_maps()] * len(items), to_tensor)
    assert len(data.outfits) == 6


def test_evaluation_keeps_the_ids(tiny_config):
    loader, num_query = build_test_loader(tiny_config, "PRCC")
    assert num_query == 24
    batch = next(iter(loader))
    assert batch["images"].shape == (36, 4, 64, 32)
    assert batch["targets"].unique().tolist() == [7, 8, 9, 10]
    # Cameras B and C as queries, then A; clothes 2k for A and B, 2k + 1 for C.
    assert batch["camids"].tolist() == [1] * 12 + [2] * 12 + [0] * 12
    assert batch["clothes"].tolist() == [k for o in (0, 1, 0) for k in range(o, 8, 2) for _ in range(3)]


def test_label_systems_and_clothing_come_from_the_config(tiny_config):
    tiny_config.IFD.PARSING.CLOTHING = ["face"]
    batch = next(iter(build_train_loader(tiny_config)))
    share = batch["images"][:, 3].mean().item()
    assert 0.03 < share < 12 * 12 / (64 * 32) + 0.01


def test_maps_may_lie_elsewhere(tiny_config, prcc_root, tmp_path):
    shutil.copytree(prcc_root / "prcc" / "parsing", tmp_path / "maps")
    tiny_config.IFD.PARSING.ROOT = str(tmp_path / "maps")
    (tmp_path / "maps" / "train" / "001" / "A_cropped_rgb000.png").unlink()
    absent = f"{tmp_path}/maps/train/001/A_cropped_rgb000.png"
    with pytest.raises(MissingParsingMapError, match=f"1 of 54 images .*{absent}"):
        build_train_loader(tiny_config)


def test_missing_maps_are_told_before_anything_is_read(copied_root):
    shutil.rmtree(copied_root / "prcc" / "parsing" / "train" / "002")
    with pytest.raises(MissingParsingMapError, match="9 of 54 images have no parsing map"):
        dataset(copied_root)


def test_a_map_of_another_size_is_refused(copied_root):
    path = copied_root / "prcc" / "parsing" / "train" / "001" / "A_cropped_rgb000.png"
    Image.open(path).resize((16, 32), Image.Resampling.NEAREST).save(path)
    with pytest.raises(ParsingMapError, match="16 x 32 .* is 32 x 64"):
        dataset(copied_root)[0]


def test_a_truncated_image_is_named(copied_root):
    path = copied_root / "prcc" / "rgb" / "train" / "001" / "A_cropped_rgb000.jpg"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DatasetError, match="A_cropped_rgb000.jpg cannot be read"):
        dataset(copied_root)[0]


def test_a_data_set_without_clothes_is_refused(tiny_config, tmp_path, monkeypatch):
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        os.makedirs(tmp_path / "Market-1501-v15.09.15" / folder)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    tiny_config.DATASETS.NAMES = ("Market1501",)
    with pytest.raises(ValueError, match="Market1501 knows neither clothes nor parsing maps"):
        build_train_loader(tiny_config)


def test_check_data_reads_what_will_be_used(tiny_config, tmp_path, monkeypatch):
    check_data(tiny_config)
    tiny_config.DATASETS.TESTS = ("LTCC",)
    with pytest.raises(DatasetError, match="LTCC"):
        check_data(tiny_config)


def test_workers_give_the_same_items(tiny_config):
    plain = next(iter(build_test_loader(tiny_config, "PRCC")[0]))
    tiny_config.DATALOADER.NUM_WORKERS = 2
    parallel = next(iter(build_test_loader(tiny_config, "PRCC")[0]))
    assert torch.equal(plain["images"], parallel["images"])
    assert plain["img_paths"] == parallel["img_paths"]
