import io
import os

import numpy as np
import pytest
from PIL import Image

from person_search import Photo, PhotoError, as_photo, read_photo
from person_search.photos import list_photos, read_map


def encoded(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


def test_the_id_follows_from_the_bytes_alone(tmp_path, draw):
    draw(0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    first, second = (read_photo(tmp_path / name) for name in ("a.png", "b.png"))
    assert first.id == second.id
    assert len(first.id) == 32
    assert first.id != Photo(encoded(draw(1), format="PNG")).id


def test_photos_from_memory(draw):
    image = draw(0)
    pixels = np.asarray(image)
    same = [as_photo(image), as_photo(pixels), as_photo(as_photo(image))]
    assert len({photo.id for photo in same}) == 1
    for photo in same:
        assert (np.asarray(photo.image()) == pixels).all()
    assert (np.asarray(as_photo(pixels[..., 0]).image()) == pixels[..., :1]).all()


@pytest.mark.parametrize("given", [3, None, np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4), np.float32)])
def test_what_is_no_photo_is_refused(given):
    with pytest.raises(TypeError, match="expected"):
        as_photo(given)


def test_a_photo_is_turned_upright():
    wide = Image.new("RGB", (40, 20), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    assert Photo(encoded(wide, format="JPEG", exif=exif)).image().size == (20, 40)


def test_sixteen_bits_are_scaled_not_clipped():
    grey = Image.fromarray(np.full((4, 4), 32768, np.uint16))
    assert np.asarray(Photo(encoded(grey, format="PNG")).image()).tolist() == np.full((4, 4, 3), 128).tolist()


def test_pixels_whose_white_is_unknown():
    with pytest.raises(PhotoError, match="which value is white"):
        Photo(encoded(Image.fromarray(np.full((4, 4), 0.5, np.float32)), format="TIFF"), "x.tif").image()


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_damaged_photos_are_named(content):
    with pytest.raises(PhotoError, match="Photo cut.png cannot be read .*copy it again"):
        Photo(content, "cut.png").image()


def test_a_photo_cut_short(draw):
    whole = encoded(draw(0), format="PNG")
    with pytest.raises(PhotoError, match="damaged, cut short"):
        Photo(whole[: len(whole) // 2]).image()


def test_formats_that_start_programs_are_not_decoded(draw):
    # PostScript goes to ghostscript.
    with pytest.raises(PhotoError, match="its format is not known"):
        Photo(encoded(draw(0), format="EPS")).image()


def test_a_photo_too_large_to_decode(draw, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(PhotoError, match="exceeds limit"):
        Photo(encoded(draw(0), format="PNG")).image()


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="is no file"):
        read_photo(tmp_path / "pipe.jpg")
    with pytest.raises(PhotoError, match="No such file"):
        read_photo(tmp_path / "absent.jpg")


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr("person_search.photos.LARGEST_FILE", 10)
    (tmp_path / "a.jpg").write_bytes(bytes(11))
    with pytest.raises(PhotoError, match="has 11 bytes; expected at most 10"):
        read_photo(tmp_path / "a.jpg")


def test_listing(tmp_path):
    names = [
        "b/2.PNG",
        "b/1.jpg",
        "a.webp",
        "b/c/3.tif",
        "maps/1.png",
        ".hidden/1.jpg",
        "b/.1.jpg",
        "notes.txt",
        "B.bmp",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    listed = list(list_photos(tmp_path, leave_out=str(tmp_path / "maps")))
    assert listed == ["B.bmp", "a.webp", "b/1.jpg", "b/2.PNG", "b/c/3.tif"]
    assert len(list(list_photos(tmp_path))) == 6
    with pytest.raises(PhotoError, match="There is no folder"):
        list(list_photos(tmp_path / "absent"))


def test_maps_of_both_kinds(tmp_path):
    labels = np.arange(12, dtype=np.uint8).reshape(4, 3)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    palette = Image.fromarray(labels)
    palette.putpalette(bytes(range(60)))
    palette.save(tmp_path / "palette.png")
    for name in ("grey.png", "palette.png"):
        assert (read_map(tmp_path / name, (3, 4)) == labels).all()
    with pytest.raises(PhotoError, match="3 x 4 pixels .* its image 4 x 3"):
        read_map(tmp_path / "grey.png", (4, 3))


def test_maps_that_are_none(tmp_path):
    Image.new("RGB", (3, 4)).save(tmp_path / "rgb.png")
    # Four bits of grey, which Pillow spreads to 0 to 255: signature, header (3 x 4), data, end.
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 3, 4, 4, 0, 0, 0, 0)
    rows = zlib.compress(b"\0\x12\x30" * 4)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    (tmp_path / "four.png").write_bytes(content)
    (tmp_path / "cut.png").write_bytes(content[:40])
    for name, message in [
        ("rgb.png", "mode RGB and 8 bits"),
        ("four.png", "mode L and 4 bits"),
        ("cut.png", "cannot be read"),
        ("absent.png", "does not exist"),
    ]:
        with pytest.raises(PhotoError, match=message):
            read_map(tmp_path / name, (3, 4))
