from dataclasses import replace

import numpy as np

from rendered_people.camera.cameras import draw_camera, draw_view
from rendered_people.labels import LABEL_ID
from rendered_people.person.poses import draw_pose
from rendered_people.render.renderer import expose


def outfit_without(studio, kinds):
    """(person, outfit) whose outfit has none of these kinds."""
    for person in range(20):
        garments = studio.wardrobe.outfit(person, 0, female=False).garments
        if not {garment.kind for garment in garments} & set(kinds):
            return person, 0
    raise AssertionError("every outfit has one of these")


def test_labels_are_exact(studio):
    """Without a sun all background is equally bright: what is missing of it is the share that the figure covers."""
    identity, rest_body, figure = studio._dress(*outfit_without(studio, ["bag"]))
    camera = replace(draw_camera(3, 0), sun_colour=np.zeros(3), sky_colour=np.ones(3))
    rng = np.random.default_rng(0)
    view = replace(draw_view(rng, camera), occluder=None)
    transforms = studio.body.bone_transforms(rest_body, draw_pose(rng, identity.gait))
    light = []
    for shade in (0.0, 1.0):
        grey = np.full((256, 256, 3), shade)
        lit = replace(camera, scene=replace(camera.scene, ground=grey, wall=grey, sky=np.full(3, shade)))
        exposed, labels = expose(figure, transforms, lit, view, 96, 48)
        light.append(exposed)
    background = (light[1] - light[0])[..., 0]
    covered = 1 - background / background.max()
    np.testing.assert_allclose(covered * 4, np.round(covered * 4), atol=1e-9)
    assert (labels[covered < 0.3] == 0).all()
    assert (labels[covered > 0.7] > 0).all()
    assert 0.1 < (labels > 0).mean() < 0.9
    assert ((covered > 0.1) & (covered < 0.9)).any()


def test_left_and_right_are_the_persons_own(studio):
    """Facing the camera, a person's left side is on the right of the picture."""
    identity, rest_body, figure = studio._dress(*outfit_without(studio, []))
    camera = draw_camera(3, 0)
    rng = np.random.default_rng(1)
    view = replace(draw_view(rng, camera), yaw=0.0, occluder=None)
    _, labels = expose(figure, studio.body.bone_transforms(rest_body, {}), camera, view, 128, 64)
    columns = {name: np.nonzero(labels == LABEL_ID[name])[1].mean() for name in ("Left-shoe", "Right-shoe")}
    assert columns["Right-shoe"] < columns["Left-shoe"]
