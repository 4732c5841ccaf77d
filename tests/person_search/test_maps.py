import sys

import numpy as np
import pytest
from PIL import Image

from person_search import MissingPackageError, PhotoError
from person_search.maps import MapFile, MapFolder, ParserMaps


@pytest.fixture
def maps(tmp_path):
    (tmp_path / "a").mkdir()
    for name, value in (("a/1.png", 3), ("2.png", 4)):
        Image.fromarray(np.full((6, 5), value, np.uint8)).save(tmp_path / name)
    return tmp_path


def test_a_folder_of_maps(maps):
    image = Image.new("RGB", (5, 6))
    folder = MapFolder(maps, "atr")
    assert folder.system == "atr"
    assert [int(labels[0, 0]) for labels in folder(["a/1.jpg", "2.jpeg"], [image, image])] == [3, 4]
    with pytest.raises(PhotoError, match=r"a/2\.png does not exist"):
        folder(["a/2.jpg"], [image])


def test_a_folder_says_whose_labels_its_maps_hold(maps):
    (maps / "label_system.json").write_text('{"system": "atr", "model": "some/parser"}')
    assert MapFolder(maps).system == MapFolder(maps, "atr").system == "atr"
    with pytest.raises(PhotoError, match="of label system 'atr', by .* to be read as 'lip'"):
        MapFolder(maps, "lip")
    (maps / "a" / "label_system.json").write_text('{"system": "lip"}')
    with pytest.raises(PhotoError, match="several label systems: 'atr' by .*, 'lip' by"):
        MapFolder(maps)


def test_the_record_is_the_one_that_makers_of_maps_write(tmp_path):
    datasets_ext = pytest.importorskip("datasets_ext")
    datasets_ext.claim_tree(str(tmp_path), datasets_ext.TreeRecord("pascal"), [])
    assert MapFolder(tmp_path).system == "pascal"


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"system": "lip", "replacing": true}'])
def test_records_that_say_nothing(maps, record):
    (maps / "label_system.json").write_text(record)
    with pytest.raises(PhotoError, match="cannot be read|being replaced"):
        MapFolder(maps)


def test_one_photos_map(maps):
    (labels,) = MapFile(maps / "2.png")(["whatever.jpg"], [Image.new("RGB", (5, 6))])
    assert (labels == 4).all()


def test_a_parser(monkeypatch):
    torch = pytest.importorskip("torch")
    people_parsing = pytest.importorskip("people_parsing")
    batches = []

    class Parser(people_parsing.Parser):
        """Labels each image by its width; of two image processors' shapes."""

        class system:
            name = "pascal"

        def prepare(self, image):
            return torch.zeros(3, 4, 4 if image.width < 7 else 8)

        def parse(self, inputs, sizes):
            batches.append(len(inputs))
            return [np.full(size[::-1], size[0], np.uint8) for size in sizes]

    monkeypatch.setattr(people_parsing, "load_parser", lambda name, device: Parser())
    maps = ParserMaps("some/parser")
    assert maps.system == "pascal"
    images = [Image.new("RGB", (width, 9)) for width in (5, 6, 7, 5)]
    assert [labels.shape for labels in maps(["x"] * 4, images)] == [(9, 5), (9, 6), (9, 7), (9, 5)]
    assert batches == [3, 1]
    assert maps([], []) == []


def test_without_people_parsing(monkeypatch):
    monkeypatch.setitem(sys.modules, "people_parsing", None)
    with pytest.raises(MissingPackageError, match="Parsing photos needs the package people_parsing"):
        ParserMaps("some/parser")
