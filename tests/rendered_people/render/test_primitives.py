import numpy as np

from rendered_people.render.primitives import ellipsoid, grid_faces


def test_primitives_are_closed_where_they_should_be():
    vertices, faces = ellipsoid((1, 2, 3), (0.1, 0.2, 0.3))
    np.testing.assert_allclose((((vertices - [1, 2, 3]) / [0.1, 0.2, 0.3]) ** 2).sum(axis=1), 1)
    assert set(np.unique(faces)) == set(range(len(vertices)))
    assert grid_faces(2, 2).tolist() == [[0, 1, 2], [1, 3, 2]]
