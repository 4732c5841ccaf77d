import numpy as np

from rendered_people.render.figure import Figure, Part


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
