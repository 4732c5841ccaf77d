"""Open-set identification against its definition, one query after the other."""

import numpy as np
import pytest

from clothes_rank import MODES, Labels, Mode, Retrieval, other, same

RATES = (0.0, 0.05, 0.2, 0.5)


@pytest.fixture
def drawn(random_labels):
    """Distances and labels of 60 queries of 12 people, nine of whom are in a gallery of 80 images."""
    generator = np.random.default_rng(3)
    labels = list(random_labels(generator, 60, 80, pids=12))
    labels[1] = generator.integers(0, 9, 80)
    centres = generator.normal(size=(12, 6))
    query, gallery = (centres[pids] + generator.normal(size=(len(pids), 6)) for pids in labels[:2])
    return query, gallery, labels


def retrieval_of(drawn):
    query, gallery, (query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes) = drawn
    return Retrieval(
        query,
        gallery,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
    )


def open_set_slowly(drawn, mode, rate):
    """(detection and identification rate, known queries, unknown queries), from the definitions."""
    query, gallery, (query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes) = drawn
    known, unknown = [], []
    for q in range(len(query)):
        ranking, matches = [], 0
        for g in range(len(gallery)):
            cosine = query[q] @ gallery[g] / np.linalg.norm(query[q]) / np.linalg.norm(gallery[g])
            is_match = False
            if query_pids[q] == gallery_pids[g]:
                same_clothes = query_clothes[q] == gallery_clothes[g]
                is_match = (
                    query_camids[q] != gallery_camids[g]
                    and {
                        "general": True,
                        "same_clothing": same_clothes,
                        "clothing_change": not same_clothes,
                    }[mode]
                )
                if not is_match:
                    continue
            matches += is_match
            ranking.append((1 - cosine, is_match))
        (known if matches else unknown).append(min(ranking))
    # The largest threshold among those that answer few enough: one of the distances of the unknown.
    allowed = [
        threshold
        for threshold, _ in unknown
        if sum(distance < threshold for distance, _ in unknown) <= rate * len(unknown)
    ]
    right = sum(is_match and distance < max(allowed) for distance, is_match in known)
    return right / len(known), len(known), len(unknown)


@pytest.mark.parametrize("mode", MODES)
def test_against_the_definition(drawn, mode):
    result = retrieval_of(drawn).open_set(mode, false_alarm_rates=RATES, unknown_share=0, draws=1)[mode]
    (draw,) = result.draws
    for rate in RATES:
        expected, known, unknown = open_set_slowly(drawn, mode, rate)
        assert result.rates[rate] == pytest.approx(expected, abs=1e-12)
        assert (draw.num_known, draw.num_unknown) == (known, unknown)
    assert list(result.deviations.values()) == [0] * len(RATES)
    assert 0 < result.rates[0.5] < 1


def test_people_are_taken_out_at_random(drawn):
    query, gallery, labels = drawn
    result = retrieval_of(drawn).open_set("general", false_alarm_rates=(0.2,), unknown_share=0.4, draws=5, seed=1)
    again = retrieval_of(drawn).open_set("general", false_alarm_rates=(0.2,), unknown_share=0.4, draws=5, seed=1)
    assert result == again
    found = []
    generator = np.random.default_rng(1)
    for draw in result["general"].draws:
        # Four of nine people, as drawn.
        missing = generator.choice(9, 4, replace=False)
        kept = ~np.isin(labels[1], missing)
        part = [side if place % 2 == 0 else side[kept] for place, side in enumerate(labels)]
        expected, known, unknown = open_set_slowly((query, gallery[kept], part), "general", 0.2)
        assert draw.rates[0.2] == pytest.approx(expected, abs=1e-12)
        assert (draw.num_known, draw.num_unknown) == (known, unknown)
        found.append(expected)
    assert result["general"].rates[0.2] == pytest.approx(np.mean(found), abs=1e-12)
    assert result["general"].deviations[0.2] == pytest.approx(np.std(found, ddof=1), abs=1e-12)


