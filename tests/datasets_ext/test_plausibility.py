"""Maps read in another label system than theirs are told; maps read in their own are not, whatever they show."""

import glob
import os

import numpy as np
import pytest

from datasets_ext import LABEL_SYSTEMS, convert_labels, label_system, read_label_png
from datasets_ext.plausibility import map_statistics, misreading

LIP = {name: value for value, name in enumerate(label_system("lip").names)}
SYSTEMS = list(LABEL_SYSTEMS)


@pytest.fixture(scope="module")
def rendered(tiny):
    """LIP maps of rendered people."""
    paths = sorted(glob.glob(os.path.join(tiny[0], "LTCC_ReID", "parsing", "*", "*.png")))
    assert len(paths) >= 40
    return [read_label_png(path) for path in paths]


def as_pascal(labels):
    """Head, torso with its outer fifths as upper arms, arms, halves of the legs: clothes are no parts of the body."""
    parts = np.zeros_like(labels)
    parts[np.isin(labels, [LIP[name] for name in ("Hat", "Hair", "Sunglasses", "Face")])] = 1
    upper = np.isin(labels, [LIP[name] for name in ("Upper-clothes", "Coat", "Dress", "Jumpsuits", "Scarf")])
    for row in range(len(labels)):
        columns = np.flatnonzero(upper[row])
        parts[row, columns] = 2
        for side in np.array_split(columns, 5)[:: 4 if len(columns) > 5 else 5][1:]:
            parts[row, side] = 3
    parts[np.isin(labels, [LIP["Left-arm"], LIP["Right-arm"]])] = 4
    lower = ~np.isin(parts, (1, 2, 3, 4)) & (labels > 0)
    rows = np.flatnonzero(lower.any(axis=1))
    if len(rows):
        middle = (rows[0] + rows[-1] + 1) // 2
        parts[:middle][lower[:middle]] = 5
        parts[middle:][lower[middle:]] = 6
    return parts


MADE_IN = {
    "lip": lambda labels: labels,
    "atr": lambda labels: convert_labels(labels, "lip", "atr", fallback="Left-shoe"),
    "pascal": as_pascal,
}


def from_behind(labels):
    return np.where(labels == LIP["Face"], LIP["Hair"], labels)


def without_a_face(labels):
    return np.where(labels == LIP["Face"], 0, labels)


def behind_a_post(labels):
    labels = labels.copy()
    labels[:, : labels.shape[1] // 2] = 0
    return labels


def behind_a_wall(labels):
    labels = labels.copy()
    labels[len(labels) // 3 : 2 * len(labels) // 3] = 0
    return labels


def without_feet(labels):
    return labels[: len(labels) * 8 // 10]


VIEWS = [lambda labels: labels, from_behind, without_a_face, behind_a_post, behind_a_wall, without_feet]


def judged(maps, made_in, view, read_as):
    seen = [MADE_IN[made_in](view(labels)) for labels in maps]
    return misreading([map_statistics(labels) for labels in seen], label_system(read_as))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("made_in", SYSTEMS)
def test_each_wrong_reading_is_named_and_each_right_one_passes(rendered, made_in, view):
    for read_as in SYSTEMS:
        found = judged(rendered, made_in, view, read_as)
        if read_as == made_in:
            assert found is None
        else:
            assert found.fitting is label_system(made_in)
            assert found.share > 0.7


@pytest.mark.parametrize("made_in", SYSTEMS)
def test_few_images(rendered, made_in):
    # Each run of eight images in a row, of one or two people.
    for start in range(0, len(rendered) - 8, 8):
        for read_as in SYSTEMS:
            found = judged(rendered[start : start + 8], made_in, VIEWS[0], read_as)
            assert (None if found is None else found.fitting) is (None if read_as == made_in else label_system(made_in))


@pytest.mark.parametrize(
    "view", [*VIEWS, lambda labels: labels[: len(labels) // 2], lambda labels: labels[len(labels) // 2 :]]
)
@pytest.mark.parametrize("made_in", SYSTEMS)
def test_five_images_of_whatever_are_never_refused(rendered, made_in, view):
    for start in range(len(rendered) - 5):
        found = judged(rendered[start : start + 5], made_in, view, made_in)
        assert found is None or found.fitting is None


def test_four_images_are_not_judged(rendered):
    assert judged(rendered[:4], "lip", VIEWS[0], "pascal") is None
    assert misreading([], label_system("lip")) is None
    nobody = map_statistics(np.zeros((4, 4), np.uint8))
    assert misreading([nobody] * 9, label_system("lip")) is None


def test_people_upside_down_fit_nowhere(rendered):
    found = judged(rendered, "lip", lambda labels: labels[::-1], "lip")
    assert found.fitting is None
    assert found.sentence().endswith("No other system fits either.")


def test_what_is_said(rendered):
    found = judged(rendered, "atr", VIEWS[0], "lip")
    sentence = found.sentence()
    assert sentence.startswith("cannot be of label system 'lip': in ")
    assert f"of the {len(rendered)} that" in sentence
    assert sentence.endswith("They are 'atr'. Put this line into the config (or --system atr on the command line): "
                             "IFD.PARSING.SYSTEM: atr")  # fmt: skip


def test_statistics_against_a_loop():
    labels = np.random.default_rng(0).integers(0, 5, (11, 7)).astype(np.uint8)
    labels[:3] = labels[9:] = 0
    labels[4, 2] = 200
    found = map_statistics(labels)
    assert found.labels == (0, 1, 2, 3, 4, 200)
    for label, count, height in zip(*found, strict=True):
        rows = [row for row in range(11) for column in range(7) if labels[row, column] == label]
        assert count == len(rows)
        assert height == pytest.approx((np.mean(rows) - 3) / 6)
