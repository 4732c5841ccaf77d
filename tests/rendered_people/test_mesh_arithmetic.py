import numpy as np

from rendered_people.body import read_face_groups, skin_vertices, triangles, vertex_normals
from rendered_people.colours import hex_colour, to_linear, to_srgb
from rendered_people.figure import Figure, Part
from rendered_people.primitives import ellipsoid, grid_faces
from rendered_people.shading import face_viewer, interpolate, light


def random_part(rng, material=None):
    return Part(
        vertices=rng.normal(size=(30, 3)),
        bone_indices=rng.integers(0, 4, (30, 2)).astype(np.int32),
        bone_weights=np.tile([0.25, 0.75], (30, 1)),
        faces=rng.integers(0, 30, (20, 3)).astype(np.int32),
        labels=rng.integers(0, 20, 20).astype(np.uint8),
        keep=rng.normal(size=30),
        reference=rng.normal(size=(30, 3)),
        cloth=rng.normal(size=(30, 2)),
        material=material,
    )


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


def test_a_figure_keeps_what_its_parts_show():
    rng = np.random.default_rng(4)
    parts = [random_part(rng), random_part(rng)]
    figure = Figure(parts)
    shown = [(part.keep[part.faces] >= 0).any(axis=1) for part in parts]
    assert len(figure.faces) == sum(map(np.sum, shown))
    expected = np.concatenate([part.vertices[part.faces[s]] for part, s in zip(parts, shown, strict=True)])
    np.testing.assert_array_equal(figure.vertices[figure.faces], expected)
    np.testing.assert_array_equal(
        figure.labels, np.concatenate([p.labels[s] for p, s in zip(parts, shown, strict=True)])
    )
    np.testing.assert_array_equal(figure.part_of_face, np.repeat([0, 1], [s.sum() for s in shown]))


def test_posed_figures_stand_on_the_ground():
    rng = np.random.default_rng(5)
    figure = Figure([random_part(rng)])
    transforms = rng.normal(size=(4, 3, 4))
    vertices, normals = figure.pose(transforms)
    assert vertices[figure.keep >= 0, 2].min() == 0
    assert normals.shape == vertices.shape


def test_colours_survive_the_way_to_linear_light_and_back():
    values = np.linspace(0, 1, 256)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=1e-9)
    np.testing.assert_allclose(to_linear(0.5), 0.21404114, atol=1e-8)
    np.testing.assert_array_equal(hex_colour("#ff0000"), [1, 0, 0])
    np.testing.assert_allclose(to_srgb(np.array([-1.0, 2.0])), [0, 1])


def test_primitives_are_closed_where_they_should_be():
    vertices, faces = ellipsoid((1, 2, 3), (0.1, 0.2, 0.3))
    np.testing.assert_allclose((((vertices - [1, 2, 3]) / [0.1, 0.2, 0.3]) ** 2).sum(axis=1), 1)
    assert set(np.unique(faces)) == set(range(len(vertices)))
    assert grid_faces(2, 2).tolist() == [[0, 1, 2], [1, 3, 2]]


def test_face_groups_are_read_by_name(tmp_path):
    path = tmp_path / "mesh.obj"
    path.write_text("v 0 0 0\ng body\nf 1/1 2/2 3/3 4/4\ng hat\nf 2 3 4 5\ng body\nf 5/1 6/2 7/3 8/4\n")
    groups = read_face_groups(path)
    assert groups["body"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert groups["hat"].tolist() == [[1, 2, 3, 4]]
    assert triangles(groups["hat"]).tolist() == [[1, 2, 3], [1, 3, 4]]
