"""A report as one HTML file."""

import os
import shutil

from datasets_ext.check import write_page

IMAGE = "train/002/B_cropped_rgb001.jpg"
TEST_IMAGE = "test/A/008/cropped_rgb000.jpg"


def test_the_page_shows_what_was_found(data, tmp_path):
    data.image(TEST_IMAGE).write_bytes(b"broken")
    data.change_map(IMAGE, lambda labels: labels[::2, ::2])
    for n in range(3):
        data.map(f"train/003/A_cropped_rgb00{n}.jpg").unlink()
    page = tmp_path / "page.html"
    write_page(data.check(), str(page), sample=5, most=2)
    text = page.read_text(encoding="utf-8")
    # Sample 5 x 3, unreadable 1 (its map), other size 2, two without a map of 1 each.
    assert text.count('<img src="data:image/') == 15 + 1 + 2 + 2
    assert "Sample: 5 of 139 images" in text
    assert "Shown are 2 of 3" in text
    assert text.count("image cannot be read") == 1
    assert "rgb/train/002/B_cropped_rgb001.jpg" in text
    assert "http" not in text.replace("http-equiv", "")


def test_names_on_the_page_are_escaped(at, prcc_root, tmp_path):
    root = tmp_path / "<script>alert(1)</script>"
    shutil.copytree(prcc_root, root)
    data = at(root)
    data.map(IMAGE).unlink()
    write_page(data.check(), str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_control_characters_on_the_page_are_shown_as_such(at, prcc_root, tmp_path):
    root = tmp_path / os.fsdecode(b"a\x1b[2J\xe2\x80\xae\xff")
    shutil.copytree(prcc_root, root)
    data = at(root)
    data.map(IMAGE).unlink()
    write_page(data.check(), str(tmp_path / "page.html"))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert set("\x1b\u202e\udcff").isdisjoint(text)
    assert "a\\x1b[2J\\u202e\\udcff" in text