def test_chance_is_what_random_distances_give(random_labels):
    generator = np.random.default_rng(0)
    query_pids, gallery_pids, query_camids, gallery_camids, *_ = random_labels(generator, 400, 60, pids=8, cameras=9)
    gallery_pids %= 5
    sides = Labels(query_pids, query_camids), Labels(gallery_pids, gallery_camids)
    found, expected = [], []
    for _ in range(60):
        distances = generator.random((400, 60))
        result = Retrieval.from_distances(distances, *sides).open_set(
            "general", false_alarm_rates=(0.3,), unknown_share=0, draws=1
        )["general"]
        found.append(result.rates[0.3])
        expected.append(result.chance[0.3])
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=4 * np.std(found) / np.sqrt(60))
    assert np.mean(expected) == pytest.approx(0.3 / 5, rel=0.2)


def test_a_perfect_and_a_blind_model():
    labels = Labels([0, 0, 1, 2], [0, 0, 0, 0]), Labels([0, 1], [1, 1])
    perfect = Retrieval.from_distances(np.array([[0.1, 1], [0.2, 1], [1, 0.1], [1, 1]]), *labels)
    blind = Retrieval.from_distances(np.ones((4, 2)), *labels)
    options = {"false_alarm_rates": (0.0, 0.9), "unknown_share": 0, "draws": 1}
    assert perfect.open_set("general", **options)["general"].rates == {0.0: 1.0, 0.9: 1.0}
    # All are as near as the one who is not there: nobody can be answered without answering that one.
    assert blind.open_set("general", **options)["general"].rates == {0.0: 0.0, 0.9: 0.0}


def test_galleries_that_ask_nothing():
    closed = Retrieval.from_distances(np.ones((2, 2)), Labels([0, 1], None), Labels([0, 1], None))
    nobody = Retrieval.from_distances(np.ones((2, 2)), Labels([0, 1], None), Labels([2, 3], None))
    for retrieval, counts in ((closed, (2, 0)), (nobody, (0, 2))):
        result = retrieval.open_set("general", false_alarm_rates=(0.1,), unknown_share=0, draws=2)["general"]
        assert np.isnan([result.rates[0.1], result.deviations[0.1], result.chance[0.1]]).all()
        assert {(draw.num_known, draw.num_unknown) for draw in result.draws} == {counts}


def test_draws_without_unknown_queries_are_left_out_of_the_means():
    # One of two people is asked for: in about half of the draws it is the other who is missing.
    retrieval = Retrieval.from_distances(np.array([[0.1, 0.5]]), Labels([0], None), Labels([0, 1], None))
    result = retrieval.open_set("general", false_alarm_rates=(0.1,), draws=8)["general"]
    assert {(draw.num_known, draw.num_unknown) for draw in result.draws} == {(1, 0), (0, 1)}
    assert np.isnan(result.rates[0.1])


def test_a_mode_that_removes_everything_of_a_person():
    # The second query's person is there, before the same camera alone: unknown in this mode, and never answered.
    mode = Mode("other_camera", match=other("camera"), removed=same("camera"))
    retrieval = Retrieval.from_distances(np.array([[0.1], [0.2]]), Labels([0, 0], [0, 1]), Labels([0], [1]))
    result = retrieval.open_set(mode, false_alarm_rates=(0.0,), unknown_share=0, draws=1)["other_camera"]
    assert (result.draws[0].num_known, result.draws[0].num_unknown) == (1, 1)
    assert result.rates == {0.0: 1.0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"false_alarm_rates": ()}, "false_alarm_rates"),
        ({"false_alarm_rates": (1.0,)}, "below 1"),
        ({"false_alarm_rates": (-0.1,)}, "at least 0"),
        ({"unknown_share": 1.0}, "unknown_share"),
        ({"draws": 0}, "draws"),
        ({"modes": "walking"}, "mode"),
    ],
)
def test_bad_options(drawn, options, message):
    with pytest.raises(ValueError, match=message):
        retrieval_of(drawn).open_set(**options)
