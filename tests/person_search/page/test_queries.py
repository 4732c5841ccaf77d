import numpy as np

from person_search.page.queries import Queries, Query


def query(key):
    return Query(key, np.ones(2, np.float32))


def test_what_was_asked_is_found_by_its_key():
    queries = Queries()
    first = queries.keep(query("a"))
    assert queries.get("a") is first
    assert queries.get("b") is None
    again = queries.keep(query("a"))
    assert queries.get("a") is again


def test_the_one_that_was_not_asked_for_longest_is_forgotten():
    queries = Queries(most=2)
    for key in ("a", "b"):
        queries.keep(query(key))
    assert queries.get("a")
    queries.keep(query("c"))
    assert [key for key in "abc" if queries.get(key)] == ["a", "c"]
    # Kept again counts as asked for.
    queries.keep(query("a"))
    queries.keep(query("d"))
    assert [key for key in "acd" if queries.get(key)] == ["a", "d"]
