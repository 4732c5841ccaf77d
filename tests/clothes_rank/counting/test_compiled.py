"""A cache that cannot be written."""

import numba

from clothes_rank.counting import compiled


def test_loops_compile_where_no_cache_can_be_written(monkeypatch):
    njit, asked = numba.njit, []

    def without_cache(cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", without_cache)

    @compiled.compiled
    def double(x):
        return 2 * x

    assert double(21) == 42
    assert asked == [True, False]
