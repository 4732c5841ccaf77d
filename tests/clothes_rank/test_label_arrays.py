"""Functions of six label arrays beside the Retrieval that they stand for."""

import inspect

import numpy as np
import pytest
import torch

from clothes_rank import Labels, Mode, Retrieval, chance_level, label_arrays, other, same
from clothes_rank.label_arrays import (
    clothes_rank,
    clothes_rank_from_distances,
    single_shot,
    verification_rates,
    verification_rates_from_distances,
)

MODES_ASKED = ["clothing_change", "general"]
ORDER = ["query_pids", "gallery_pids", "query_camids", "gallery_camids", "query_clothes", "gallery_clothes"]


@pytest.fixture(scope="module")
def case(random_labels):
    generator = np.random.default_rng(0)
    query, gallery = generator.standard_normal((15, 6)), generator.standard_normal((40, 6))
    labels = random_labels(generator, 15, 40)
    sides = (Labels(*labels[::2]), Labels(*labels[1::2]))
    distances = generator.random((15, 40))
    by_features = Retrieval(query, gallery, *sides, metric="euclidean")
    return (query, gallery), distances, labels, by_features, Retrieval.from_distances(distances, *sides)


def answers(case):
    """(function, its arguments, options, the same asked of a Retrieval)."""
    features, distances, labels, by_features, by_distances = case
    euclidean = {"metric": "euclidean"}
    rates = {"false_positive_rates": (0.1, 0.5)}
    draws = {"draws": 2, "seed": 3, "max_rank": 4}
    return [
        (clothes_rank, (*features, *labels), {**euclidean, "max_rank": 7}, lambda m: by_features.rank(m, max_rank=7)),
        (clothes_rank_from_distances, (distances, *labels), {}, lambda m: by_distances.rank(m)),
        (single_shot, (*features, *labels), {**euclidean, **draws}, lambda m: by_features.single_shot(m, **draws)),
        (
            verification_rates,
            (*features, *labels),
            {**euclidean, **rates},
            lambda m: by_features.verification(m, **rates),
        ),
        (
            verification_rates_from_distances,
            (distances, *labels),
            rates,
            lambda m: by_distances.verification(m, **rates),
        ),
        (chance_level, labels, {"ranks": (1, 3)}, lambda m: by_features.chance(m, ranks=(1, 3))),
    ]


def assert_equal(left, right):
    assert type(left) is type(right)
    for name, value in vars(left).items():
        if name not in ("draws", "chance"):
            np.testing.assert_array_equal(value, getattr(right, name))


@pytest.mark.parametrize("which", range(6))
def test_a_function_answers_as_a_retrieval(case, which):
    function, arguments, options, ask = answers(case)[which]
    found, expected = function(*arguments, **options, mode=MODES_ASKED), ask(MODES_ASKED)
    assert list(found) == list(expected) == MODES_ASKED
    for mode in MODES_ASKED:
        assert_equal(found[mode], expected[mode])


@pytest.mark.parametrize("which", range(6))
def test_one_mode_gives_one_result(case, which):
    function, arguments, options, ask = answers(case)[which]
    assert_equal(function(*arguments, **options, mode="general"), ask("general")["general"])
    own = Mode("own", match=other("clothes"), removed=same("clothes"))
    assert_equal(function(*arguments, **options, mode=own), ask(own)["own"])


@pytest.mark.parametrize("name", [name for name, value in vars(label_arrays).items() if inspect.isfunction(value)])
def test_labels_have_one_order(name):
    function = getattr(label_arrays, name)
    if function.__module__ == label_arrays.__name__ and not name.startswith("_"):
        parameters = [p for p in inspect.signature(function).parameters if p in ORDER]
        assert parameters == ORDER


def test_labels_as_lists_arrays_or_tensors(case):
    _, distances, labels, *_ = case
    as_arrays = clothes_rank_from_distances(distances, *labels, mode="general")
    as_tensors = clothes_rank_from_distances(
        distances, *(torch.from_numpy(column.astype(np.int32)) for column in labels), mode="general"
    )
    as_lists = clothes_rank_from_distances(distances, *(column.tolist() for column in labels), mode="general")
    assert as_arrays.mean_ap == as_tensors.mean_ap == as_lists.mean_ap
