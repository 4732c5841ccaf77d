import numpy as np
import pytest

from rendered_people.clothes.cloth import PATTERNS, draw_cloth


def cloth(seed=0, **options):
    return draw_cloth(np.random.default_rng(seed), **options)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cloth_is_a_function_of_place_with_plausible_colours(pattern):
    material = cloth(1, patterns=(pattern,))
    rng = np.random.default_rng(0)
    reference, place = rng.uniform(-0.5, 0.5, (500, 3)), rng.uniform(-0.5, 0.5, (500, 2))
    colours = material.albedo(reference, place)
    assert colours.shape == (500, 3)
    assert colours.min() > 0
    assert colours.max() < 1.2
    np.testing.assert_array_equal(material.albedo(reference[:7], place[:7]), colours[:7])
    spread = colours.std(axis=0).max() / material.colours.mean()
    assert (spread > 0.15) == (pattern not in ("plain", "print")) or pattern in ("print", "dots")
