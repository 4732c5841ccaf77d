import numpy as np
import pytest

from rendered_people.difficulty.regions import REGIONS, clothes, rim
from rendered_people.labels import LABEL_ID, LIP_LABELS

LABELS = np.random.default_rng(0).choice([0, 0, 0, 0, 13, 5, 9], (14, 9)).astype(np.uint8)


def test_clothes_are_what_is_worn_below_the_neck():
    names = {name for name in LIP_LABELS if clothes(np.array([[LABEL_ID[name]]]))[0, 0]}
    assert names == set(LIP_LABELS) - {
        *("Background", "Hat", "Hair", "Sunglasses", "Face", "Left-arm", "Right-arm", "Left-leg", "Right-leg")
    }


@pytest.mark.parametrize("distance", [1, 2, 3])
def test_a_rim_is_as_far_from_the_clothes_as_it_says(distance):
    labels = np.where(np.random.default_rng(distance).random((14, 9)) < 0.05, 5, 0)
    places = np.argwhere(labels == 5)
    for row in range(14):
        for column in range(9):
            nearest = np.abs(places - [row, column]).max(axis=1).min()
            assert rim(labels, distance)[row, column] == (nearest == distance)


def test_regions_are_parts_of_the_image():
    found = {name: select(LABELS) for name, select in REGIONS.items()}
    assert found["whole image"].all()
    np.testing.assert_array_equal(found["clothes"] | found["head and skin"], found["person"])
    rims = [found[name] for name in found if name.startswith("rim")]
    assert not (sum(map(np.asarray, rims), np.zeros(LABELS.shape, int)) + found["clothes"] > 1).any()


def test_without_clothes_there_is_no_rim():
    nothing = np.zeros((4, 4), dtype=np.uint8)
    assert not any(REGIONS[name](nothing).any() for name in REGIONS if name != "whole image")
