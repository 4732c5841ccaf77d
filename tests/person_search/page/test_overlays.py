import io

import numpy as np
from PIL import Image

from person_search.page.overlays import as_jpeg, with_attention, with_mask

GREY = Image.new("RGB", (4, 8), (102, 102, 102))


def test_a_picture_is_new_bytes_and_at_most_1024_pixels_long():
    for size, shown in (((2048, 512), (1024, 256)), ((60, 1100), (56, 1024)), ((3, 5), (3, 5))):
        image = Image.new("RGB", size)
        image.info["comment"] = b"whose it is"
        content = as_jpeg(image)
        assert Image.open(io.BytesIO(content)).size == shown
        assert b"whose it is" not in content
        # What was given is as it was.
        assert image.size == size


def test_clothing_alone_is_tinted():
    mask = np.zeros((8, 4), bool)
    mask[4:, :2] = True
    pixels = np.asarray(with_mask(GREY, mask))
    assert (pixels[mask] == (194, 41, 137)).all()
    assert (pixels[~mask] == 102).all()


def test_attention_is_dark_where_it_is_low_and_bright_where_it_is_high():
    attention = np.linspace(0.2, 0.4, 8)[:, None].repeat(4, 1)
    pixels = np.asarray(with_attention(GREY, attention)).astype(int)
    assert pixels[0, 0].tolist() == [46, 46, 68]
    assert pixels[-1, 0].tolist() == [186, 183, 139]
    assert (np.diff(pixels.sum(2)[:, 0]) > 0).all()


def test_attention_without_a_difference_is_in_the_middle():
    pixels = np.asarray(with_attention(GREY, np.full((2, 1), 0.7)))
    assert (pixels == (156, 73, 84)).all()
