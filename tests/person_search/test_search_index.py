import numpy as np
import pytest

from person_search import Gallery, SearchIndex, Space
from person_search.search_index import measure_recall

DIM = 16


def unit(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def large(uri):
    with Gallery(uri, Space(DIM, "f")) as gallery:
        gallery.add(vectors=unit(700), camera=[f"c{number % 2}" for number in range(700)])
        yield gallery


def test_an_index_finds_most_and_says_how_many(large, uri):
    def nearest():
        return [[hit.picture.id for hit in hits] for hits in large.search_many(unit(20, 1), top=10)]

    exact = nearest()
    index = large.build_index()
    assert (index.kind, index.pictures, index.queries) == ("HNSW", 700, 200)
    assert 0.9 < index.recall <= 1
    both = sum(len(set(one) & set(other)) for one, other in zip(exact, nearest(), strict=True))
    assert both > 190
    assert large.stats().index == index
    assert len(large.search(unit(1)[0], top=700, cameras=["c1"])) > 300

    # What is added later, and what is left after an erasure, is found too.
    large.add(vectors=unit(3, 5), person="new")
    assert large.search(unit(3, 5)[1])[0].score == pytest.approx(1, abs=1e-5)
    assert large.remove(person="new") == 3
    assert large.stats().index.pictures == 700
    large.close()
    with Gallery(uri) as large:
        assert large.search(unit(700)[5])[0].score == pytest.approx(1, abs=1e-5)
        large.drop_index()
        assert large.stats().index is None
        assert nearest() == exact


def test_comparing_all_finds_all(large):
    assert measure_recall(large._store, DIM, queries=50) == (1.0, 50)


def test_what_an_index_misses_is_counted(large, monkeypatch):
    whole = large._store.search
    # The nearest one of each list is lost.
    lossy = lambda *arguments: [hits[:1] + hits[2:] for hits in whole(*arguments)]  # noqa: E731
    monkeypatch.setattr(large._store, "search", lossy)
    assert measure_recall(large._store, DIM, queries=50)[0] == pytest.approx(0.9)


@pytest.mark.parametrize("pictures", [0, 1, 2])
def test_galleries_of_hardly_any_pictures(uri, pictures):
    with Gallery(uri, Space(DIM, "f")) as gallery:
        gallery.add(vectors=unit(pictures))
        built = gallery.build_index()
        assert built == SearchIndex("HNSW", pictures, 1.0, pictures, built.seconds)
        assert len(gallery.search(unit(1)[0])) == pictures
