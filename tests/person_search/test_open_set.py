import sys

import numpy as np
import pytest

from person_search.open_set import identification


def unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def labels():
    """40 people in two outfits before two cameras, a picture each."""
    drawn = [(person, outfit, camera) for person in range(40) for outfit in "ab" for camera in "ns"]
    people = [f"p{person}" for person, _, _ in drawn]
    return people, [f"{person}/{outfit}" for person, outfit, _ in drawn], [camera for _, _, camera in drawn]


def vectors_of(names, noise=0.0, dim=64):
    """A direction for each name, and noise about it."""
    places = np.unique(names, return_inverse=True)[1]
    generator = np.random.default_rng(0)
    directions = unit(generator.normal(size=(places.max() + 1, dim)))
    return unit(directions[places] + noise * unit(generator.normal(size=(len(names), dim))))


def test_who_knows_people_finds_them_and_nobody_else(labels):
    found = identification(vectors_of(labels[0], 0.3), *labels, rates=(0.2, 0.5))
    assert list(found) == ["same_clothes", "other_clothes"]
    for by_rate in found.values():
        assert [one.rate for one in by_rate.values()] == [1.0, 1.0]
        assert 0 < by_rate[0.2].chance < by_rate[0.5].chance < 0.05


def test_who_knows_clothes_finds_nobody_in_others(labels):
    found = identification(vectors_of(labels[1], 0.3), *labels, rates=(0.2,))
    assert found["same_clothes"][0.2].rate == 1.0
    assert found["other_clothes"][0.2].rate < 0.2


def test_who_knows_nothing_is_about_at_chance(labels):
    vectors = unit(np.random.default_rng(1).normal(size=(160, 8)))
    found = identification(vectors, *labels, rates=(0.5,), draws=30)
    for by_rate in found.values():
        assert by_rate[0.5].rate == pytest.approx(by_rate[0.5].chance, abs=0.03)


def test_unknown_labels(labels):
    people, clothes, cameras = labels
    vectors = vectors_of(people, 0.3)
    # A picture of unknown clothes takes no part.
    none = [None] * 160
    assert identification(vectors, people, none, cameras, rates=(0.5,)) == {}
    some = [one if place >= 80 else None for place, one in enumerate(clothes)]
    half = identification(vectors[80:], people[80:], clothes[80:], cameras[80:], rates=(0.5,))
    assert identification(vectors, people, some, cameras, rates=(0.5,)) == half
    # Each of an unknown camera counts as a camera's of its own: a picture is still not found as itself.
    assert identification(vectors, people, clothes, none, rates=(0.5,))["other_clothes"][0.5].rate == 1.0
    alone = [f"{place}" for place in range(160)]
    assert identification(vectors, alone, alone, none, rates=(0.5,)) == {}


def test_rates_that_stand_for_too_few_searches(labels):
    vectors = vectors_of(labels[0], 0.3)
    assert list(identification(vectors, *labels, rates=(0.01, 0.2))["same_clothes"]) == [0.2]
    assert identification(vectors, *labels, rates=(0.01,)) == {}


def test_without_what_computes_it(labels, monkeypatch):
    monkeypatch.setitem(sys.modules, "clothes_rank", None)
    with pytest.raises(ImportError):
        identification(vectors_of(labels[0]), *labels)
