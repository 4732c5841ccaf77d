import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets_ext import (
    LTCC,
    PRCC,
    MissingParsingMapError,
    ParsingMapError,
    ParsingMaps,
    as_labels,
    clothing_ids,
    clothing_mask,
    label_system,
)

LABELS = np.array([[0, 2, 13], [0, 5, 5], [14, 9, 15], [0, 18, 19]], dtype=np.uint8)
SIZE = (3, 4)

# A palette as segmentation tools write it: a colour for every label, far from the label's own value.
COLOURS = [(37 * label * (channel + 3)) % 256 for label in range(256) for channel in range(3)]


@pytest.fixture
def maps(tmp_path):
    (tmp_path / "parsing/train").mkdir(parents=True)
    return ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip")


@pytest.fixture
def image_path(tmp_path):
    return str(tmp_path / "rgb/train/a.jpg")


def write_map(path, labels, *, palette=False):
    image = Image.fromarray(labels)
    if palette:
        image.putpalette(COLOURS)
    image.save(path)


def png(width, height, depth, colour_type, rows):
    """A PNG of packed rows, for the forms that Pillow does not write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(48))) if colour_type == 3 else b""
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("palette", [False, True])
def test_palette_and_grey_maps_read_alike(maps, image_path, palette):
    path = maps.path_for(image_path)
    write_map(path, LABELS, palette=palette)
    with Image.open(path) as image:
        assert image.mode == ("P" if palette else "L")
    labels = maps.load(image_path, SIZE)
    assert labels.dtype == np.uint8
    assert labels.tolist() == LABELS.tolist()
    labels[0, 0] = 1  # writable


def test_palette_of_four_bits_holds_indices(maps, image_path):
    packed = png(3, 2, 4, 3, [bytes([0x0D, 0x20]), bytes([0x5F, 0x90])])
    with open(maps.path_for(image_path), "wb") as file:
        file.write(packed)
    assert maps.load(image_path, (3, 2)).tolist() == [[0, 13, 2], [5, 15, 9]]


def test_grey_of_four_bits_is_refused(maps, image_path):
    # Pillow reads the value 1 as 17, a label of the system, so nothing later on would notice.
    path = maps.path_for(image_path)
    with open(path, "wb") as file:
        file.write(png(3, 1, 4, 0, [bytes([0x01, 0x10])]))
    with Image.open(path) as image:
        assert np.asarray(image.convert("L")).max() == 17
    with pytest.raises(ParsingMapError, match="PNG of 4-bit grey. Expected one byte per pixel"):
        maps.load(image_path, (3, 1))


@pytest.mark.parametrize(
    ("mode", "found"),
    [("RGB", "8-bit RGB"), ("RGBA", "8-bit RGB with alpha"), ("LA", "8-bit grey with alpha"), ("1", "1-bit grey")],
)
def test_picture_of_the_parsing_is_refused(maps, image_path, mode, found):
    coloured = Image.fromarray(LABELS)
    coloured.putpalette(COLOURS)
    coloured.convert("RGBA").convert(mode).save(maps.path_for(image_path))
    with pytest.raises(ParsingMapError, match=f"PNG of {found}. .*save the labels themselves") as error:
        maps.load(image_path, SIZE)
    assert maps.path_for(image_path) in str(error.value)


def test_16_bit_map_is_refused(maps, image_path):
    Image.fromarray(LABELS.astype(np.uint16)).save(maps.path_for(image_path))
    with pytest.raises(ParsingMapError, match="16-bit grey"):
        maps.load(image_path, SIZE)


def test_missing_map(maps, image_path):
    with pytest.raises(MissingParsingMapError) as error:
        maps.load(image_path, SIZE)
    message = str(error.value)
    assert image_path in message
    assert maps.path_for(image_path) in message
    assert "system 'lip'" in message
    assert "name the folder that holds them" in message
    assert isinstance(error.value, FileNotFoundError)


@pytest.mark.parametrize("kept", [0, 10, 25, 33, 60])
def test_truncated_map(maps, image_path, kept):
    path = maps.path_for(image_path)
    write_map(path, np.random.default_rng(0).integers(0, 20, (64, 32), dtype=np.uint8))
    with open(path, "r+b") as file:
        file.truncate(kept)
    with pytest.raises(ParsingMapError, match="cut short") as error:
        maps.load(image_path, (32, 64))
    assert path in str(error.value)
    assert "Make the map again" in str(error.value)


def test_map_that_is_cut_in_the_middle_of_its_pixels(maps, image_path):
    path = maps.path_for(image_path)
    write_map(path, np.random.default_rng(0).integers(0, 20, (64, 32), dtype=np.uint8))
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    with pytest.raises(ParsingMapError, match="damaged or cut short"):
        maps.load(image_path, (32, 64))


def test_map_whose_header_promises_a_gigantic_picture(maps, image_path):
    with open(maps.path_for(image_path), "wb") as file:
        file.write(png(60000, 60000, 8, 0, [b"\0"]))
    with pytest.raises(ParsingMapError, match="damaged or cut short .*decompression bomb"):
        maps.load(image_path, SIZE)


def test_jpeg_named_png_is_refused(maps, image_path):
    Image.fromarray(LABELS).save(maps.path_for(image_path), format="JPEG")
    with pytest.raises(ParsingMapError, match="is no PNG"):
        maps.load(image_path, SIZE)


@pytest.mark.parametrize("size", [(4, 3), (3, 5), (6, 8)])
def test_map_of_another_size(maps, image_path, size):
    write_map(maps.path_for(image_path), LABELS)
    with pytest.raises(ParsingMapError, match=r"is 3 x 4 pixels \(width x height\)") as error:
        maps.load(image_path, size)
    assert f"is {size[0]} x {size[1]}." in str(error.value)


@pytest.mark.parametrize(("system", "largest"), [("lip", 19), ("atr", 17), ("pascal", 6)])
def test_labels_outside_the_system(maps, image_path, system, largest):
    maps = ParsingMaps(maps.image_root, maps.parsing_root, system)
    labels = np.full((4, 3), largest, dtype=np.uint8)
    write_map(maps.path_for(image_path), labels)
    assert maps.load(image_path, SIZE).max() == largest

    labels[1, 1] = largest + 1
    write_map(maps.path_for(image_path), labels)
    with pytest.raises(ParsingMapError, match=rf"holds the labels \[{largest + 1}\]"):
        maps.load(image_path, SIZE)

    labels[2, 2] = 255
    write_map(maps.path_for(image_path), labels)
    with pytest.raises(ParsingMapError, match=rf"holds the labels \[{largest + 1}, 255\]") as error:
        maps.load(image_path, SIZE)
    assert f"label system '{system}' has 0 to {largest}" in str(error.value)
    assert "Name the system that the maps were made in" in str(error.value)


def test_unknown_label_system(tmp_path):
    with pytest.raises(ValueError, match="Unknown label system: 'cihp'. Known: lip, atr, pascal"):
        ParsingMaps(tmp_path, tmp_path, "cihp")


def test_label_system_may_be_given_itself(tmp_path):
    assert ParsingMaps(tmp_path, tmp_path, label_system("atr")).system is label_system("atr")


def test_image_elsewhere_has_no_map_path(maps, tmp_path):
    for elsewhere in (tmp_path / "other/a.jpg", tmp_path / "rgb2/a.jpg"):
        with pytest.raises(ValueError, match="does not lie below"):
            maps.path_for(elsewhere)


def test_folder_whose_name_begins_with_dots_is_below(maps, tmp_path):
    assert maps.path_for(tmp_path / "rgb/..a/x.jpg") == str(tmp_path / "parsing/..a/x.png")


def test_paths_mix_relative_and_absolute(maps, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert maps.path_for("rgb/train/a.b.jpeg") == str(tmp_path / "parsing/train/a.b.png")


def test_missing_lists_images_without_a_map_in_order(maps, tmp_path):
    images = [str(tmp_path / "rgb" / name) for name in ("train/b.jpg", "train/a.jpg", "gone/c.jpg", "train/d.jpg")]
    write_map(maps.path_for(images[1]), LABELS)
    assert maps.missing(images) == [images[0], images[2], images[3]]
    with pytest.raises(MissingParsingMapError) as error:
        maps.require(iter(images))
    assert "3 of 4 images have no parsing map" in str(error.value)
    assert maps.path_for(images[0]) in str(error.value)
    assert str(tmp_path / "parsing") in str(error.value)

    (tmp_path / "parsing/gone").mkdir()
    for image in images:
        write_map(maps.path_for(image), LABELS)
    assert maps.missing(images) == []
    maps.require(images)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
@pytest.mark.parametrize("ids", [clothing_ids("lip"), (), (0,), (255, 3, 254, 3), range(256)])
def test_clothing_mask_against_a_loop(ids, dtype):
    labels = np.random.default_rng(1).integers(0, 256, (40, 30)).astype(dtype)
    mask = clothing_mask(labels, ids)
    assert mask.dtype == np.uint8
    for row in range(40):
        for column in range(30):
            assert mask[row, column] == (1 if labels[row, column] in ids else 0)


def test_clothing_mask_of_a_known_map():
    assert clothing_mask(LABELS, clothing_ids("lip")).tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 0], [0, 1, 1]]
    assert clothing_mask(LABELS, clothing_ids("lip", ["Hair"])).tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_parsing_tree_of_prcc_stands_beside_rgb(prcc_root):
    dataset = PRCC(root=prcc_root)
    maps = dataset.parsing_maps()
    assert maps.system.name == "lip"
    assert maps.path_for(dataset.train[0][0]) == str(prcc_root / "prcc/parsing/train/001/A_cropped_rgb001.png")
    assert maps.path_for(dataset.query[-1][0]) == str(prcc_root / "prcc/parsing/test/C/100/cropped_rgb007.png")
    assert maps.path_for(dataset.val[0][0]) == str(prcc_root / "prcc/parsing/val/001/B_cropped_rgb100.png")


def test_parsing_tree_of_ltcc_stands_beside_the_splits(ltcc_root):
    dataset = LTCC(root=ltcc_root)
    maps = dataset.parsing_maps("atr", "")
    assert maps.system.name == "atr"
    assert maps.path_for(dataset.train[0][0]) == str(ltcc_root / "LTCC_ReID/parsing/train/001_1_c11_000012.png")
    assert maps.path_for(dataset.gallery[0][0]) == str(ltcc_root / "LTCC_ReID/parsing/test/005_10_c2_000004.png")


def test_parsing_root_of_choice(prcc_root):
    dataset = PRCC(root=prcc_root)
    maps = dataset.parsing_maps("pascal", parsing_root="/maps/pascal")
    assert maps.path_for(dataset.train[0][0]) == "/maps/pascal/train/001/A_cropped_rgb001.png"


def test_map_and_mask_of_a_data_set_item(prcc_root):
    dataset = PRCC(root=prcc_root)
    maps = dataset.parsing_maps()
    path = dataset.train[0][0]
    labels = np.zeros((16, 8), dtype=np.uint8)
    labels[4:10, 2:6] = 5
    map_path = maps.path_for(path)
    os.makedirs(os.path.dirname(map_path))
    write_map(map_path, labels, palette=True)
    with Image.open(path) as image:
        mask = clothing_mask(maps.load(path, image.size), clothing_ids(maps.system))
    assert mask.sum() == 24
    assert mask[4:10, 2:6].all()


def make_folder(path):
    os.mkdir(path)


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    os.symlink("/dev/zero", path)


def make_empty(path):
    open(path, "wb").close()


NO_MAPS = [
    (make_folder, "it is a folder"),
    (make_pipe, "it is a named pipe"),
    (make_device, "it is a device"),
    (make_empty, "is empty: whatever wrote it was cut short"),
]


@pytest.mark.parametrize(("make", "message"), NO_MAPS)
def test_what_is_no_file_is_no_map(maps, image_path, make, message):
    make(maps.path_for(image_path))
    with pytest.raises(ParsingMapError, match=message):
        maps.load(image_path, SIZE)
    assert maps.missing([image_path]) == [image_path]
    with pytest.raises(MissingParsingMapError, match=r"\(what is there is empty or no file\)"):
        maps.require([image_path])


def test_names_of_maps_are_shown_without_harm(tmp_path):
    maps = ParsingMaps(tmp_path / "rgb", tmp_path / "parsing\x1b[2J", "lip")
    image_path = str(tmp_path / "rgb" / "a\n.jpg")
    for read in (lambda: maps.load(image_path, SIZE), lambda: maps.require([image_path])):
        with pytest.raises(MissingParsingMapError) as error:
            read()
        assert set("\n\x1b").isdisjoint(str(error.value))
        assert "parsing\\x1b[2J/a\\n.png" in str(error.value)


@pytest.mark.parametrize(("system", "clothing"), [("lip", None), ("lip", ["Face"]), ("atr", None)])
def test_a_mask_is_that_of_the_clothing_set(tmp_path, image_path, system, clothing):
    (tmp_path / "parsing" / "train").mkdir(parents=True)
    maps = ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", system, clothing)
    labels = np.minimum(LABELS, len(label_system(system)) - 1)
    write_map(maps.path_for(image_path), labels)
    assert maps.clothing == clothing_ids(system, clothing)
    assert np.array_equal(maps.load_mask(image_path, SIZE), clothing_mask(labels, clothing_ids(system, clothing)))


def test_an_unknown_clothing_label(tmp_path):
    with pytest.raises(ValueError, match="Unknown label of label system 'lip': 'Trousers'"):
        ParsingMaps(tmp_path, tmp_path, "lip", ["Trousers"])


def write_people(root, count, face, clothes):
    """Maps of people with a face above their clothes."""
    for number in range(count):
        labels = np.zeros((16, 8), dtype=np.uint8)
        labels[1:4, 3:5] = face
        labels[4:15, 1:7] = clothes
        os.makedirs(root / "parsing", exist_ok=True)
        write_map(root / "parsing" / f"{number}.png", labels)
    return [str(root / "rgb" / f"{number}.jpg") for number in range(count)]


def test_maps_that_say_nothing_are_judged(tmp_path):
    # ATR's face is LIP's scarf, which may be; its upper clothes are LIP's sunglasses, which may not.
    images = write_people(tmp_path, 20, face=11, clothes=4)
    with pytest.raises(ParsingMapError, match=r"cannot be of label system 'lip': in 100 % of the 20 .*SYSTEM: atr"):
        ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip").require(images)
    ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "atr").require(images)
    ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip").require(images[:4])
    (tmp_path / "parsing" / "label_system.json").write_text('{"system": "lip"}')
    ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip").require(images)


def test_a_sample_of_many_maps_is_judged(tmp_path, monkeypatch):
    images = write_people(tmp_path, 5, face=13, clothes=5) * 500
    read = []
    monkeypatch.setattr("datasets_ext.parsing_maps.read_label_png", lambda path: read.append(path) or LABELS)
    ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip").require(images)
    assert 200 <= len(read) < 400
    assert len(set(read)) == 5


def test_a_damaged_map_in_the_sample_is_told(tmp_path):
    images = write_people(tmp_path, 6, face=13, clothes=5)
    os.truncate(tmp_path / "parsing" / "3.png", 40)
    with pytest.raises(ParsingMapError, match=r"3\.png is damaged or cut short"):
        ParsingMaps(tmp_path / "rgb", tmp_path / "parsing", "lip").require(images)


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        (
            np.zeros((4, 3, 3), np.uint8),
            ParsingMapError,
            r"map given is of shape \(4, 3, 3\) and dtype uint8",
        ),
        (np.zeros((4, 3)), ParsingMapError, "dtype float64"),
        (Image.new("RGB", (3, 4)), ParsingMapError, "map given is of mode RGB; expected one byte per pixel"),
        ([[0]], TypeError, "found list"),
        ("absent.png", MissingParsingMapError, r"absent\.png does not exist"),
    ],
)
def test_forms_of_a_map_that_do_not_serve(labels, error, message):
    with pytest.raises(error, match=message):
        as_labels(labels)


def test_forms_of_a_map(tmp_path):
    write_map(tmp_path / "map.png", LABELS, palette=True)
    for form in (LABELS, Image.fromarray(LABELS), Image.fromarray(LABELS).convert("P"), tmp_path / "map.png"):
        assert np.array_equal(as_labels(form), LABELS)
    assert as_labels(LABELS.astype(np.int64)).dtype == np.int64
