"""A Retrieval is checked once, and each answer is that of a retrieval made for it alone."""

import numpy as np
import pytest
import torch

from clothes_rank import MODES, Labels, Mode, Retrieval, inputs, other, retrieval, same


@pytest.fixture
def case(random_labels):
    generator = np.random.default_rng(0)
    query, gallery = generator.standard_normal((20, 8)), generator.standard_normal((50, 8))
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = random_labels(
        generator, 20, 50
    )
    return (
        query,
        gallery,
        Labels(query_pids, query_camids, query_clothes),
        Labels(gallery_pids, gallery_camids, gallery_clothes),
    )


def test_input_is_checked_once(case, monkeypatch):
    calls = []
    for name in ("check_features", "check_norms"):
        check = getattr(inputs, name)
        monkeypatch.setattr(inputs, name, lambda *args, check=check, name=name: calls.append(name) or check(*args))
    monkeypatch.setattr(retrieval, "check_features", inputs.check_features)
    asked = Retrieval(*case)
    assert calls == ["check_features", "check_norms"]
    asked.rank()
    asked.single_shot(draws=2)
    asked.verification()
    asked.chance()
    asked.top(3, "general")
    assert len(calls) == 2


def test_answers_do_not_depend_on_one_another(case):
    asked = Retrieval(*case)
    first = asked.rank()
    asked.top(3, "general")
    asked.verification(["same_clothing"])
    asked.single_shot("general", draws=1)
    again = asked.rank(["clothing_change", "general"])
    assert list(again) == ["clothing_change", "general"]
    for mode, result in again.items():
        np.testing.assert_array_equal(result.all_ap, first[mode].all_ap)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_distances_of_features_rank_as_the_features(case, metric):
    query, gallery, *labels = case
    distances = ((query[:, None] - gallery[None]) ** 2).sum(-1)
    if metric == "cosine":
        norms = [np.linalg.norm(side, axis=1) for side in (query, gallery)]
        distances = 1.0 - query @ gallery.T / np.outer(*norms)
    by_features = Retrieval(*case, metric=metric)
    by_distances = Retrieval.from_distances(distances, *labels)
    for mode in MODES:
        for answer in (
            lambda asked, mode=mode: asked.rank(mode)[mode].all_ap.tolist(),
            lambda asked, mode=mode: asked.top(9, mode).images.tolist(),
            lambda asked, mode=mode: asked.verification(mode)[mode].num_matches,
            lambda asked, mode=mode: asked.single_shot(mode)[mode].mean_ap,
        ):
            assert answer(by_features) == answer(by_distances)


def test_results_are_keyed_by_mode_whatever_was_asked(case):
    own = Mode("own", match=other("clothes"), removed=same("clothes"))
    asked = Retrieval(*case)
    for modes, names in (("general", ["general"]), (own, ["own"]), ([own, "general"], ["own", "general"])):
        for answer in (asked.rank, asked.single_shot, asked.verification, asked.chance):
            results = answer(modes)
            assert list(results) == names
            assert [result.mode for result in results.values()] == names


def test_a_mode_of_ones_own_that_says_what_general_says_scores_the_same(case):
    tracklets = Mode("tracklets", match=other("tracklet"), removed=same("tracklet"))
    query, gallery, query_labels, gallery_labels = case
    asked = Retrieval(
        query,
        gallery,
        Labels(query_labels.pids, None, further={"tracklet": query_labels.camids}),
        Labels(gallery_labels.pids, None, further={"tracklet": gallery_labels.camids}),
    )
    expected = Retrieval(*case)
    assert asked.rank(tracklets)["tracklets"].mean_ap == expected.rank("general")["general"].mean_ap
    assert asked.chance(tracklets)["tracklets"].mean_ap == expected.chance("general")["general"].mean_ap
    rates = (asked.verification(tracklets)["tracklets"], expected.verification("general")["general"])
    assert rates[0].true_positive_rates == rates[1].true_positive_rates


def test_without_cameras_every_image_has_one_of_its_own(case):
    query, gallery, query_labels, gallery_labels = case
    unknown = Retrieval(query, gallery, Labels(query_labels.pids, None), Labels(gallery_labels.pids, None))
    apart = Retrieval(
        query, gallery, Labels(query_labels.pids, np.arange(20)), Labels(gallery_labels.pids, 100 + np.arange(50))
    )
    np.testing.assert_array_equal(unknown.rank("general")["general"].all_ap, apart.rank("general")["general"].all_ap)


@pytest.mark.parametrize("answer", ["rank", "single_shot", "verification", "chance"])
def test_modes_are_refused_where_their_labels_are_unknown(case, answer):
    query, gallery, query_labels, gallery_labels = case
    asked = Retrieval(query, gallery, Labels(query_labels.pids, None), Labels(gallery_labels.pids, None))
    with pytest.raises(ValueError, match="mode same_clothing compares clothes, which the labels do not give"):
        getattr(asked, answer)(MODES)
    with pytest.raises(ValueError, match="mode clothing_change compares clothes, which the labels do not give"):
        asked.top(3, "clothing_change")


def test_single_shot_gives_the_chance_of_its_galleries(case):
    asked = Retrieval(*case)
    result = asked.single_shot("general", draws=4, chance_ranks=(1, 20))["general"]
    assert [level.num_queries for level in result.chance] == [draw.num_queries for draw in result.draws]
    assert [list(level.cmc) for level in result.chance] == [[1, 20]] * 4
    assert all(level.mean_ap > asked.chance("general")["general"].mean_ap for level in result.chance)


@pytest.mark.parametrize("sides", ["both", "query"])
def test_tensors(case, sides):
    query, gallery, *labels = case
    expected = Retrieval(*case)
    as_tensors = (torch.from_numpy(query), torch.from_numpy(gallery) if sides == "both" else gallery)
    asked = Retrieval(*as_tensors, *labels)
    assert asked.rank("general")["general"].mean_ap == expected.rank("general")["general"].mean_ap
    assert asked.single_shot("general")["general"].mean_ap == expected.single_shot("general")["general"].mean_ap
    np.testing.assert_array_equal(asked.top(4, "general").images, expected.top(4, "general").images)
