import numpy as np

from rendered_people.render.shading import face_viewer, interpolate, light


def test_light_equals_a_loop_over_the_samples():
    rng = np.random.default_rng(2)
    m = 25
    albedo, gloss, points, lit = rng.random((m, 3)), rng.random(m), rng.normal(size=(m, 3)), rng.integers(0, 2, m) * 1.0
    normals = rng.normal(size=(m, 3))
    eye = np.array([0.5, -4.0, 2.0])
    before = normals.copy()
    face_viewer(points, normals, eye)
    for i in range(m):
        unit = before[i] / np.linalg.norm(before[i])
        np.testing.assert_allclose(normals[i], unit if unit @ (eye - points[i]) > 0 else -unit, atol=1e-9)
    sun, fill = np.array([0.6, 0.0, 0.8]), np.array([0.0, 0.6, 0.8])
    sun_colour, sky_colour = rng.random(3), rng.random(3)
    found = light(albedo, gloss, points, normals, lit, eye, sun, sun_colour, sky_colour, fill, 0.3)
    for i in range(m):
        to_eye = (eye - points[i]) / np.linalg.norm(eye - points[i])
        halfway = (to_eye + sun) / np.linalg.norm(to_eye + sun)
        diffuse = 0.55 * lit[i] * max(normals[i] @ sun, 0) * sun_colour
        ambient = (0.65 + 0.35 * normals[i, 2]) * sky_colour + 0.3 * max(normals[i] @ fill, 0)
        shine = 0.25 * gloss[i] * lit[i] * max(normals[i] @ halfway, 0) ** 24 * sun_colour
        np.testing.assert_allclose(found[i], albedo[i] * (diffuse + ambient) + shine, atol=1e-9)


def test_attributes_are_interpolated_between_corners():
    rng = np.random.default_rng(3)
    attributes, faces = rng.normal(size=(9, 4)), rng.integers(0, 9, (5, 3)).astype(np.int32)
    hits, weights = rng.integers(0, 5, 12).astype(np.int32), rng.dirichlet(np.ones(3), 12)
    expected = [weights[i] @ attributes[faces[hits[i]]] for i in range(12)]
    np.testing.assert_allclose(interpolate(attributes, faces, hits, weights), expected)
