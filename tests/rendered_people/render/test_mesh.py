import numpy as np

from rendered_people.render.mesh import skin_vertices, vertex_normals


def test_skinning_is_a_weighted_mean_of_moved_points():
    rng = np.random.default_rng(0)
    vertices, transforms = rng.normal(size=(50, 3)), rng.normal(size=(6, 3, 4))
    indices, weights = rng.integers(0, 6, (50, 4)).astype(np.int32), rng.dirichlet(np.ones(4), 50)
    weights[::3, 1] = 0
    expected = np.zeros((50, 3))
    for i in range(50):
        for k in range(4):
            expected[i] += weights[i, k] * (transforms[indices[i, k]] @ [*vertices[i], 1.0])
    np.testing.assert_allclose(skin_vertices(vertices, indices, weights, transforms), expected, atol=1e-12)


def test_normals_are_means_of_face_normals_by_area():
    rng = np.random.default_rng(1)
    vertices, faces = rng.normal(size=(20, 3)), rng.integers(0, 20, (40, 3)).astype(np.int32)
    expected = np.zeros((20, 3))
    for face in faces:
        a, b, c = vertices[face]
        for corner in face:
            expected[corner] += np.cross(b - a, c - a)
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    found = vertex_normals(vertices, faces)
    np.testing.assert_allclose(found, expected / np.where(lengths > 0, lengths, 1), atol=1e-12)
