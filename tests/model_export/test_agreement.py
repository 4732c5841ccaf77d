import numpy as np
import pytest

from datasets_ext import ImageAndMap
from model_export import People, agreement


def unit(count, seed=0, dim=6):
    vectors = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def people(count, num_query=0, **labels):
    pairs = tuple(ImageAndMap(f"{number}.png", None) for number in range(count))
    return People("drawn people", pairs, np.arange(count) % 5, num_query=num_query, **labels)


@pytest.fixture
def split():
    """20 queries and 40 gallery images of 5 people before 3 cameras in 2 outfits."""
    numbers = np.arange(60)
    return people(60, 20, camids=numbers % 3, clothes=numbers // 5 % 2)


def average_precisions(vectors, pids, keep):
    """Mean AP by a loop over the queries; ``keep(q, g)`` says what is ranked."""
    values = []
    for query in range(len(vectors)):
        ranked = [other for other in np.argsort(-(vectors @ vectors[query]), kind="stable") if keep(query, other)]
        hits = np.array([pids[other] == pids[query] for other in ranked])
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        values.append(precision[hits].mean())
    return np.mean(values)


def test_a_model_agrees_with_itself(split):
    found = agreement(split, unit(60), unit(60))
    assert (found.equal_lists, found.shared, found.images, found.queries) == (1, 1, 60, 20)
    assert found.farthest == pytest.approx(0, abs=1e-6)
    assert set(found.mean_ap) == {"general", "same_clothing", "clothing_change"}
    assert found.is_exact
    assert found.largest_loss == 0
    assert any("100.00 % of the lists" in line for line in found.lines())


def test_each_image_is_looked_for_among_the_others():
    vectors, whole = unit(30), people(30)
    found = agreement(whole, vectors, vectors)
    expected = average_precisions(vectors, whole.pids, lambda query, other: query != other)
    assert found.mean_ap["general"].model == pytest.approx(expected, abs=1e-6)
    assert (found.queries, list(found.mean_ap)) == (30, ["general"])


def test_what_a_list_of_another_order_is(split):
    vectors = unit(60)
    moved = vectors.copy()
    moved[20:30] = unit(10, seed=3)
    found = agreement(split, vectors, moved)
    lists = [np.argsort(-(side[:20] @ side[20:].T), axis=1)[:, :10] for side in (vectors, moved)]
    same = [(one == other).all() for one, other in zip(*lists, strict=True)]
    shared = [len(set(one) & set(other)) / 10 for one, other in zip(*lists, strict=True)]
    assert found.equal_lists == pytest.approx(np.mean(same))
    assert np.mean(same) < 1
    assert found.shared == pytest.approx(np.mean(shared))
    assert not found.is_exact


def test_ties_may_come_in_any_order(split):
    vectors = unit(60)
    # Two gallery images that are one: which comes first is a matter of rounding.
    vectors[41] = vectors[40]
    moved = vectors.copy()
    moved[41] *= 1 + 1e-6
    moved[40] = moved[40] + np.float32(2e-7)
    assert agreement(split, vectors, moved).equal_lists == 1


def test_a_loss_is_the_worst_modes(split):
    vectors, moved = unit(60), unit(60)
    moved[:20] = unit(20, seed=5)
    found = agreement(split, vectors, moved)
    assert found.largest_loss == max(one.model - one.exported for one in found.mean_ap.values())
    assert found.farthest > 0.1


def test_lengths_do_not_matter(split):
    assert agreement(split, unit(60), 3 * unit(60)).is_exact


def test_a_loss_comes_with_its_queries_and_its_error(split):
    vectors, moved = unit(60), unit(60)
    moved[:20] += unit(20, seed=5) / 2
    found = agreement(split, vectors, moved).mean_ap["general"]
    precisions = []
    for side in (vectors, moved):
        for query in range(20):
            keep = [
                other
                for other in np.argsort(-(side[20:] @ side[query]), kind="stable") + 20
                if not (split.pids[other] == split.pids[query] and split.camids[other] == split.camids[query])
            ]
            hits = split.pids[keep] == split.pids[query]
            precisions.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    losses = np.array(precisions[:20]) - precisions[20:]
    assert (found.queries, found.loss) == (20, pytest.approx(losses.mean(), abs=1e-6))
    assert found.error == pytest.approx(losses.std(ddof=1) / 20**0.5, abs=1e-6)
    assert str(found) == f"{100 * found.loss:.2f} +- {100 * found.error:.2f} points over 20 queries"
