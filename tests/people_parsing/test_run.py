"""Which images are parsed, where their maps go, and that a run that was stopped goes on."""

import os

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import PRCC, DatasetError, label_colours, label_system, read_label_png
from people_parsing import Parser, dataset_images, parse_images, tree_images, write_label_png


class Brightness(Parser):
    """Pixels as labels: 5 on the bright ones. Its inputs have the size of the image, so that batches mix shapes."""

    system = label_system("lip")

    def __init__(self, stop_after=None):
        self.batches = []
        self._stop_after = stop_after

    def prepare(self, image):
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float()

    def parse(self, inputs, sizes):
        if self._stop_after is not None and len(self.batches) == self._stop_after:
            raise KeyboardInterrupt
        self.batches.append(len(inputs))
        assert all(size == tuple(inputs.shape[:1:-1]) for size in sizes)
        return [(5 * (pixels.mean(0) > 127)).numpy().astype(np.uint8) for pixels in inputs]


@pytest.fixture
def tree(tmp_path):
    """Seven images of different sizes and kinds, and files that are none."""
    random = np.random.default_rng(0)
    names = ["a.jpg", "b.PNG", "sub/c.png", "sub/d.bmp", "sub/deep/e.tif", "sub/deep/f.webp", "z.jpeg"]
    for index, name in enumerate(names):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (8 + index % 2, 6, 3), dtype=np.uint8)).save(path)
    for name in (".hidden.jpg", "notes.txt"):
        (tmp_path / "images" / name).write_text("x")
    return tmp_path


def test_a_tree_and_its_maps(tree):
    pairs = tree_images(tree / "images", tree / "maps")
    relative = [os.path.relpath(pair.map, tree / "maps") for pair in pairs]
    assert relative == ["a.png", "b.png", "z.png", "sub/c.png", "sub/d.png", "sub/deep/e.png", "sub/deep/f.png"]
    parser = Brightness()
    done = parse_images(parser, pairs, batch_size=3, workers=2)
    assert done == (7, 0, [])
    assert sum(parser.batches) == 7
    for pair in pairs:
        pixels = np.array(Image.open(pair.image).convert("RGB")).astype(float)
        expected = np.where(pixels.mean(2) > 127, 5, 0)
        assert np.array_equal(read_label_png(pair.map), expected)


def test_only_what_is_missing(tree):
    pairs = tree_images(tree / "images", tree / "maps")
    parse_images(Brightness(), pairs)
    os.remove(pairs[3].map)
    kept = os.stat(pairs[0].map).st_mtime_ns
    parser = Brightness()
    assert parse_images(parser, pairs) == (1, 6, [])
    assert sum(parser.batches) == 1
    assert os.stat(pairs[0].map).st_mtime_ns == kept

    write_label_png(pairs[0].map, np.full((8, 6), 9, np.uint8))
    assert parse_images(Brightness(), pairs, overwrite=True) == (7, 0, [])
    assert set(np.unique(read_label_png(pairs[0].map))) <= {0, 5}


def test_a_run_that_was_stopped_goes_on(tree):
    pairs = tree_images(tree / "images", tree / "maps")[:4]
    with pytest.raises(KeyboardInterrupt):
        parse_images(Brightness(stop_after=2), pairs, batch_size=1)
    present = sum(os.path.exists(pair.map) for pair in pairs)
    assert present == 2
    assert parse_images(Brightness(), pairs, batch_size=1) == (2, 2, [])


def test_an_image_that_cannot_be_read_is_passed_over_and_named(tree):
    pairs = tree_images(tree / "images", tree / "maps")
    with open(pairs[1].image, "wb") as file:
        file.write(b"broken")
    done = parse_images(Brightness(), pairs, batch_size=2)
    assert done.written == 6
    assert len(done.failed) == 1
    assert pairs[1].image in done.failed[0]
    assert not os.path.exists(pairs[1].map)


def test_a_map_that_cannot_be_written_stops_the_run(tree):
    pairs = tree_images(tree / "images", tree / "maps")
    (tree / "maps").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="maps"):
        parse_images(Brightness(), pairs)


@pytest.mark.parametrize("number", [{"batch_size": 0}, {"workers": 0}])
def test_numbers_below_one_are_refused(number):
    with pytest.raises(ValueError, match="expected at least 1 each"):
        parse_images(Brightness(), [], **number)


def test_a_map_is_whole_or_absent(tmp_path, monkeypatch):
    path = str(tmp_path / "folder" / "map.png")
    labels = np.arange(20, dtype=np.uint8).reshape(4, 5)
    write_label_png(path, labels)
    assert np.array_equal(read_label_png(path), labels)
    with Image.open(path) as image:
        assert np.array_equal(np.array(image.convert("RGB")), label_colours()[labels])

    def half(self, file, **kwargs):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(OSError, match="disk full"):
        write_label_png(path, labels)
    assert np.array_equal(read_label_png(path), labels)
    assert os.listdir(tmp_path / "folder") == ["map.png"]


def test_colours_tell_the_labels_apart():
    colours = label_colours()
    assert colours.shape == (256, 3)
    assert len({tuple(colour) for colour in colours[:20].tolist()}) == 20
    assert colours[0].tolist() == [0, 0, 0]


def test_pairs_of_a_data_set(prcc_root, tmp_path):
    dataset = PRCC(root=str(prcc_root), verbose=False)
    pairs = dataset_images(dataset)
    assert len(pairs) == len({pair.image for pair in pairs}) == 2 * 54 + 36
    assert all(os.path.exists(pair.map) for pair in pairs)
    elsewhere = dataset_images(dataset, str(tmp_path))
    assert elsewhere[0].map == str(tmp_path / "train" / "001" / "A_cropped_rgb000.png")


def test_maps_inside_the_tree_are_not_taken_for_images(tree):
    pairs = tree_images(tree / "images", tree / "images" / "maps")
    parse_images(Brightness(), pairs)
    assert tree_images(tree / "images", tree / "images" / "maps") == pairs


def test_two_images_of_one_map_are_refused(tree):
    Image.new("RGB", (3, 3)).save(tree / "images" / "a.png")
    with pytest.raises(DatasetError, match=r"(?s)1 parsing maps would belong to several .*a\.jpg, .*a\.png"):
        tree_images(tree / "images", tree / "maps")


def test_folders_that_do_not_serve(tree):
    with pytest.raises(DatasetError, match="There is no folder .*nothing"):
        tree_images(tree / "nothing", tree / "maps")
    with pytest.raises(DatasetError, match="share the folder"):
        tree_images(tree / "images", tree / "images" / "sub" / "..")
    (tree / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"There is no image below .*empty; looked for \.bmp"):
        tree_images(tree / "empty", tree / "maps")
