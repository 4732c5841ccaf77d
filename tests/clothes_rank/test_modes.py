"""What a mode is, what it makes of a pair, and which modes a request means."""

import itertools
import math

import numpy as np
import pytest

from clothes_rank import PROTOCOL_MODES, Among, Labels, Retrieval, chance_level
from clothes_rank.labels import ImageLabels
from clothes_rank.modes import (
    CLOTHES_MODES,
    MODES,
    Mode,
    check_columns,
    judge,
    other,
    requested_modes,
    same,
)

SEEN = list(itertools.product((False, True), repeat=2))
# (same camera, same clothes) -> (match, removed), written out from the definitions.
EXPECTED = {
    "general": {(False, False): "match", (False, True): "match", (True, False): "removed", (True, True): "removed"},
    "same_clothing": {
        (False, False): "removed",
        (False, True): "match",
        (True, False): "removed",
        (True, True): "removed",
    },
    "clothing_change": {
        (False, False): "match",
        (False, True): "removed",
        (True, False): "removed",
        (True, True): "removed",
    },
}


def columns(**given):
    return ImageLabels(np.zeros(4, np.int64), {name: np.array(values) for name, values in given.items()})


@pytest.mark.parametrize("name", MODES)
def test_every_pair_of_a_person_is_a_match_or_removed(name):
    query = columns(camera=[5], clothes=[7])
    gallery = columns(
        camera=[5 if camera else 6 for camera, _ in SEEN], clothes=[7 if clothes else 8 for _, clothes in SEEN]
    )
    found = judge(CLOTHES_MODES[name], query, gallery, np.zeros(4, np.int64), np.arange(4))
    for case, is_match, is_removed in zip(SEEN, *found, strict=True):
        assert (is_match, is_removed) == (EXPECTED[name][case] == "match", EXPECTED[name][case] == "removed")


def test_the_modes_are_three():
    assert MODES == ("general", "same_clothing", "clothing_change") == tuple(EXPECTED)


def test_without_cameras_no_two_images_share_one():
    no_cameras = ImageLabels(np.zeros(2, np.int64), {"camera": None})
    found = judge(CLOTHES_MODES["general"], no_cameras, no_cameras, np.array([0, 1]), np.array([0, 1]))
    assert found.is_match.tolist() == [True, True]
    assert not found.is_removed.any()


def test_conditions_combine_in_words_and_in_truth():
    condition = same("a") & (other("b") | other("c"))
    assert condition.columns == ("a", "b", "c")
    assert condition.text == "same a and (other b or other c)"
    for a, b, c in itertools.product((False, True), repeat=3):
        agree = {name: np.array([value]) for name, value in zip("abc", (a, b, c), strict=True)}
        assert condition.holds(agree)[0] == (a and (not b or not c))
    assert (same("a") | same("b") | same("a")).text == "same a or same b or same a"


def test_a_mode_of_ones_own_compares_further_labels():
    mode = Mode("other_place", match=other("place") & other("camera"), removed=same("camera"))
    assert mode.columns == ("place", "camera")
    query = columns(camera=[0], place=[0])
    gallery = columns(camera=[0, 1, 1, 0], place=[0, 0, 1, 1])
    found = judge(mode, query, gallery, np.zeros(4, np.int64), np.arange(4))
    assert found.is_match.tolist() == [False, False, True, False]
    # The second is neither: it stays in the ranking as a distractor.
    assert found.is_removed.tolist() == [True, False, False, True]


def test_an_image_cannot_be_match_and_removed():
    with pytest.raises(ValueError, match=r"an image can be both a match \(other camera\) and removed \(same clothes\)"):
        Mode("broken", match=other("camera"), removed=same("clothes"))


def test_modes_asked_for_twice_count_once():
    assert list(requested_modes(["general", "clothing_change", "general"])) == ["general", "clothing_change"]
    assert list(requested_modes("general")) == ["general"]


def test_modes_by_name_or_as_they_are():
    own = Mode("own", match=other("tracklet"), removed=same("tracklet"))
    assert requested_modes([own, "general"]) == {"own": own, "general": CLOTHES_MODES["general"]}
    assert requested_modes(own) == {"own": own}


@pytest.mark.parametrize("modes", [[], "cloth_change", ["general", "other"]])
def test_what_is_no_mode(modes):
    with pytest.raises(ValueError, match=r"mode is .* expected one of general, same_clothing, clothing_change"):
        requested_modes(modes)


