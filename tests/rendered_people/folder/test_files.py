import os

import numpy as np
import pytest
from PIL import Image

from rendered_people import RenderingError
from rendered_people.folder.files import WORKSHOP, Shelf, encoded


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "folder")


def test_images_come_back_as_they_were(shelf):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 4, 3), dtype=np.uint8)
    shelf.write("a/b.png", encoded(pixels, ".png"))
    shelf.write("a/labels.png", encoded(pixels[..., 0], ".png"))
    shelf.write("a/b.jpg", encoded(np.full((8, 4, 3), 77, dtype=np.uint8), ".jpg"))
    with Image.open(shelf.root / "a/b.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    with Image.open(shelf.root / "a/labels.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels[..., 0])
    with Image.open(shelf.root / "a/b.jpg") as image:
        assert np.abs(np.asarray(image).astype(int) - 77).max() <= 1


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_an_image_is_whole_or_it_is_not(shelf, name):
    assert not shelf.is_whole_image(name)
    shelf.write(name, encoded(np.zeros((8, 4, 3), dtype=np.uint8), name[-4:]))
    assert shelf.is_whole_image(name)
    whole = (shelf.root / name).read_bytes()
    for content in (b"", whole[:1], whole[:-1], whole[1:], b"\0" * len(whole), b"<html>" + whole[6:], whole + b"\0"):
        (shelf.root / name).write_bytes(content)
        assert not shelf.is_whole_image(name), content
    (shelf.root / name).unlink()
    (shelf.root / name).mkdir()
    assert not shelf.is_whole_image(name)


def test_a_fifo_is_no_file_and_is_not_waited_for(shelf):
    shelf.root.mkdir()
    os.mkfifo(shelf.root / "a.png")
    assert not shelf.is_whole_image("a.png")
    assert not shelf.holds("a.png", b"")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(shelf, monkeypatch):
    shelf.write("a.txt", b"old")

    def full(path, content):
        with open(path, "wb") as file:
            file.write(content[:1])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        shelf.write("a.txt", b"new")
    assert shelf.holds("a.txt", b"old")
    assert not list((shelf.root / WORKSHOP).iterdir())


def test_leftovers_are_swept_and_do_not_make_a_folder_used(shelf):
    assert shelf.is_empty()
    (shelf.root / WORKSHOP).mkdir(parents=True)
    (shelf.root / WORKSHOP / "17-half.png").write_bytes(b"half")
    assert shelf.is_empty()
    shelf.sweep()
    assert not list((shelf.root / WORKSHOP).iterdir())
    (shelf.root / "thesis.tex").write_text("years of work")
    assert not shelf.is_empty()


def test_a_folder_needs_a_name_and_to_be_no_file(tmp_path):
    with pytest.raises(RenderingError, match="has no name"):
        Shelf("")
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderingError, match="file is a file; the output must be a new or empty folder"):
        Shelf(tmp_path / "file")
