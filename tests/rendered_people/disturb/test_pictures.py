import numpy as np
import pytest

from rendered_people.camera.occluders import draw_occluder
from rendered_people.disturb.pictures import blur, crop, low_light, occlusion

PICTURES = (blur, low_light, occlusion, crop)


@pytest.fixture
def sample():
    """An image of noise, 64 x 32, with a person of 40 x 12 pixels in it."""
    image = np.random.default_rng(0).integers(0, 256, (64, 32, 3), dtype=np.uint8)
    labels = np.zeros((64, 32), dtype=np.uint8)
    labels[12:52, 10:22] = 5
    return image, labels


def spoiled(picture, sample, strength, seed=0):
    return picture(*sample, np.random.default_rng(seed), strength)


@pytest.mark.parametrize("picture", PICTURES)
def test_size_and_kind_stay_and_nothing_is_changed_in_place(picture, sample):
    image, labels = sample[0].copy(), sample[1].copy()
    found = spoiled(picture, sample, 3)
    assert [(pixels.shape, pixels.dtype) for pixels in found] == [((64, 32, 3), np.uint8), ((64, 32), np.uint8)]
    assert not np.array_equal(found[0], image)
    np.testing.assert_array_equal(sample[0], image)
    np.testing.assert_array_equal(sample[1], labels)


@pytest.mark.parametrize("picture", PICTURES)
def test_equal_draws_give_equal_pixels_and_other_draws_others(picture, sample):
    first, again, other = (spoiled(picture, sample, 2, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(4))
def test_blur_takes_contrast_more_with_strength_and_keeps_the_light(sample, seed):
    spread = [spoiled(blur, sample, strength, seed)[0].std() for strength in (1, 2, 3)]
    assert sample[0].std() > spread[0] > spread[1] > spread[2]
    even = np.full((64, 32, 3), 100, dtype=np.uint8)
    np.testing.assert_array_equal(spoiled(blur, (even, sample[1]), 3, seed)[0], even)
    np.testing.assert_array_equal(spoiled(blur, sample, 3, seed)[1], sample[1])


def test_motion_blurs_along_a_line_and_defocus_all_around():
    point = np.zeros((129, 65, 3), dtype=np.uint8)
    point[64, 32] = 255
    shapes = set()
    for seed in range(12):
        rows, columns = np.nonzero(blur(point, point[..., 0], np.random.default_rng(seed), 2)[0][..., 0])
        extent = sorted((np.ptp(rows) + 1, np.ptp(columns) + 1))
        shapes.add("disc" if extent == [5, 5] else "line")
        # Nine pixels, at their ends shared with the pixel beyond.
        assert extent == [5, 5] or extent[1] in (8, 9, 10, 11)
    assert shapes == {"disc", "line"}


def test_low_light_is_darker_and_noisier_with_strength(sample):
    grey = np.full((64, 32, 3), 150, dtype=np.uint8)
    found = [spoiled(low_light, (grey, sample[1]), strength)[0].astype(float) for strength in (1, 2, 3)]
    assert 150 > found[0].mean() > found[1].mean() > found[2].mean() > 30
    noise = [pixels.std() / pixels.mean() for pixels in found]
    assert noise[0] < noise[1] < noise[2]
    np.testing.assert_array_equal(spoiled(low_light, sample, 3)[1], sample[1])


def test_occlusion_hides_its_share_of_the_person_and_no_more_than_a_row_or_column_beyond(sample):
    kinds = set()
    for seed in range(20):
        drawn = draw_occluder(np.random.default_rng(seed))
        kinds.add("pole" if drawn.round else "low" if drawn.box[1] > 0 else "edge")
        for strength, share in ((1, 0.2), (2, 0.4), (3, 0.6)):
            image, labels = spoiled(occlusion, sample, strength, seed)
            hidden = 1 - np.count_nonzero(labels) / np.count_nonzero(sample[1])
            # A pole grows by a column on both sides.
            assert share - 1e-9 <= hidden <= share + 2 / 12
            assert not (labels != sample[1])[labels > 0].any()
            gone = (sample[1] > 0) & (labels == 0)
            assert (image[gone] != sample[0][gone]).any(axis=-1).mean() > 0.9
            seen = labels > 0
            np.testing.assert_array_equal(image[seen], sample[0][seen])
    assert kinds == {"pole", "low", "edge"}


def test_nobody_is_hidden_where_nobody_is(sample):
    empty = sample[0], np.zeros_like(sample[1])
    image, labels = spoiled(occlusion, empty, 3)
    np.testing.assert_array_equal(image, sample[0])
    assert not labels.any()


def test_a_crop_shows_a_part_of_the_image_and_its_map_follows():
    # Each pixel says where it is.
    rows, columns = np.mgrid[:128, :64]
    image = np.stack([rows * 2, columns * 4, 0 * rows], axis=-1).astype(np.uint8)
    labels = (rows >= 64).astype(np.uint8)
    for seed in range(5):
        for strength, left in ((1, 0.9), (2, 0.8), (3, 0.65)):
            found, cut = crop(image, labels, np.random.default_rng(seed), strength)
            assert np.ptp(found[..., 0].astype(int)) == pytest.approx(left * 254, abs=6)
            assert np.ptp(found[..., 1].astype(int)) == pytest.approx(left * 252, abs=10)
            edge = int(found[np.argmax(cut[:, 0] == 1), 0, 0])
            assert edge == pytest.approx(128, abs=4)
