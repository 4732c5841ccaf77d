import numpy as np
import pytest

from rendered_people.disturb.parser_noise import parser_noise
from rendered_people.labels import LABEL_ID, LIP_LABELS

FACE, UPPER, PANTS, SHOE = (LABEL_ID[name] for name in ("Face", "Upper-clothes", "Pants", "Left-shoe"))


@pytest.fixture
def labels():
    """A person in 128 x 64, with a shoe of 6 x 6 pixels."""
    labels = np.zeros((128, 64), dtype=np.uint8)
    labels[10:26, 24:40] = FACE
    labels[26:70, 16:48] = UPPER
    labels[70:118, 20:44] = PANTS
    labels[118:124, 20:26] = SHOE
    return labels


def noisy(labels, seed, strength):
    return parser_noise(labels, np.random.default_rng(seed), strength)


def test_labels_stay_labels_and_the_map_given_stays_as_it_is(labels):
    before = labels.copy()
    for seed in range(10):
        found = noisy(labels, seed, 3)
        assert found.dtype == np.uint8
        assert found.shape == labels.shape
        assert found.max() < len(LIP_LABELS)
    np.testing.assert_array_equal(labels, before)


def test_more_is_wrong_with_strength(labels):
    wrong = [
        np.mean([np.mean(noisy(labels, seed, strength) != labels) for seed in range(20)]) for strength in (1, 2, 3)
    ]
    assert 0.01 < wrong[0] < wrong[1] < wrong[2] < 0.6


def test_equal_draws_give_equal_maps_and_other_draws_others(labels):
    np.testing.assert_array_equal(noisy(labels, 4, 2), noisy(labels, 4, 2))
    assert len({noisy(labels, seed, 2).tobytes() for seed in range(6)}) == 6


def test_as_many_labels_are_confused_as_the_strength_says(labels):
    # Large enough that no edge and no loss takes a region away.
    for seed in range(10):
        for strength in (1, 2, 3):
            found = noisy(labels, seed, strength)
            centres = [found[row, column] for row, column in ((18, 32), (48, 32), (94, 32))]
            changed = sum(a != b for a, b in zip(centres, (FACE, UPPER, PANTS), strict=True))
            assert changed <= strength
    changed = [noisy(labels, seed, 3)[48, 32] != UPPER for seed in range(20)]
    assert sum(changed) > 0


def test_edges_move_in_and_out_by_few_pixels():
    square = np.zeros((128, 64), dtype=np.uint8)
    square[40:90, 20:44] = LABEL_ID["Jumpsuits"]
    areas = {strength: set() for strength in (1, 2, 3)}
    for seed in range(12):
        for strength, found in areas.items():
            rows, columns = np.nonzero(noisy(square, seed, strength))
            found.add((np.ptp(rows) + 1, np.ptp(columns) + 1))
    assert areas == {k: {(50 + 2 * k, 24 + 2 * k), (50 - 2 * k, 24 - 2 * k)} for k in (1, 2, 3)}


def test_small_regions_are_lost_to_the_background():
    # One per cent of the image: lost at the strongest alone, and by its edges before.
    small = np.zeros((128, 64), dtype=np.uint8)
    small[60:69, 30:39] = LABEL_ID["Glove"]
    small[:20, :20] = LABEL_ID["Jumpsuits"]
    kept = [[(noisy(small, seed, k) == LABEL_ID["Glove"]).any() for seed in range(12)] for k in (1, 3)]
    assert all(kept[0])
    assert not all(kept[1])
    assert all((noisy(small, seed, 3) == LABEL_ID["Jumpsuits"]).any() for seed in range(12))


@pytest.mark.parametrize("label", [0, UPPER])
def test_a_map_of_one_label_is_left_whole(label):
    even = np.full((64, 32), label, dtype=np.uint8)
    assert len(np.unique(noisy(even, 0, 3))) == 1
