"""Maps of many images: what is made, what is left, and that a run that was stopped goes on."""

import json
import os

import numpy as np
import pytest
from PIL import Image

from datasets_ext import ParsingMapError, label_system, read_label_png
from people_parsing import VERSION, parse_images, tree_images, write_label_png


@pytest.fixture
def root(tree):
    return str(tree / "maps")


@pytest.fixture
def pairs(tree, root):
    return tree_images(tree / "images", root)


def record(root):
    with open(os.path.join(root, "label_system.json")) as file:
        return json.load(file)


def test_every_image_gets_its_map(pairs, root, brightness):
    done = parse_images(brightness, pairs, root, batch_size=3, workers=2)
    assert done == (7, 0, [])
    assert sum(brightness.batches) == 7
    for pair in pairs:
        pixels = np.array(Image.open(pair.image).convert("RGB")).astype(float)
        expected = np.where(pixels.mean(2) > 127, 5, 0)
        assert np.array_equal(read_label_png(pair.map), expected)


def test_only_what_is_missing(pairs, root, brightness):
    parse_images(brightness, pairs, root)
    os.remove(pairs[3].map)
    kept = os.stat(pairs[0].map).st_mtime_ns
    brightness.batches.clear()
    assert parse_images(brightness, pairs, root) == (1, 6, [])
    assert sum(brightness.batches) == 1
    assert os.stat(pairs[0].map).st_mtime_ns == kept

    write_label_png(pairs[0].map, np.full((8, 6), 9, np.uint8))
    assert parse_images(brightness, pairs, root, overwrite=True) == (7, 0, [])
    assert set(np.unique(read_label_png(pairs[0].map))) <= {0, 5}


@pytest.mark.parametrize("kept", [0, 30, 60])
def test_a_map_that_was_cut_short_is_not_taken_for_done(pairs, root, brightness, kept):
    parse_images(brightness, pairs, root)
    whole = read_label_png(pairs[2].map)
    with open(pairs[2].map, "r+b") as file:
        file.truncate(kept)
    assert parse_images(brightness, pairs, root) == (1, 6, [])
    assert np.array_equal(read_label_png(pairs[2].map), whole)


def test_a_run_that_was_stopped_goes_on(pairs, root, brightness):
    brightness.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        parse_images(brightness, pairs[:4], root, batch_size=1)
    assert sum(os.path.exists(pair.map) for pair in pairs) == 2
    brightness.stop_after = None
    assert parse_images(brightness, pairs[:4], root, batch_size=1) == (2, 2, [])


def test_an_image_that_cannot_be_read_is_passed_over_and_named(pairs, root, brightness):
    with open(pairs[1].image, "wb") as file:
        file.write(b"broken")
    os.remove(pairs[4].image)
    os.mkfifo(pairs[4].image)
    done = parse_images(brightness, pairs, root, batch_size=2)
    assert done.written == 5
    assert len(done.failed) == 2
    assert pairs[1].image in done.failed[0]
    assert f"{pairs[4].image} cannot be read: it is a named pipe" in done.failed[1]
    assert not os.path.exists(pairs[1].map)


def test_a_map_that_cannot_be_written_stops_the_run(pairs, root, brightness):
    os.makedirs(os.path.join(root, "sub", "c.png", "in the way"))
    with pytest.raises(OSError, match=r"sub/c\.png"):
        parse_images(brightness, pairs, root)


def test_a_file_where_the_folder_should_be(pairs, root, brightness):
    with open(root, "w") as file:
        file.write("in the way")
    with pytest.raises(ParsingMapError, match="maps cannot be read: .*Not a directory"):
        parse_images(brightness, pairs, root)


@pytest.mark.parametrize("number", [{"batch_size": 0}, {"workers": 0}])
def test_numbers_below_one_are_refused(brightness, number):
    with pytest.raises(ValueError, match="expected at least 1 each"):
        parse_images(brightness, [], "maps", **number)


def test_the_tree_says_what_it_holds_before_the_first_map(pairs, root, brightness):
    brightness.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        parse_images(brightness, pairs, root)
    says = record(root)
    assert says.pop("date")[:2] == "20"
    assert says == {"system": "lip", "model": "Brightness", "version": VERSION}


@pytest.mark.parametrize("other", ["system", "model"])
def test_maps_of_another_kind_are_not_added_to_a_tree(pairs, root, brightness, monkeypatch, other):
    parse_images(brightness, pairs[:4], root)
    if other == "system":
        brightness.system = label_system("atr")
    else:
        monkeypatch.setattr(type(brightness), "name", "Darkness")
    with pytest.raises(ParsingMapError, match="holds the maps of one model. Name another .*--output.*--overwrite"):
        parse_images(brightness, pairs, root)
    assert not any(os.path.exists(pair.map) for pair in pairs[4:])
    assert record(root)["model"] == "Brightness"

    assert parse_images(brightness, pairs, root, overwrite=True) == (7, 0, [])
    assert record(root)[other] == {"system": "atr", "model": "Darkness"}[other]


def test_an_interrupted_replacement_leaves_no_map_of_the_former_model(pairs, root, brightness):
    parse_images(brightness, pairs, root)
    brightness.system = label_system("atr")
    brightness.batches.clear()
    brightness.stop_after = 1
    with pytest.raises(KeyboardInterrupt):
        parse_images(brightness, pairs, root, batch_size=2, overwrite=True)
    assert sum(os.path.exists(pair.map) for pair in pairs) <= 2
    assert record(root)["system"] == "atr"
    brightness.stop_after = None
    done = parse_images(brightness, pairs, root)
    assert done.written + done.present == 7
