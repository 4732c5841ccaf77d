import errno
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from datasets_ext import ImageFileError, as_rgb, decode_rgb, read_rgb, scale_16_bit, to_rgb

RGB = np.random.default_rng(0).integers(0, 256, (12, 6, 3), dtype=np.uint8)


def test_rgb_image_as_it_is(tmp_path):
    path = tmp_path / "image.png"
    Image.fromarray(RGB).save(path)
    image = read_rgb(path)
    assert image.mode == "RGB"
    assert image.size == (6, 12)
    assert np.array_equal(np.asarray(image), RGB)


def test_grey_palette_and_alpha_become_rgb(tmp_path):
    grey = Image.fromarray(RGB[..., 0])
    grey.save(tmp_path / "grey.png")
    assert np.array_equal(np.asarray(read_rgb(tmp_path / "grey.png")), np.repeat(RGB[..., :1], 3, axis=2))

    palette = Image.fromarray(RGB[..., 0] % 2)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.save(tmp_path / "palette.png")
    expected = np.array([[10, 20, 30], [40, 50, 60]], dtype=np.uint8)[RGB[..., 0] % 2]
    assert np.array_equal(np.asarray(read_rgb(tmp_path / "palette.png")), expected)

    Image.fromarray(np.dstack([RGB, np.full((12, 6), 200, dtype=np.uint8)])).save(tmp_path / "alpha.png")
    assert np.array_equal(np.asarray(read_rgb(tmp_path / "alpha.png")), RGB)


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated: to be turned clockwise for display
    Image.fromarray(RGB).save(tmp_path / "image.png", exif=exif)
    assert np.array_equal(np.asarray(read_rgb(tmp_path / "image.png")), np.rot90(RGB, k=-1))


def test_missing_image(tmp_path):
    with pytest.raises(ImageFileError, match=r"nothing\.jpg does not exist"):
        read_rgb(tmp_path / "nothing.jpg")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_image(tmp_path, suffix):
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageFileError, match=rf"cut\.{suffix} cannot be read .*copy it again"):
        read_rgb(path)


def test_damaged_image(tmp_path):
    path = tmp_path / "damaged.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)).save(path)
    first, second, rest = path.read_bytes().split(b"IDAT", 2)
    path.write_bytes(first + b"IDAT" + second + b"\0\0\0\0" + rest)
    with pytest.raises(ImageFileError, match=r"damaged\.png cannot be read"):
        read_rgb(path)


@pytest.mark.parametrize("content", [b"", b"no image at all"])
def test_no_image(tmp_path, content):
    path = tmp_path / "text.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageFileError, match=r"text\.jpg cannot be read"):
        read_rgb(path)


def test_16_bit_grey_is_scaled(tmp_path):
    values = np.array([[0, 128, 129, 257, 385, 386], [32767, 32896, 65279, 65406, 65407, 65535]], dtype=np.uint16)
    expected = np.rint(values / 65535 * 255).astype(np.uint8)
    for name in ("grey.png", "grey.tif"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(np.asarray(read_rgb(tmp_path / name)), np.dstack([expected] * 3))


def test_every_16_bit_value_is_rounded_to_the_nearest():
    values = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(scale_16_bit(values), np.rint(values / 257.0).astype(np.uint8))


@pytest.mark.parametrize("values", [np.array([[0.0, 1.0]], np.float32), np.array([[0, 70000]]), np.array([[-1, 5]])])
def test_pixels_whose_white_is_not_known(tmp_path, values):
    Image.fromarray(values.astype(np.float32 if values.dtype == np.float32 else np.int32)).save(tmp_path / "wide.tif")
    with pytest.raises(ImageFileError, match=r"wide\.tif cannot be converted to RGB: .*white is not known"):
        read_rgb(tmp_path / "wide.tif")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_data_do_not_lose_the_image(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "image.png", exif=b"Exif\0\0MM\0*broken")
    assert np.array_equal(np.asarray(read_rgb(tmp_path / "image.png")), RGB)


def test_an_image_in_memory_is_not_changed():
    image = Image.fromarray(RGB)
    converted = to_rgb(image)
    converted.putpixel((0, 0), (1, 2, 3))
    assert np.array_equal(np.asarray(image), RGB)


def test_bytes_are_called_what_the_caller_calls_them():
    with pytest.raises(ImageFileError, match=r"Image upload 7 cannot be read \(its format is not known\)"):
        decode_rgb(b"no image", "upload 7")


def make_folder(path):
    path.mkdir()


def make_pipe(path):
    os.mkfifo(path)


def make_device(path):
    path.symlink_to("/dev/zero")


def make_loop(path):
    path.symlink_to(path.name)


def make_gigantic(path):
    with open(path, "wb") as file:
        file.truncate(2**40)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_folder, "it is a folder"),
        (make_pipe, "it is a named pipe"),
        (make_device, "it is a device"),
        (make_loop, "Too many levels of symbolic links"),
        (make_gigantic, "it has 1,099,511,627,776 bytes"),
    ],
)
def test_what_is_no_image_file_is_told_without_waiting(tmp_path, make, message):
    make(tmp_path / "x.jpg")
    with pytest.raises(ImageFileError, match=rf"x\.jpg cannot be read: {message}"):
        read_rgb(tmp_path / "x.jpg")


