import numpy as np
import pytest

from rendered_people.camera.scenes import Scene, draw_scene


def plain_scene(**changes):
    def texture(shade):
        return np.full((256, 256, 3), shade)

    settings = {
        "ground": texture(0.2),
        "ground_size": 4.0,
        "wall": texture(0.7),
        "wall_size": 8.0,
        "wall_distance": 10.0,
        "wall_height": 3.0,
        "sky": np.array([0.1, 0.5, 0.9]),
    }
    return Scene(**{**settings, **changes})


def test_rays_meet_the_ground_the_wall_or_the_sky():
    eye = np.array([0.0, 0.0, 2.0])
    directions = np.array([[0.0, 1.0, -0.5], [0.0, 1.0, -0.1], [0.0, 1.0, 0.05], [0.3, 1.0, 1.0], [0.0, 2.0, -1.0]])
    colours, points = plain_scene().look(eye, directions)
    np.testing.assert_allclose(colours, [[0.2] * 3, [0.7] * 3, [0.7] * 3, [0.1, 0.5, 0.9], [0.2] * 3])
    # Only on the ground is there a point for a shadow to fall on; a ray's length is of no matter.
    np.testing.assert_allclose(points[[0, 4]], [[0, 4, 0], [0, 4, 0]], atol=1e-12)
    assert np.isnan(points[[1, 2, 3]]).all()


def test_textures_repeat_every_so_many_metres():
    ground = np.zeros((256, 256, 3))
    ground[:, :128] = 1.0
    eye = np.array([0.0, 0.0, 1.0])
    across = np.array([0.5, 1.9, 2.1, 3.9, 4.5, -0.5])
    directions = np.stack([across, np.ones(6), -np.ones(6)], axis=1)
    colours, _ = plain_scene(ground=ground, ground_size=4.0).look(eye, directions)
    np.testing.assert_array_equal(colours[:, 0], [1, 1, 0, 0, 1, 0])


@pytest.mark.parametrize("outdoors", [True, False])
def test_drawn_scenes_have_reflectances_and_sky_outdoors_alone(outdoors):
    kinds = []
    for seed in range(12):
        scene = draw_scene(np.random.default_rng(seed), outdoors)
        for texture in (scene.ground, scene.wall):
            assert texture.shape == (256, 256, 3)
            assert texture.min() >= 0
            assert texture.max() <= 1
        assert (scene.wall_height < 5) == outdoors
        kinds.append(scene.wall.mean())
    assert np.std(kinds) > 0.03
