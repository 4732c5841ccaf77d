import numpy as np

from rendered_people.colours import hex_colour, to_linear, to_srgb


def test_colours_survive_the_way_to_linear_light_and_back():
    values = np.linspace(0, 1, 256)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=1e-9)
    np.testing.assert_allclose(to_linear(0.5), 0.21404114, atol=1e-8)
    np.testing.assert_array_equal(hex_colour("#ff0000"), [1, 0, 0])
    np.testing.assert_allclose(to_srgb(np.array([-1.0, 2.0])), [0, 1])
