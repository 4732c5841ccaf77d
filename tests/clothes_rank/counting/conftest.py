import numpy as np
import pytest

from clothes_rank import MODES, clothes_rank

NUM_QUERY, NUM_GALLERY, DIM = 60, 260, 48


@pytest.fixture
def case(random_labels):
    """Features within some 1e-6 of one another, gallery images twice, labels, and results in one block."""
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((20, DIM))
    query, gallery = (
        (centres[generator.integers(0, 20, size)] + 1e-6 * generator.standard_normal((size, DIM))).astype(np.float32)
        for size in (NUM_QUERY, NUM_GALLERY)
    )
    gallery[NUM_GALLERY // 2 :] = gallery[: NUM_GALLERY // 2]
    labels = random_labels(generator, NUM_QUERY, NUM_GALLERY, pids=9)
    return query, gallery, labels, clothes_rank(query, gallery, *labels, mode=MODES)


@pytest.fixture(scope="session")
def assert_equal_results():
    def check(results, expected):
        for mode in MODES:
            for name in ("cmc", "all_ap", "all_inp", "first_ranks", "query_indices", "skipped_indices"):
                np.testing.assert_array_equal(getattr(results[mode], name), getattr(expected[mode], name))

    return check
