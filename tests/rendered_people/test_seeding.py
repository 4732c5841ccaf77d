import numpy as np

from rendered_people.seeding import stream


def test_a_stream_depends_on_every_one_of_its_names_and_on_nothing_else():
    names = [(0, "person", 1), (0, "person", 2), (1, "person", 1), (0, "outfit", 1), (0, "person", 1, 0), (0, "person")]
    draws = [stream(*name).random(4) for name in names]
    np.random.default_rng().random(10)
    for name, draw in zip(names, draws, strict=True):
        np.testing.assert_array_equal(stream(*name).random(4), draw)
    assert len({tuple(draw) for draw in draws}) == len(names)
