"""Other backgrounds: the person stays, nobody else comes in."""

import random

import numpy as np
import pytest

from clothes_methods import BackgroundAugmentation
from clothes_methods.background import empty_scene, spread


@pytest.fixture
def scene():
    image = np.random.default_rng(0).integers(60, 120, (40, 20, 3), dtype=np.uint8)
    background = np.ones((40, 20), dtype=bool)
    background[8:36, 5:15] = False
    image[~background] = 255
    return image, background


@pytest.fixture
def other():
    image = np.full((30, 16, 3), 20, dtype=np.uint8)
    background = np.ones((30, 16), dtype=bool)
    background[5:28, 4:12] = False
    image[~background] = 255
    return image, background


def nobody():
    pytest.fail("another image was read")


@pytest.mark.parametrize("kind", ["replace", "blur", "black"])
def test_the_person_stays_and_nobody_comes_in(scene, other, kind):
    image, background = scene
    found = BackgroundAugmentation(**{kind: 1.0})(image, background, lambda: other if kind == "replace" else nobody())
    assert np.array_equal(found[~background], image[~background])
    around = found[background]
    if kind == "replace":
        # The other person, who is white, is filled in from around.
        assert (around == 20).all()
    elif kind == "black":
        assert not around.any()
    else:
        assert around.max() <= 120
        assert around.std() < image[background].std() / 2


def test_spread_is_the_mean_of_the_background_around(scene):
    image, background = scene
    sigma = 0.1 * 40
    found = spread(image, background, 0.1)
    rows, columns = np.mgrid[:40, :20]
    # Far from the border, which the filter mirrors, the loop over all pixels gives the same.
    for y, x in ((20, 10), (18, 3)):
        weights = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sigma**2)) * background
        mean = (weights[..., None] * image).sum((0, 1)) / weights.sum()
        assert np.allclose(found[y, x], mean, atol=6)
    assert not spread(image, np.zeros_like(background), 0.1).any()


def test_an_empty_scene_takes_any_size(other):
    assert (empty_scene(*other, (50, 10)) == 20).all()


def test_how_often_follows_the_probabilities_and_the_generator(scene, other):
    image, background = scene
    augmentation = BackgroundAugmentation(replace=0.2, blur=0.3, black=0.1)
    random.seed(0)
    found = [augmentation(image, background, lambda: other) for _ in range(400)]
    same = np.mean([np.array_equal(one, image) for one in found])
    black = np.mean([not one[background].any() for one in found])
    assert (same, black) == (pytest.approx(0.4, abs=0.07), pytest.approx(0.1, abs=0.05))
    random.seed(0)
    assert np.array_equal(augmentation(image, background, lambda: other), found[0])


def test_bad_input_is_refused(scene):
    for options in ({"replace": 0.6, "blur": 0.5}, {"black": -0.1}):
        with pytest.raises(ValueError, match="expected probabilities of at most 1 in all"):
            BackgroundAugmentation(**options)
    with pytest.raises(ValueError, match="shapes"):
        BackgroundAugmentation(black=1.0)(scene[0], scene[1][1:], nobody)