def test_a_file_that_this_user_may_not_read(tmp_path, monkeypatch):
    # As root, permission bits do not bite.
    (tmp_path / "x.jpg").write_bytes(b"x")

    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x.jpg"))

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(ImageFileError, match=r"x\.jpg cannot be read: Permission denied"):
        read_rgb(tmp_path / "x.jpg")


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb_of_pixels():
    """A PNG of 100 bytes that says it has 3.6 billion pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(b"\0")) + png_chunk(b"IEND", b"")


def bomb_of_text():
    """A PNG of one pixel with a text of 100 MB, compressed."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 10**8))
    pixels = png_chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + text + pixels + png_chunk(b"IEND", b"")


@pytest.mark.parametrize("bomb", [bomb_of_pixels, bomb_of_text])
def test_decompression_bombs(tmp_path, bomb):
    (tmp_path / "bomb.png").write_bytes(bomb())
    with pytest.raises(ImageFileError, match=r"bomb\.png cannot be read"):
        read_rgb(tmp_path / "bomb.png")


def test_a_postscript_is_not_run(tmp_path, monkeypatch):
    from PIL import EpsImagePlugin

    def ghostscript(*_, **__):
        raise AssertionError("Ghostscript was called")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", ghostscript)
    content = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n(%pipe%touch ran) (w) file\n%%EOF\n"
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(ImageFileError, match="its format is not known"):
        read_rgb(tmp_path / "x.jpg")


@pytest.mark.parametrize("form", ["BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP"])
def test_raster_formats(tmp_path, form):
    Image.new("RGB", (16, 32), (200, 100, 50)).save(tmp_path / "x.jpg", format=form)
    image = np.asarray(read_rgb(tmp_path / "x.jpg"))
    assert image.shape == (32, 16, 3)
    assert np.abs(image.astype(int) - (200, 100, 50)).max() < 5


@pytest.mark.parametrize("name", ["é 人.jpg", "a\nb.jpg", "\x1b[2Jx.jpg", os.fsdecode(b"\xff.jpg"), "n" * 246 + ".jpg"])
def test_names_of_all_kinds(tmp_path, name):
    path = os.path.join(tmp_path, name)
    Image.fromarray(RGB).save(path, format="PNG")
    assert read_rgb(path).size == (6, 12)
    with open(path, "wb") as file:
        file.write(b"no image")
    with pytest.raises(ImageFileError) as error:
        read_rgb(path)
    assert set("\n\x1b\udcff").isdisjoint(str(error.value))


def test_an_image_that_another_opened_and_cannot_be_loaded(tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "x.png")
    with Image.open(tmp_path / "x.png") as image:
        os.truncate(tmp_path / "x.png", 200)
        with pytest.raises(ImageFileError, match="Image of mine cannot be read"):
            as_rgb(image, "of mine")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I"])
def test_any_mode(mode):
    found = as_rgb(Image.new(mode, (3, 4)))
    assert (found.mode, found.size) == ("RGB", (3, 4))
