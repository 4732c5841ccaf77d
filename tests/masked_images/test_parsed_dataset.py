"""Images with masks and labels: what an item holds, and what is refused."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import PRCC, DatasetError, MissingParsingMapError, ParsingMapError
from masked_images import ParsedDataset


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


def test_the_fingerprint_tells_data_apart(copied_root):
    before = dataset(copied_root).fingerprint()
    assert before["images"] == 54
    paths = list((copied_root / "prcc").rglob("train/*/*"))
    assert before["bytes"] == sum(path.stat().st_size for path in paths)
    # Read anew, elsewhere, it is the same.
    moved = copied_root.parent / "elsewhere"
    copied_root.rename(moved)
    assert dataset(moved).fingerprint() == before
    image = moved / "prcc" / "rgb" / "train" / "001" / "A_cropped_rgb000.jpg"
    content = image.read_bytes()
    image.write_bytes(content + b"\0")
    assert dataset(moved).fingerprint()["bytes"] == before["bytes"] + 1
    image.write_bytes(content)
    assert dataset(moved).fingerprint() == before
    image.rename(image.with_name("A_cropped_rgb009.jpg"))
    map_path = moved / "prcc" / "parsing" / "train" / "001" / "A_cropped_rgb000.png"
    map_path.rename(map_path.with_name("A_cropped_rgb009.png"))
    renamed = dataset(moved).fingerprint()
    assert (renamed["images"], renamed["bytes"]) == (before["images"], before["bytes"])
    assert renamed["sha256"] != before["sha256"]