def test_two_modes_of_one_name():
    own = Mode("general", match=other("tracklet"), removed=same("tracklet"))
    with pytest.raises(ValueError, match="two modes are named general"):
        requested_modes(["general", own])


def test_a_mode_needs_its_labels():
    labels = ImageLabels(np.zeros(1, np.int64), {"camera": None})
    check_columns(requested_modes("general"), labels)
    with pytest.raises(ValueError, match="mode clothing_change compares clothes, which the labels do not give"):
        check_columns(requested_modes(["general", "clothing_change"]), labels)


def features(distances):
    """One query at 0 and gallery images at these distances on a line, in one dimension more."""
    return np.zeros((1, 2), np.float32), np.array([[value, 0.0] for value in distances], np.float32)


def problem(pids, **columns):
    """A query of person 1 and five gallery images, nearest first; of each label the query's, then the gallery's."""
    query, gallery = features([1, 2, 3, 4, 5])
    camids = columns.pop("camids", [0, 1, 2, 3, 4, 5])
    sides = [
        Labels(
            [1] if part == slice(0, 1) else pids,
            camids[part],
            None,
            {name: values[part] for name, values in columns.items()},
        )
        for part in (slice(0, 1), slice(1, None))
    ]
    return Retrieval(query, gallery, *sides, metric="euclidean")


def test_deepchange_a_match_is_of_another_tracklet_whatever_its_camera():
    #                      own tracklet, other person, same camera, other person, other camera
    asked = problem([1, 2, 1, 2, 1], camids=[0, 0, 0, 0, 0, 3], tracklet=[5, 5, 6, 7, 6, 8])
    found = asked.rank("other_tracklet")["other_tracklet"]
    # Ranked: wrong, match at 2, wrong, match at 4.
    assert found.mean_ap == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert found.cmc[:2].tolist() == [0, 1]
    # By camera the third image would be taken out: one match, at 3.
    assert asked.rank("general")["general"].mean_ap == pytest.approx(1 / 3)


def test_without_cameras_nothing_is_taken_out():
    query, gallery = features([1, 2, 3, 4, 5])
    asked = Retrieval(query, gallery, Labels([1], None), Labels([1, 2, 1, 2, 1], None), metric="euclidean")
    # LaST and Celeb-reID: every image of the person is a match, at 1, 3 and 5.
    assert asked.rank("general")["general"].mean_ap == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    by_number = problem([1, 2, 1, 2, 1])
    assert by_number.rank("general")["general"].mean_ap == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def vc_clothes(camera_of_query):
    """Gallery, nearest first: person 2 camera 1, person 2 camera 3, person 1 cameras 4, 3 and 2."""
    numbers = [camera_of_query, 1, 3, 4, 3, 2]
    return problem([2, 2, 1, 1, 1], camids=[number - 1 for number in numbers], camera_number=numbers)


def test_vc_clothes_pairs_of_cameras_have_no_other_images():
    asked = vc_clothes(3)
    found = asked.rank(["cameras_2_3", "general", "cameras_3_4"])
    assert list(found) == ["cameras_2_3", "general", "cameras_3_4"]
    # All cameras: wrong, wrong, match at 3, own camera out, match at 4.
    assert found["general"].mean_ap == pytest.approx((1 / 3 + 2 / 4) / 2)
    # 2-3: camera 1's image of another person is not there: wrong, own camera out, match at 2.
    assert found["cameras_2_3"].mean_ap == pytest.approx(1 / 2)
    # 3-4: wrong, match at 2, own camera out.
    assert found["cameras_3_4"].mean_ap == pytest.approx(1 / 2)
    assert found["cameras_3_4"].num_queries == 1
    chance = asked.chance(["general", "cameras_2_3"], ranks=(1,))
    assert chance["cameras_2_3"].cmc[1] == pytest.approx(1 / 2)  # one match of two ranked images
    assert chance["general"].cmc[1] == pytest.approx(2 / 4)


