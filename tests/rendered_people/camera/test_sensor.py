from dataclasses import replace

import numpy as np
import pytest

from rendered_people.camera.cameras import draw_camera, draw_view
from rendered_people.camera.sensor import develop
from rendered_people.colours import to_linear


@pytest.fixture
def ideal():
    """A camera without faults, and a view that changes nothing."""
    camera = draw_camera(0, 0)
    camera = replace(camera, blur=0.0, noise=0.0, white_balance=np.ones(3), quality=95)
    return camera, replace(draw_view(np.random.default_rng(0), camera), exposure=1.0, blur=1.0)


def picture(light, camera, view, seed=0):
    return develop(light, camera, view, np.random.default_rng(seed)).astype(int)


def test_a_perfect_camera_shows_the_light_as_it_is(ideal):
    for shade in (10, 100, 180):
        found = picture(np.full((16, 8, 3), to_linear(shade / 255)), *ideal)
        assert found.shape == (16, 8, 3)
        assert np.abs(found - shade).max() <= 2


def test_highlights_roll_off_and_never_burn_out_in_steps(ideal):
    shades = [picture(np.full((8, 8, 3), value), *ideal).mean() for value in (0.5, 0.8, 1.5, 3, 10, 100)]
    assert all(a < b for a, b in zip(shades, shades[1:], strict=False))
    assert shades[-1] <= 255


def test_exposure_white_balance_and_noise_act_as_they_are_named(ideal):
    camera, view = ideal
    light = np.full((32, 16, 3), 0.2)
    plain = picture(light, camera, view)
    assert picture(light, camera, replace(view, exposure=1.5)).mean() > plain.mean() + 10
    warm = picture(light, replace(camera, white_balance=np.array([1.3, 1.0, 0.7])), view).mean(axis=(0, 1))
    assert warm[0] > warm[1] + 5 > warm[2] + 10
    noisy = replace(camera, noise=0.02)
    assert picture(light, noisy, view).std() > plain.std() + 2
    np.testing.assert_array_equal(picture(light, noisy, view, 1), picture(light, noisy, view, 1))
    assert (picture(light, noisy, view, 1) != picture(light, noisy, view, 2)).any()


def test_blur_grows_with_the_size_of_the_picture(ideal):
    camera, view = ideal
    for height in (64, 256):
        light = np.full((height, height // 2, 3), 1e-4)
        light[:, height // 4 :] = 0.4
        edge = picture(light, replace(camera, blur=1.0), view)[height // 2, :, 0]
        soft = ((edge > 30) & (edge < edge.max() - 30)).sum()
        # Of standard deviation height / 128 pixels.
        assert soft in {64: (1, 2), 256: (4, 5, 6, 7)}[height]
