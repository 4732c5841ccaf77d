import numpy as np
import pytest

from rendered_people.camera.occluders import Occluder, draw_occluder, hide


def test_what_is_hidden_becomes_background():
    labels = np.full((20, 10), 5, dtype=np.uint8)
    light = np.full((20, 10, 3), 0.5)
    occluder = Occluder(np.array([0.2, 0.5, 0.65, 2.0]), np.zeros(3), False, 0)
    hidden, left = hide(light, labels, occluder, np.ones(3))
    expected = labels.copy()
    expected[10:, 2:7] = 0
    np.testing.assert_array_equal(left, expected)
    np.testing.assert_array_equal(hidden[:10], light[:10])
    np.testing.assert_array_equal(hidden[10:, 2:6], 0)
    np.testing.assert_allclose(hidden[10:, 6], 0.25)
    assert (labels == 5).all()


@pytest.mark.parametrize("seed", range(12))
def test_nobody_is_hidden_entirely(seed):
    rng = np.random.default_rng(seed)
    _, labels = hide(np.zeros((64, 32, 3)), np.ones((64, 32), dtype=np.uint8), draw_occluder(rng), np.ones(3))
    assert 0 < (labels == 0).mean() < 0.5
