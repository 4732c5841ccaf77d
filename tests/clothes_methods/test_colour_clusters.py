"""Colours of clothes, and the outfits that they tell apart."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from clothes_methods import clothing_colours, colour_clusters


def dressed(upper, lower, seed=0, height=32):
    random = np.random.default_rng(seed)
    image = random.integers(0, 256, (height, 16, 3), dtype=np.uint8)
    mask = np.zeros((height, 16), dtype=np.uint8)
    mask[height // 4 : height, 4:12] = 1
    half = height // 4 + 3 * height // 8
    image[height // 4 : half, 4:12] = upper
    image[half:, 4:12] = lower
    return image, mask


def test_colours_are_cielab_of_stripes():
    colours = clothing_colours(*dressed((200, 30, 60), (20, 80, 160))) * 2
    profiles = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    transform = ImageCms.buildTransform(*profiles, "RGB", "LAB")
    for stripes, rgb in ((colours[:6], (200, 30, 60)), (colours[6:], (20, 80, 160))):
        light, a, b = ImageCms.applyTransform(Image.new("RGB", (1, 1), rgb), transform).getpixel((0, 0))
        # Of 8 bits, and of a white point D50.
        expected = [light / 2.55, a - 128, b - 128]
        assert np.allclose(stripes.reshape(2, 3), expected, atol=10)
    white = clothing_colours(np.full((4, 2, 3), 255, np.uint8), np.ones((4, 2))) * 2
    assert np.allclose(white.reshape(4, 3), [100, 0, 0], atol=0.01)


def test_nothing_but_the_clothes_counts():
    one, two = dressed((90, 90, 0), (0, 0, 90), seed=1), dressed((90, 90, 0), (0, 0, 90), seed=2)
    assert np.array_equal(clothing_colours(*one), clothing_colours(*two))
    # The lower half is empty: its stripes have the mean of all.
    image, mask = dressed((90, 90, 0), (0, 0, 90))
    mask[12:30] = 0
    assert np.isfinite(clothing_colours(image, mask)).all()
    assert not clothing_colours(image, np.zeros_like(mask)).any()
    with pytest.raises(ValueError, match="shapes"):
        clothing_colours(image, mask[1:])


OUTFITS = [((200, 20, 20), (20, 20, 200)), ((20, 160, 60), (20, 20, 200)), ((240, 240, 240), (30, 30, 30))]


@pytest.mark.parametrize("options", [{"clusters": 3}, {"distance": 15.0}])
def test_outfits_are_found_whatever_the_order_and_the_other_people(options):
    random = np.random.default_rng(0)
    worn = np.array([0, 1, 2] * 4)
    pids = ["a"] * 12 + ["b"] * 12
    colours = [
        clothing_colours(
            *dressed(*[np.array(part) + random.integers(-9, 10, 3).clip(0) for part in OUTFITS[o]], seed=n)
        )
        for n, o in enumerate([*worn, *worn])
    ]
    found = colour_clusters(np.array(colours), pids, **options)
    assert found.tolist() == [*worn, *worn]
    order = random.permutation(24)
    again = colour_clusters(np.array(colours)[order], [pids[i] for i in order], **options)
    for person in ("a", "b"):
        members = [position for position, i in enumerate(order) if pids[i] == person]
        assert len({(again[m], worn[order[m] % 12]) for m in members}) == 3


def test_few_images_and_bad_input():
    assert colour_clusters(np.zeros((1, 12)), [7], clusters=3).tolist() == [0]
    assert sorted(colour_clusters(np.eye(2), [7, 7], clusters=3).tolist()) == [0, 1]
    assert colour_clusters(np.zeros((0, 12)), []).tolist() == []
    with pytest.raises(ValueError, match="1 colours and 2 people"):
        colour_clusters(np.zeros((1, 12)), [7, 7])
    for options in ({"clusters": -1}, {"distance": 0.0}):
        with pytest.raises(ValueError, match="expected at least 0 and more than 0"):
            colour_clusters(np.zeros((1, 12)), [7], **options)
