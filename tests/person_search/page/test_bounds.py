import pytest

pytest.importorskip("starlette")

from person_search.page.bounds import RateLimit


def test_a_bucket_fills_up_evenly():
    now = [0.0]
    limit = RateLimit(30, lambda: now[0])
    assert [limit.seconds_to_wait("a") for _ in range(10)] == [0.0] * 10
    assert limit.seconds_to_wait("a") == pytest.approx(2.0)
    assert limit.seconds_to_wait("b") == 0.0
    now[0] = 2.0
    assert limit.seconds_to_wait("a") == 0.0
    assert limit.seconds_to_wait("a") > 0
    now[0] = 1000.0
    assert sum(limit.seconds_to_wait("a") == 0 for _ in range(20)) == 10


def test_addresses_are_forgotten():
    limit = RateLimit(3, lambda: 0.0)
    limit.ADDRESSES = 2
    assert limit.seconds_to_wait("a") == 0.0
    assert limit.seconds_to_wait("a") > 0.0
    limit.seconds_to_wait("b")
    limit.seconds_to_wait("c")
    assert limit.seconds_to_wait("a") == 0.0
