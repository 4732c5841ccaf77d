import numpy as np
import pytest

from rendered_people.noise import lattice_noise, value_noise


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_noise_meets_the_lattice_and_lies_between_its_neighbours(dimensions):
    cells = np.random.default_rng(0).integers(-50, 50, (200, dimensions))
    on_lattice = lattice_noise(cells, 5)
    np.testing.assert_allclose(value_noise(cells.astype(float), 5), on_lattice)
    step = np.eye(dimensions, dtype=int)[0]
    halfway = value_noise(cells + 0.5 * step, 5)
    np.testing.assert_allclose(halfway, (on_lattice + lattice_noise(cells + step, 5)) / 2)


def test_lattice_noise_is_uniform_and_follows_its_seed():
    cells = np.stack(np.meshgrid(np.arange(100), np.arange(100)), axis=-1).reshape(-1, 2)
    values = lattice_noise(cells, 1)
    assert values.min() >= 0
    assert values.max() < 1
    assert abs(values.mean() - 0.5) < 0.01
    assert abs(values.std() - 12**-0.5) < 0.01
    assert abs(np.corrcoef(values, lattice_noise(cells, 2))[0, 1]) < 0.03
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.03
