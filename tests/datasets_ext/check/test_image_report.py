"""One look at each image and map, in one process or several."""

import os

import pytest

from datasets_ext import DatasetError, ImageAndMap, every_image, read_label_png, read_rgb
from datasets_ext.check import check_image, check_images

IMAGE = "train/002/B_cropped_rgb001.jpg"
TEST_IMAGE = "test/A/008/cropped_rgb000.jpg"


def test_what_is_found_in_a_sound_pair(data):
    found = check_image(ImageAndMap(str(data.image(IMAGE)), str(data.map(IMAGE))))
    assert (found.size, found.map_size, found.has_map) == ((32, 64), (32, 64), True)
    labels = read_label_png(data.map(IMAGE))
    assert found.label_counts() == {label: int((labels == label).sum()) for label in (0, 5, 13)}
    assert (found.image_error, found.map_error) == (None, None)


def test_pictures_are_one_by_their_pixels(data):
    copy = data.image(IMAGE).with_suffix(".png")
    read_rgb(data.image(IMAGE)).save(copy)
    digests = [check_image(ImageAndMap(str(path), "absent.png")).pixels for path in (data.image(IMAGE), copy)]
    assert digests[0] == digests[1]
    assert check_image(ImageAndMap(str(data.image(TEST_IMAGE)), "absent.png")).pixels != digests[0]


def test_processes_find_the_same(data):
    data.map(IMAGE).unlink()
    data.image(TEST_IMAGE).write_bytes(b"broken")
    os.remove(data.map("train/003/A_cropped_rgb000.jpg"))
    os.mkfifo(data.map("train/003/A_cropped_rgb000.jpg"))
    dataset = data.dataset()
    pairs = every_image(dataset, dataset.parsing_tree())
    assert check_images(pairs, workers=2) == check_images(pairs, workers=1)
    with pytest.raises(ValueError, match="workers 0"):
        check_images(pairs, workers=0)


def end_of_this_process(pair):
    os._exit(1)


def test_a_process_that_ends(data, monkeypatch):
    dataset = data.dataset()
    pairs = every_image(dataset, dataset.parsing_tree())
    monkeypatch.setattr("datasets_ext.check.image_report.check_image", end_of_this_process)
    with pytest.raises(DatasetError, match="One of 2 processes that read images has ended; .*take fewer: --workers"):
        check_images(pairs, workers=2)
