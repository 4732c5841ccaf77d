"""What a mode is, what it makes of a pair, and which modes a request means."""

import itertools

import numpy as np
import pytest

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
