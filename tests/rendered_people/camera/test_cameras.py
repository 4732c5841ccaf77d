import numpy as np
import pytest

from rendered_people.camera.cameras import draw_camera, draw_view


def test_a_camera_depends_on_seed_and_index_alone():
    first, again = draw_camera(0, 1), draw_camera(0, 1)
    np.testing.assert_array_equal(first.scene.wall, again.scene.wall)
    np.testing.assert_array_equal(first.sun_colour, again.sun_colour)
    others = [draw_camera(0, 2), draw_camera(1, 1)]
    assert all(not np.array_equal(first.scene.wall, other.scene.wall) for other in others)
    assert len({first.height, *(other.height for other in others)}) == 3


def test_cameras_hang_and_see_as_cameras_do():
    for index in range(40):
        camera = draw_camera(3, index)
        assert 1.4 <= camera.height <= 3.2
        assert 3.5 <= camera.distance[0] < camera.distance[1] < 9
        assert camera.distance[1] < camera.scene.wall_distance, "nobody stands behind the wall"
        for light in (camera.sun, camera.fill):
            np.testing.assert_allclose(np.linalg.norm(light), 1)
            assert light[2] > 0, "lights hang above the ground"
        assert 1 <= camera.quality <= 95
        assert (camera.white_balance > 0).all()


def test_views_lie_before_their_camera_and_mostly_one_way():
    camera = draw_camera(0, 0)
    rng = np.random.default_rng(0)
    views = [draw_view(rng, camera) for _ in range(300)]
    distances = np.array([view.place[1] for view in views])
    assert (distances >= camera.distance[0]).all()
    assert (distances <= camera.distance[1]).all()
    off = np.array([abs((view.yaw - camera.yaw + 180) % 360 - 180) for view in views])
    assert 0.75 < (off < 60).mean() < 1
    hidden = np.mean([view.occluder is not None for view in views])
    assert 0.03 < hidden < 0.15
    for view in views:
        np.testing.assert_allclose(np.linalg.norm(view.sun), 1)
        np.testing.assert_allclose(view.sun[2], camera.sun[2])


def test_boxes_and_what_stands_in_front_are_as_a_site_has_them():
    camera = draw_camera(0, 0)

    def views(**site):
        return [draw_view(np.random.default_rng(seed), camera, **site) for seed in range(300)]

    assert not [view for view in views(occluded=0) if view.occluder]
    assert all(view.occluder for view in views(occluded=1))
    assert 60 < sum(view.occluder is not None for view in views(occluded=0.3)) < 120
    for spread in (0.015, 0.09):
        assert np.std([view.box for view in views(box_spread=spread)]) == pytest.approx(spread, rel=0.1)
    ordinary = draw_view(np.random.default_rng(7), camera), draw_view(np.random.default_rng(7), camera, occluded=0.08)
    assert ordinary[0].box.tolist() == ordinary[1].box.tolist()
