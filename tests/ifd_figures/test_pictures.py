"""Picture files: refused before any work, and whole."""

import os

import matplotlib.pyplot as plt
import pytest
import torch

from ifd_figures.pictures import PictureError, check_picture, pixels, save_picture


@pytest.mark.parametrize("name", ["a.jpg", "picture", "a.png.txt", ".png"])
def test_another_format_is_refused(tmp_path, name):
    with pytest.raises(PictureError, match=r"expected a name that ends in \.png, \.pdf, \.svg"):
        check_picture(tmp_path / "new" / name)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(PictureError, match="a folder; name a file"):
        check_picture(tmp_path / "a.png")


def test_a_file_in_the_folders_place_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        check_picture(tmp_path / "file" / "a.png")


def test_a_name_that_is_too_long_is_named(tmp_path):
    with pytest.raises(OSError, match="aaa"):
        check_picture(tmp_path / f"{'a' * 300}.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"a\.png"):
        check_picture(tmp_path / "a.png")


def test_the_folder_is_made_and_what_is_there_stays(tmp_path):
    path = tmp_path / "new" / "a.PNG"
    assert check_picture(str(path)) == path
    assert list(path.parent.iterdir()) == []
    path.write_text("old")
    check_picture(path)
    assert path.read_text() == "old"


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("PDF", b"%PDF"), ("svg", b"<?xml")])
def test_a_picture_is_written_whole_in_its_format(tmp_path, ending, start):
    figure, _ = plt.subplots()
    path = tmp_path / f"a.{ending}"
    path.write_text("old")
    save_picture(figure, path, dpi=20)
    assert path.read_bytes().startswith(start)
    assert list(tmp_path.iterdir()) == [path]
    assert not plt.fignum_exists(figure.number)


def test_a_picture_that_cannot_be_drawn_leaves_the_old_one(tmp_path):
    figure, axis = plt.subplots()
    axis.set_title("$\\broken$")
    path = tmp_path / "a.png"
    path.write_text("old")
    with pytest.raises(ValueError, match="broken"):
        save_picture(figure, path, dpi=20)
    assert path.read_text() == "old"
    plt.close(figure)


def test_pixels_are_those_of_the_image():
    sample = torch.tensor([[[-3.0, 300.0]], [[1.0, 2.0]], [[127.9, 255.0]], [[1.0, 0.0]]])
    assert pixels(sample).tolist() == [[[0, 1, 127], [255, 2, 255]]]
