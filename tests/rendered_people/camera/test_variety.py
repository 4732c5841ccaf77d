import numpy as np

from rendered_people.camera.variety import draw_variety


def test_a_site_is_as_its_seed_says_and_sites_span_the_ranges():
    assert draw_variety(3) == draw_variety(3)
    sites = [draw_variety(seed) for seed in range(300)]
    for name, low, high in (
        ("warmth", 0, 1),
        ("occluded", 0.02, 0.35),
        ("box_spread", 0.015, 0.09),
        ("least_size", 0.4, 1),
    ):
        values = np.array([getattr(site, name) for site in sites])
        assert low <= values.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < values.max() <= high
