"""Every kind of problem, planted in a sound data set and found by name."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image

from datasets_ext import LTCC, PRCC, Counts, every_image
from datasets_ext.check import KINDS, as_json, as_text, check_dataset, check_images, write_page


@pytest.fixture
def root(prcc_root, tmp_path):
    shutil.copytree(prcc_root, tmp_path / "datasets")
    return tmp_path / "datasets"


class Unpublished(PRCC):
    """PRCC without its published sizes, which the tiny data set does not have."""

    published = {}


def checked(root, dataset=Unpublished, **options):
    return check_dataset(dataset(root=str(root), verbose=False), workers=1, **options)


def found(report):
    """Problems as {kind: [(images below the data set, detail)]}."""
    problems = {}
    for problem in report.problems:
        images = [os.path.relpath(image, report.folder) for image in problem.images]
        problems.setdefault(problem.kind, []).append((images, problem.detail))
    return problems


def path_of(root, name):
    return root / "prcc" / "rgb" / name


def map_of(root, name):
    return (root / "prcc" / "parsing" / name).with_suffix(".png")


def change_map(root, name, change):
    path = map_of(root, name)
    Image.fromarray(change(np.array(Image.open(path))).astype(np.uint8)).save(path)


IMAGE = "train/002/B_cropped_rgb001.jpg"
TEST_IMAGE = "test/A/008/cropped_rgb000.jpg"
BELOW = f"rgb/{IMAGE}"


def test_a_sound_data_set(prcc_root):
    report = checked(prcc_root)
    assert report.problems == []
    assert len(report.images) == 144
    assert report.counts["train"] == (Counts(6, 54, 3, 12), None)
    assert report.counts["all"] == (Counts(10, 144, 3, 20), None)
    # Face 12 x 12, clothes 40 x 20, of 64 x 32 pixels.
    uses = {name: use for name, use in report.labels.items() if use.images}
    assert set(uses) == {"Background", "Face", "Upper-clothes"}
    assert all(use.images == 144 for use in uses.values())
    assert uses["Face"].share == pytest.approx(144 / 2048)
    assert uses["Upper-clothes"].share == pytest.approx(800 / 2048)
    assert "Unpublished is sound: 144 images with their maps." in as_text(report)
    assert as_json(report)["sound"] is True


def test_processes_find_the_same(root):
    map_of(root, IMAGE).unlink()
    path_of(root, TEST_IMAGE).write_bytes(b"broken")
    dataset = PRCC(root=str(root), verbose=False)
    pairs = every_image(dataset, dataset.parsing_maps())
    assert check_images(pairs, workers=2) == check_images(pairs, workers=1)
    with pytest.raises(ValueError, match="workers 0"):
        check_images(pairs, workers=0)


def test_sizes_other_than_published(prcc_root):
    problems = found(checked(prcc_root, PRCC))
    details = [detail for _, detail in problems.pop("counts")]
    assert problems == {}
    assert "train: 54 images, published 17,896" in details
    assert "all: 10 ids, published 221" in details
    assert "| 54 of 17,896" in as_text(checked(prcc_root, PRCC))


@pytest.mark.parametrize("kept", [0, 100, 600])
def test_a_truncated_image(root, kept):
    path = path_of(root, IMAGE)
    path.write_bytes(path.read_bytes()[:kept])
    ((images, detail),) = found(checked(root))["unreadable-image"]
    assert images == [BELOW]
    assert "cannot be read" in detail


def test_a_text_file_in_place_of_an_image(root):
    path_of(root, IMAGE).write_text("no image")
    assert list(found(checked(root))) == ["unreadable-image"]


def test_an_image_without_a_map(root):
    map_of(root, IMAGE).unlink()
    assert found(checked(root)) == {"missing-map": [([BELOW], f"expected {map_of(root, IMAGE)}")]}


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"no map"])
def test_a_damaged_map(root, content):
    map_of(root, IMAGE).write_bytes(content)
    ((images, detail),) = found(checked(root))["unreadable-map"]
    assert images == [BELOW]
    assert str(map_of(root, IMAGE)) in detail


def test_a_picture_in_place_of_a_map(root):
    Image.new("RGB", (32, 64)).save(map_of(root, IMAGE))
    ((_, detail),) = found(checked(root))["unreadable-map"]
    assert "8-bit RGB" in detail


def test_a_map_of_another_size(root):
    change_map(root, IMAGE, lambda labels: labels[::2, ::2])
    assert found(checked(root)) == {"map-size": [([BELOW], "map 16 x 32, image 32 x 64 (width x height)")]}


def test_labels_outside_the_system(root):
    def change(labels):
        labels[0, :3] = (20, 255, 20)
        return labels

    change_map(root, IMAGE, change)
    assert found(checked(root)) == {"labels": [([BELOW], "labels 20, 255; lip has 0 to 19")]}


def test_a_map_without_clothing(root):
    change_map(root, IMAGE, lambda labels: np.where(labels == 5, 0, labels))
    assert found(checked(root)) == {"no-clothing": [([BELOW], "the map holds Background, Face")]}


@pytest.mark.parametrize(("rest", "names"), [(0, "Upper-clothes"), (9, "Upper-clothes, Pants")])
def test_a_map_with_nothing_but_clothing(root, rest, names):
    change_map(root, IMAGE, lambda labels: np.where(labels == 5, 5, rest))
    assert found(checked(root)) == {"only-clothing": [([BELOW], f"beside background the map holds {names}")]}


def test_what_counts_as_clothing_can_be_told(prcc_root):
    problems = found(checked(prcc_root, clothing=["Pants"]))
    assert list(problems) == ["no-clothing"]
    assert len(problems["no-clothing"]) == 144
    with pytest.raises(ValueError, match="Unknown label"):
        checked(prcc_root, clothing=["Trousers"])


def test_maps_read_in_another_system(prcc_root):
    # LIP's 13 is ATR's right leg: nothing is outside, but the page's table of labels shows that nobody has a face.
    assert checked(prcc_root, system="atr").labels["Face"].images == 0
    assert len(found(checked(prcc_root, system="pascal"))["labels"]) == 144


def test_maps_elsewhere(root, tmp_path):
    shutil.move(root / "prcc" / "parsing", tmp_path / "maps")
    assert len(found(checked(root))["missing-map"]) == 144
    assert found(checked(root, parsing_root=str(tmp_path / "maps"))) == {}


def test_one_map_of_two_images(root):
    Image.new("RGB", (32, 64)).save(path_of(root, IMAGE).with_suffix(".png"))
    ((images, detail),) = found(checked(root))["shared-map"]
    assert images == [BELOW, BELOW.replace(".jpg", ".png")]
    assert str(map_of(root, IMAGE)) in detail


@pytest.mark.parametrize("split", ["train", "test"])
def test_one_person_under_two_spellings(root, split):
    parent = "train" if split == "train" else "test/A"
    pid = "002" if split == "train" else "008"
    for tree in ("rgb", "parsing"):
        folder = root / "prcc" / tree / parent
        shutil.copytree(folder / pid, folder / pid.lstrip("0"))
    problems = found(checked(root))
    ((images, detail),) = problems["spelling"]
    assert {os.path.basename(os.path.dirname(image)) for image in images} == {pid, pid.lstrip("0")}
    assert pid in detail
    # In the training set these are two people of the same pictures; in the test set, one.
    assert ("people-duplicate" in problems) == (split == "train")


def test_one_outfit_under_two_spellings(tmp_path):
    random = np.random.default_rng(0)
    for name in ("train/001_1_c1_01", "train/001_01_c2_02", "query/002_1_c1_03", "test/002_2_c2_04"):
        for folder, pixels in (
            ("", random.integers(0, 255, (8, 4, 3))),
            ("parsing/", np.repeat([[5], [13]], 4, axis=1).repeat(4, axis=0)),
        ):
            path = tmp_path / "LTCC_ReID" / f"{folder}{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    problems = found(checked(tmp_path, LTCC))
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
def test_duplicates(root, source, copy, kind):
    shutil.copy(path_of(root, source), path_of(root, copy))
    problems = found(checked(root))
    if kind is None:
        assert problems == {}
        return
    ((images, detail),) = problems.pop(kind)
    assert problems == {}
    assert set(images) == {f"rgb/{source}", f"rgb/{copy}"}
    assert detail == "2 files show the same picture"


def test_a_duplicate_in_another_file_format_is_found_by_its_pixels(root):
    (path_of(root, TEST_IMAGE)).unlink()
    Image.open(path_of(root, IMAGE)).save(path_of(root, TEST_IMAGE).with_suffix(".png"))
    assert list(found(checked(root))) == ["train-test-duplicate"]


def test_report_as_text_lists_the_first_and_counts_the_rest(root):
    for n in range(3):
        for camera in "AB":
            map_of(root, f"train/002/{camera}_cropped_rgb00{n}.jpg").unlink()
    text = as_text(checked(root))
    assert f"| {KINDS['missing-map']}" in text
    assert "rgb/train/002/A_cropped_rgb000.jpg: expected" in text
    assert "  and 3 more" in text
    assert "Unpublished is not sound: 6 problems." in text
    assert "Unpublished is sound: 144 images with their maps (6 accepted)." in as_text(checked(root), ["missing-map"])


def test_report_as_data_names_everything(root):
    map_of(root, IMAGE).unlink()
    path_of(root, TEST_IMAGE).write_bytes(b"broken")
    report = checked(root)
    data = json.loads(json.dumps(as_json(report, ["missing-map"])))
    assert data["sound"] is False
    assert data["images"] == 144
    assert data["accepted"] == ["missing-map"]
    assert data["counts"]["train"]["found"] == {"ids": 6, "images": 54, "cameras": 3, "outfits": 12}
    assert data["labels"]["Face"]["images"] == 143
    assert [problem["images"] for problem in data["problems"]["missing-map"]] == [[str(path_of(root, IMAGE))]]
    assert [problem["images"] for problem in data["problems"]["unreadable-image"]] == [[str(path_of(root, TEST_IMAGE))]]
    assert as_json(report, ["missing-map", "unreadable-image"])["sound"] is True


def test_the_page_shows_what_was_found(root, tmp_path):
    path_of(root, TEST_IMAGE).write_bytes(b"broken")
    change_map(root, IMAGE, lambda labels: labels[::2, ::2])
    for n in range(3):
        map_of(root, f"train/003/A_cropped_rgb00{n}.jpg").unlink()
    page = tmp_path / "page.html"
    write_page(checked(root), str(page), sample=5, most=2)
    text = page.read_text(encoding="utf-8")
    # Sample 5 x 3, unreadable 1 (its map), other size 2, two without a map of 1 each.
    assert text.count('<img src="data:image/') == 15 + 1 + 2 + 2
    assert "Sample: 5 of 139 images" in text
    assert "Shown are 2 of 3" in text
    assert text.count("image cannot be read") == 1
    assert "rgb/train/002/B_cropped_rgb001.jpg" in text
    assert "http" not in text.replace("http-equiv", "")


def test_names_on_the_page_are_escaped(tmp_path, prcc_root):
    root = tmp_path / "<script>alert(1)</script>"
    shutil.copytree(prcc_root, root)
    map_of(root, IMAGE).unlink()
    write_page(checked(root), str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
