import itertools

import numpy as np
import pytest

from person_search import DecisionsError
from person_search.calibration import calibrate


@pytest.fixture
def labelled():
    """Vectors of 40 people in two outfits before three cameras, some labels unknown."""
    generator = np.random.default_rng(0)
    people = generator.integers(0, 40, 300)
    vectors = generator.normal(size=(40, 16))[people] + generator.normal(size=(300, 16)) * 0.7
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    draws = zip(people, generator.integers(0, 3, 300), strict=True)
    clothes = [None if draw == 2 else f"{person}/{draw}" for person, draw in draws]
    cameras = [None if draw == 3 else f"c{draw}" for draw in generator.integers(0, 4, 300)]
    return vectors, [f"p{person}" for person in people], clothes, cameras


def pairs(vectors, people, clothes, cameras):
    """Similarities by kind of pair, one pair after the other."""
    found = {"different": [], "same_clothes": [], "other_clothes": []}
    for one, other in itertools.combinations(range(len(people)), 2):
        score = vectors[one] @ vectors[other]
        if people[one] != people[other]:
            found["different"].append(score)
        elif None in (clothes[one], clothes[other]) or (cameras[one] == cameras[other] and cameras[one] is not None):
            continue
        else:
            found["same_clothes" if clothes[one] == clothes[other] else "other_clothes"].append(score)
    return {kind: np.array(scores) for kind, scores in found.items()}


@pytest.mark.parametrize("rows", [7, 300])
def test_against_every_pair(labelled, monkeypatch, rows):
    monkeypatch.setattr("person_search.calibration._ROWS", rows)
    decisions = calibrate(*labelled, fingerprint="f", rates=(1e-3, 1e-2, 0.1), source="drawn")
    found = pairs(*labelled)
    assert decisions.pairs == {
        "different_people": len(found["different"]),
        "same_clothes": len(found["same_clothes"]),
        "other_clothes": len(found["other_clothes"]),
    }
    assert (decisions.people, decisions.source) == (40, "drawn")
    for rate, similarity in decisions.similarity.items():
        accepted = int(rate * len(found["different"]))
        # Products of float32 may differ in the last digit between one pair and a block of them.
        assert abs((found["different"] >= similarity).sum() - accepted) <= 1
        for kind in ("same_clothes", "other_clothes"):
            share = (found[kind] >= similarity).mean()
            assert decisions.accepted[kind][rate] == pytest.approx(share, abs=1.5 / len(found[kind]))


def test_ties_are_not_accepted_beyond_the_rate():
    # Half of all pairs of different people are equally similar: none of these may pass.
    vectors = np.tile(np.eye(2, dtype=np.float32), (100, 1))
    people = [str(number // 4) for number in range(200)]
    decisions = calibrate(vectors, people, ["x"] * 200, fingerprint="f", rates=(1e-3, 1e-2))
    assert min(decisions.similarity.values()) > 1


def test_rates_that_too_few_pairs_stand_for_are_left_out(labelled):
    decisions = calibrate(*labelled, fingerprint="f", rates=(1e-9, 1e-3, 1e-2))
    assert sorted(decisions.similarity) == [1e-3, 1e-2]


def test_too_few_people(labelled):
    vectors, people, clothes, cameras = (column[:20] for column in labelled)
    with pytest.raises(DecisionsError, match=r"people in 20 pictures give \d+ pairs .* need 10,000. Label more"):
        calibrate(vectors, people, clothes, cameras, fingerprint="f")
    with pytest.raises(DecisionsError, match="0 people"):
        calibrate(vectors[:0], [], fingerprint="f")


def test_nothing_to_recognise(labelled):
    vectors, people, clothes, _ = labelled
    with pytest.raises(DecisionsError, match="seen by two cameras"):
        calibrate(vectors, people, clothes, ["one"] * 300, fingerprint="f", rates=(1e-3, 1e-2))
    with pytest.raises(DecisionsError, match="seen by two cameras"):
        calibrate(vectors, people, None, fingerprint="f", rates=(1e-3, 1e-2))


def test_bad_input(labelled):
    vectors, people, clothes, cameras = labelled
    with pytest.raises(ValueError, match="for 300 vectors"):
        calibrate(vectors, people[:5], clothes, cameras, fingerprint="f")
    for rates in ((), (0.1, 1.5), (0, 0.1)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            calibrate(vectors, people, clothes, cameras, fingerprint="f", rates=rates)
