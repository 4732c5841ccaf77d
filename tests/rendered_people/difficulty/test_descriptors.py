import numpy as np
import pytest

from rendered_people.difficulty.descriptors import (
    absolute_distances,
    histogram,
    squared_distances,
    standardised,
    stripe_means,
)

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (29, 7, 3), dtype=np.uint8)
REGION = RNG.random((29, 7)) < 0.5
REGION[:9] = False


def test_histograms_count_a_stripe_and_channel_at_a_time():
    expected = []
    for rows in np.array_split(np.arange(29), 6):
        for channel in range(3):
            counts = np.zeros(8)
            for row in rows:
                for column in range(7):
                    if REGION[row, column]:
                        counts[IMAGE[row, column, channel] // 32] += 1
            expected += list(counts / max(counts.sum(), 1))
    np.testing.assert_allclose(histogram(IMAGE, REGION), expected)
    assert not histogram(IMAGE, np.zeros_like(REGION)).any()


def test_stripe_means_are_means_of_the_pixels_inside():
    expected = []
    for rows in np.array_split(np.arange(29), 8):
        inside = [IMAGE[row, column] for row in rows for column in range(7) if REGION[row, column]]
        expected += list(np.mean(inside, axis=0)) if inside else [np.nan] * 3
    found = stripe_means(IMAGE, REGION)
    np.testing.assert_allclose(found, expected)
    assert np.isnan(found[:6]).all()
    assert not np.isnan(found[9:]).any()


def test_features_are_standardised_among_the_images_of_a_camera():
    features, cameras = RNG.normal(5, 3, (40, 4)), RNG.integers(0, 3, 40)
    features[RNG.random((40, 4)) < 0.2] = np.nan
    found = standardised(features, cameras)
    for camera in range(3):
        here = cameras == camera
        for column in range(4):
            values = features[here, column]
            expected = (values - np.nanmean(values)) / np.nanstd(values)
            np.testing.assert_allclose(found[here, column], np.nan_to_num(expected))


def test_a_camera_s_gain_and_offset_make_no_difference():
    features, cameras = RNG.normal(size=(30, 4)), np.repeat([0, 1], 15)
    other = features.copy()
    other[cameras == 1] = 3 * other[cameras == 1] - 7
    np.testing.assert_allclose(standardised(other, cameras), standardised(features, cameras))


def test_what_does_not_vary_or_is_not_there_is_zero_without_a_warning(recwarn):
    features = np.array([[1.0, np.nan, 2.0], [1.0, np.nan, np.nan]])
    np.testing.assert_array_equal(standardised(features, np.array([0, 0])), np.zeros((2, 3)))
    assert not recwarn.list


@pytest.mark.parametrize(("distances", "power"), [(absolute_distances, 1), (squared_distances, 2)])
def test_distances_are_sums_over_the_features(distances, power):
    query, gallery = RNG.normal(size=(3, 5)), RNG.normal(size=(4, 5))
    expected = [[sum(abs(a - b) ** power for a, b in zip(q, g, strict=True)) for g in gallery] for q in query]
    np.testing.assert_allclose(distances(query, gallery), expected)