def test_a_query_of_another_camera_has_no_part_and_is_not_left_out():
    asked = vc_clothes(4)
    found = asked.rank(["cameras_2_3", "cameras_3_4"])
    assert (found["cameras_2_3"].num_queries, found["cameras_2_3"].num_skipped) == (0, 0)
    assert math.isnan(found["cameras_2_3"].mean_ap)
    assert found["cameras_3_4"].mean_ap == pytest.approx(1 / 2)  # wrong, own camera out, match at 2
    assert asked.chance("cameras_2_3")["cameras_2_3"].num_queries == 0
    assert math.isnan(asked.single_shot("cameras_2_3", draws=2)["cameras_2_3"].mean_ap)
    verified = asked.verification(["cameras_2_3", "cameras_3_4"], false_positive_rates=(0.5,))
    assert verified["cameras_2_3"].num_matches == 0
    assert verified["cameras_3_4"].num_matches == 1
    with pytest.raises(ValueError, match="cameras_2_3 is about images that there are no queries"):
        asked.open_set("cameras_2_3")


@pytest.mark.parametrize("column", ["location", "scale"])
def test_mevid_same_and_other(column):
    # Of the person: unknown, same, other, other in the query's camera; of another: unknown.
    asked = problem([1, 1, 1, 1, 2], camids=[0, 1, 2, 3, 0, 4], **{column: [1, -1, 1, 0, 0, -1]})
    found = asked.rank([f"same_{column}", f"other_{column}"])
    assert found[f"same_{column}"].mean_ap == 1.0
    assert found[f"other_{column}"].mean_ap == 1.0
    top = asked.top(9, f"other_{column}")
    # What is unknown is not there, not even the other person; the same is taken out.
    assert top.images.tolist() == [[2, -1, -1]]


def test_the_head_of_a_ranking_names_images_of_the_whole_gallery():
    top = vc_clothes(3).top(3, "cameras_2_3")
    assert top.images.tolist() == [[1, 4, -1]]
    assert top.is_match.tolist() == [[False, True, False]]
    with pytest.raises(ValueError, match="of the mode's images"):
        vc_clothes(4).top(3, "cameras_3_4", queries=[1])


def test_several_queries_keep_their_numbers():
    generator = np.random.default_rng(0)
    query, gallery = generator.standard_normal((30, 4)), generator.standard_normal((60, 4))
    labels = [
        Labels(
            generator.integers(0, 5, size),
            (numbers := generator.integers(1, 5, size)) - 1,
            None,
            {"camera_number": numbers},
        )
        for size in (30, 60)
    ]
    found = Retrieval(query, gallery, *labels).rank("cameras_2_3")["cameras_2_3"]
    keep = [np.flatnonzero(np.isin(side.camids, (1, 2))) for side in labels]
    alone = Retrieval(
        query[keep[0]],
        gallery[keep[1]],
        *(Labels(side.pids[kept], side.camids[kept]) for side, kept in zip(labels, keep, strict=True)),
    ).rank("general")["general"]
    np.testing.assert_array_equal(found.all_ap, alone.all_ap)
    np.testing.assert_array_equal(found.query_indices, keep[0][alone.query_indices])
    np.testing.assert_array_equal(found.skipped_indices, keep[0][alone.skipped_indices])
    shot = Retrieval(query, gallery, *labels).single_shot("cameras_2_3", draws=2, seed=3)["cameras_2_3"]
    assert set(shot.draws[0].query_indices) <= set(keep[0])
    opened = Retrieval(query, gallery, *labels).open_set("cameras_2_3", draws=1)["cameras_2_3"]
    assert opened.mode == "cameras_2_3"


def test_labels_that_are_missing_are_named():
    with pytest.raises(ValueError, match="mode cameras_2_3 compares camera_number, which the labels do not give"):
        problem([1, 2, 1, 2, 1]).rank("cameras_2_3")
    with pytest.raises(ValueError, match="expected one of general, same_clothing, clothing_change, other_tracklet"):
        problem([1, 2, 1, 2, 1]).rank("cameras_1_2")


def test_a_mode_of_ones_own_about_some_images():
    mode = Mode("night", match=other("camera"), removed=same("camera"), among=Among("hour", (22, 23)))
    assert mode.columns == ("camera", "hour")
    found = problem([2, 1, 1, 1, 1], hour=[23, 9, 9, 22, 9, 9]).rank(mode)["night"]
    assert found.mean_ap == 1.0


def test_the_names():
    assert list(PROTOCOL_MODES) == [
        "other_tracklet",
        "cameras_2_3",
        "cameras_3_4",
        "same_location",
        "other_location",
        "same_scale",
        "other_scale",
    ]
    assert chance_level([1], [1], [0], [1], [0], [1], mode="general").num_queries == 1
