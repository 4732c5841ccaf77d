import numpy as np

from rendered_people.render.rasterizer import rasterize


def slow_rasterize(screen, inverse_depth, keep, faces, height, width):
    """Per sample, solves for the place in every triangle and takes the nearest."""
    hits = np.full((height, width), -1)
    for row in range(height):
        for column in range(width):
            nearest = 0.0
            for f, (a, b, c) in enumerate(faces):
                matrix = np.array([[*screen[i], 1.0] for i in (a, b, c)]).T
                if abs(np.linalg.det(matrix)) < 1e-12:
                    continue
                weights = np.linalg.solve(matrix, [column + 0.5, row + 0.5, 1.0])
                if (weights < 0).any():
                    continue
                depth = weights @ inverse_depth[[a, b, c]]
                corrected = weights * inverse_depth[[a, b, c]] / depth
                if depth > nearest and corrected @ keep[[a, b, c]] >= 0:
                    nearest, hits[row, column] = depth, f
    return hits


def random_scene(seed):
    rng = np.random.default_rng(seed)
    screen = rng.uniform(-4, 20, (24, 2))
    return screen, rng.uniform(0.1, 1.0, 24), rng.normal(0.5, 1.0, 24), rng.integers(0, 24, (20, 3)).astype(np.int32)


def test_hits_equal_a_search_over_all_triangles():
    for seed in range(5):
        screen, inverse_depth, keep, faces = random_scene(seed)
        hits, _, _ = rasterize(screen, inverse_depth, keep, faces, 14, 17)
        np.testing.assert_array_equal(hits, slow_rasterize(screen, inverse_depth, keep, faces, 14, 17))


def test_barycentric_coordinates_find_the_point_in_space():
    points = np.array([[-2.0, -2.0, 3.0], [3.0, -1.0, 6.0], [0.0, 4.0, 9.0]])
    screen = points[:, :2] / points[:, 2:] * 20 + 10
    faces = np.array([[0, 1, 2]], dtype=np.int32)
    hits, barycentric, nearest = rasterize(screen, 1 / points[:, 2], np.zeros(3), faces, 20, 20)
    assert (hits == 0).sum() > 20
    found = barycentric[hits == 0] @ points
    rows, columns = np.nonzero(hits == 0)
    np.testing.assert_allclose(found[:, 0] / found[:, 2] * 20 + 10, columns + 0.5)
    np.testing.assert_allclose(found[:, 1] / found[:, 2] * 20 + 10, rows + 0.5)
    np.testing.assert_allclose(1 / found[:, 2], nearest[hits == 0])


def test_what_lies_behind_the_camera_or_is_degenerate_is_left_out():
    screen = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0], [4.0, 4.0]])
    behind, _, _ = rasterize(
        screen, np.array([1.0, -1.0, 1.0, 1.0]), np.zeros(4), np.array([[0, 1, 2]], np.int32), 8, 8
    )
    flat, _, _ = rasterize(screen, np.ones(4), np.zeros(4), np.array([[1, 2, 3]], np.int32), 8, 8)
    assert (behind == -1).all()
    assert (flat == -1).all()


def test_a_surface_is_cut_off_along_its_field_not_along_its_triangles():
    screen = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0], [20.0, 20.0]])
    keep = 7.75 - screen[:, 0]
    faces = np.array([[0, 1, 2], [1, 3, 2]], dtype=np.int32)
    hits, _, _ = rasterize(screen, np.ones(4), keep, faces, 20, 20)
    assert (hits[:, :8] >= 0).all()
    assert (hits[:, 8:] == -1).all()
