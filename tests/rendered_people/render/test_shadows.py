from types import SimpleNamespace

import numpy as np
import pytest

from rendered_people.render.shadows import ShadowMap

# A square of one metre, one metre above the ground.
SQUARE = np.array([[-0.5, -0.5, 1.0], [0.5, -0.5, 1.0], [0.5, 0.5, 1.0], [-0.5, 0.5, 1.0]])
FACES = np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)


@pytest.mark.parametrize("azimuth", [0.0, 1.0, 2.5, 4.0])
def test_a_shadow_lies_where_the_ray_to_the_light_is_blocked(azimuth):
    sun = np.array([0.6 * np.cos(azimuth), 0.6 * np.sin(azimuth), 0.8])
    shadow = ShadowMap(SQUARE, SimpleNamespace(keep=np.zeros(4), faces=FACES), sun)
    points = np.random.default_rng(0).uniform([-1.5, -1.5, 0.0], [1.5, 1.5, 1.8], (4000, 3))
    at_height = points + sun * ((1.0 - points[:, 2]) / sun[2])[:, None]
    blocked = (np.abs(at_height[:, :2]) < 0.5).all(axis=1) & (points[:, 2] < 1.0)
    # A texel is some 9 mm wide, and what lies within 2 cm of the surface is its own.
    margin = 0.03
    clear = (np.abs(np.abs(at_height[:, :2]) - 0.5) > margin).all(axis=1) & (np.abs(points[:, 2] - 1.0) > margin)
    assert blocked[clear].sum() > 100
    np.testing.assert_array_equal(shadow.lit(points)[clear] == 0, blocked[clear])


def test_what_is_cut_away_casts_no_shadow():
    sun = np.array([0.6, 0.0, 0.8])
    below = np.array([[-0.6, 0.0, 0.0], [-0.9, 0.0, 0.0]])
    whole = ShadowMap(SQUARE, SimpleNamespace(keep=np.zeros(4), faces=FACES), sun)
    cut = ShadowMap(SQUARE, SimpleNamespace(keep=SQUARE[:, 0], faces=FACES), sun)
    np.testing.assert_array_equal(whole.lit(below), [0, 0])
    np.testing.assert_array_equal(cut.lit(below), [0, 1])
