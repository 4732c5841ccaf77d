"""Every kind of problem, planted in a sound data set and found by name."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from datasets_ext import LTCC, PRCC, convert_labels
from datasets_ext.check import as_text

IMAGE = "train/002/B_cropped_rgb001.jpg"
TEST_IMAGE = "test/A/008/cropped_rgb000.jpg"
BELOW = f"rgb/{IMAGE}"


def test_sizes_other_than_published(data):
    problems = data.found(dataset=PRCC)
    details = [detail for _, detail in problems.pop("counts")]
    assert problems == {}
    assert "train: 54 images, published 17,896" in details
    assert "all: 10 ids, published 221" in details
    assert "| 54 of 17,896" in as_text(data.check(PRCC))


@pytest.mark.parametrize("kept", [0, 100, 600])
def test_a_truncated_image(data, kept):
    path = data.image(IMAGE)
    path.write_bytes(path.read_bytes()[:kept])
    ((images, detail),) = data.found()["unreadable-image"]
    assert images == [BELOW]
    assert "cannot be read" in detail


def test_a_text_file_in_place_of_an_image(data):
    data.image(IMAGE).write_text("no image")
    assert list(data.found()) == ["unreadable-image"]


def test_an_image_without_a_map(data):
    data.map(IMAGE).unlink()
    assert data.found() == {"missing-map": [([BELOW], f"expected {data.map(IMAGE)}")]}


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"no map"])
def test_a_damaged_map(data, content):
    data.map(IMAGE).write_bytes(content)
    ((images, detail),) = data.found()["unreadable-map"]
    assert images == [BELOW]
    assert str(data.map(IMAGE)) in detail


def test_a_picture_in_place_of_a_map(data):
    Image.new("RGB", (32, 64)).save(data.map(IMAGE))
    ((_, detail),) = data.found()["unreadable-map"]
    assert "8-bit RGB" in detail


def test_a_map_of_another_size(data):
    data.change_map(IMAGE, lambda labels: labels[::2, ::2])
    assert data.found() == {"map-size": [([BELOW], "map 16 x 32, image 32 x 64 (width x height)")]}


def test_labels_outside_the_system(data):
    def change(labels):
        labels[0, :3] = (20, 255, 20)
        return labels

    data.change_map(IMAGE, change)
    assert data.found() == {"labels": [([BELOW], "labels 20, 255; lip has 0 to 19")]}


def test_a_map_without_clothing(data):
    data.change_map(IMAGE, lambda labels: np.where(labels == 5, 0, labels))
    assert data.found() == {"no-clothing": [([BELOW], "the map holds Background, Face")]}


@pytest.mark.parametrize(("rest", "names"), [(0, "Upper-clothes"), (9, "Upper-clothes, Pants")])
def test_a_map_with_nothing_but_clothing(data, rest, names):
    data.change_map(IMAGE, lambda labels: np.where(labels == 5, 5, rest))
    assert data.found() == {"only-clothing": [([BELOW], f"beside background the map holds {names}")]}


@pytest.mark.parametrize("system", ["atr", "pascal"])
def test_maps_read_in_another_system(data, system):
    problems = data.found(system=system)
    ((images, detail),) = problems["label-system"]
    assert images == []
    assert f"cannot be of label system '{system}': in 100 % of the 144 that were looked at" in detail
    assert "They are 'lip'." in detail
    # LIP's 13 and 5 are labels of ATR, too; pascal ends at 6.
    assert len(problems.get("labels", [])) == (144 if system == "pascal" else 0)


def test_maps_of_atr_that_do_not_say_so(data):
    data.change_maps(lambda labels: convert_labels(labels, "lip", "atr"))
    ((_, detail),) = data.found()["label-system"]
    assert detail.endswith("IFD.PARSING.SYSTEM: atr")
    assert data.found(system="atr") == {}


def test_one_person(data):
    for pid in range(2, 7):
        for split in ("train", "val"):
            shutil.rmtree(data.root / "prcc" / "rgb" / split / f"{pid:03d}")
    assert data.found() == {"one-person": [([], "there is one person only to train on: nothing can be confused")]}
    for camera in "ABC":
        for pid in range(8, 11):
            shutil.rmtree(data.root / "prcc" / "rgb" / "test" / camera / f"{pid:03d}")
    assert len(data.found()["one-person"]) == 2


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize(
    ("make", "message"),
    [(make_folder, "it is a folder"), (make_pipe, "it is a named pipe"), (make_device, "it is a device")],
)
def test_a_map_that_is_no_file(data, make, message):
    data.map(IMAGE).unlink()
    make(data.map(IMAGE))
    ((images, detail),) = data.found()["unreadable-map"]
    assert images == [BELOW]
    assert message in detail


def test_one_map_of_two_images(data):
    Image.new("RGB", (32, 64)).save(data.image(IMAGE).with_suffix(".png"))
    ((images, detail),) = data.found()["shared-map"]
    assert images == [BELOW, BELOW.replace(".jpg", ".png")]
    assert str(data.map(IMAGE)) in detail


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_person_under_two_spellings(data, split):
    parent = "train" if split == "train" else "test/A"
    pid = "002" if split == "train" else "008"
    for tree in ("rgb", "parsing"):
        folder = data.root / "prcc" / tree / parent
        shutil.copytree(folder / pid, folder / pid.lstrip("0"))
    problems = data.found()
    ((images, detail),) = problems["spelling"]
    assert {os.path.basename(os.path.dirname(image)) for image in images} == {pid, pid.lstrip("0")}
    assert pid in detail
    # In the training set these are two people of the same pictures; in the test set, one.
    assert ("people-duplicate" in problems) == (split == "train")


def test_one_outfit_under_two_spellings(at, tmp_path):
    random = np.random.default_rng(0)
    for name in ("train/001_1_c1_01", "train/001_01_c2_02", "query/002_1_c1_03", "test/002_2_c2_04"):
        for folder, pixels in (
            ("", random.integers(0, 255, (8, 4, 3))),
            ("parsing/", np.repeat([[5], [13]], 4, axis=1).repeat(4, axis=0)),
        ):
            path = tmp_path / "LTCC_ReID" / f"{folder}{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    problems = at(tmp_path).found(dataset=LTCC)
    ((images, detail),) = problems["spelling"]
    assert images == ["train/001_01_c2_02.png", "train/001_1_c1_01.png"]
    assert detail == "train: 001_01 and 001_1"


@pytest.mark.parametrize(
    ("source", "copy", "kind"),
    [
        (IMAGE, TEST_IMAGE, "train-test-duplicate"),
        ("val/002/A_cropped_rgb000.jpg", TEST_IMAGE, "train-test-duplicate"),
        (IMAGE, "train/003/B_cropped_rgb001.jpg", "people-duplicate"),
        ("test/B/009/cropped_rgb000.jpg", TEST_IMAGE, "people-duplicate"),
        ("test/B/008/cropped_rgb000.jpg", TEST_IMAGE, "query-duplicate"),
        ("train/002/B_cropped_rgb000.jpg", IMAGE, None),
        ("test/A/008/cropped_rgb001.jpg", TEST_IMAGE, None),
    ],
)
def test_duplicates(data, source, copy, kind):
    shutil.copy(data.image(source), data.image(copy))
    problems = data.found()
    if kind is None:
        assert problems == {}
        return
    ((images, detail),) = problems.pop(kind)
    assert problems == {}
    assert set(images) == {f"rgb/{source}", f"rgb/{copy}"}
    assert detail == "2 files show the same picture"


def test_a_duplicate_in_another_file_format_is_found_by_its_pixels(data):
    (data.image(TEST_IMAGE)).unlink()
    Image.open(data.image(IMAGE)).save(data.image(TEST_IMAGE).with_suffix(".png"))
    assert list(data.found()) == ["train-test-duplicate"]
