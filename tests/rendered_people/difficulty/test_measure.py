import math

import numpy as np
import pytest
from PIL import Image

from rendered_people import RenderingError
from rendered_people.difficulty import measure_difficulty
from rendered_people.difficulty.image_sets import ImageSet
from rendered_people.difficulty.measure import DESCRIPTORS, MODES, rank1
from rendered_people.difficulty.regions import REGIONS

TEST_SETS = ("PRCC's layout", "PRCC's layout, unseen sites")


def test_clothes_find_people_who_keep_them_and_mislead_when_they_are_swapped(swapped):
    measured = measure_difficulty(swapped)
    results = {(r.layout, r.region, r.descriptor, r.mode): r for r in measured}
    assert len(results) == len(measured) == len(TEST_SETS) * len(REGIONS) * len(DESCRIPTORS) * len(MODES)
    for layout in TEST_SETS:
        for region in ("whole image", "person", "clothes"):
            for descriptor in DESCRIPTORS:
                assert results[layout, region, descriptor, "same_clothing"].rank1 == 1.0
                assert results[layout, region, descriptor, "clothing_change"].rank1 == 0.0
    for result in measured:
        assert result.chance == 0.5
        assert result.queries == 2


def test_a_camera_of_another_light_hides_clothes_from_histograms_alone(tmp_path, write):
    """Three people in red, green and blue; camera B sees all of them darker than what is darkest before camera A."""
    colours = {"001": (200, 120, 120), "002": (120, 200, 120), "003": (120, 120, 200)}
    for pid, colour in colours.items():
        write(tmp_path / f"prcc/rgb/test/A/{pid}/cropped_rgb001.jpg", colour, 5)
        write(tmp_path / f"prcc/rgb/test/B/{pid}/cropped_rgb001.jpg", np.array(colour) // 8, 5)
    results = {(r.region, r.descriptor, r.mode): r for r in measure_difficulty(tmp_path)}
    assert results["clothes", "stripe means", "same_clothing"].rank1 == 1.0
    assert results["clothes", "histogram", "same_clothing"].rank1 < 1.0
    assert math.isnan(results["clothes", "histogram", "clothing_change"].rank1)
    assert results["clothes", "histogram", "clothing_change"].queries == 0


def test_colours_that_bleed_over_the_outline_are_found_in_the_rim(tmp_path):
    """The clothes are all black; their first neighbours tell who it is, those behind them are grey."""
    labels = np.zeros((14, 12), dtype=np.uint8)
    labels[5:9, 5:7] = 5
    for person, colour in enumerate([(200, 0, 0), (0, 0, 200)]):
        image = np.full((14, 12, 3), 128, dtype=np.uint8)
        image[4:10, 4:8] = colour
        image[5:9, 5:7] = 0
        for camera, folder in enumerate(["query", "test"]):
            for pixels, place in ((image, folder), (labels, f"parsing/{folder}")):
                path = tmp_path / f"LTCC_ReID/{place}/{person}_1_c{camera}_1.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)
    results = {(r.region, r.descriptor): r for r in measure_difficulty(tmp_path) if r.mode == "same_clothing"}
    for descriptor in DESCRIPTORS:
        assert results["rim of clothes, 1st px", descriptor].rank1 == 1.0
        for behind in ("2nd", "3rd"):
            assert results[f"rim of clothes, {behind} px", descriptor].rank1 == 0.5
        assert results["clothes", descriptor].rank1 == 0.5


def image_set(pids, clothes, cameras):
    return ImageSet([None] * len(pids), [None] * len(pids), *map(np.array, (pids, clothes, cameras)))


def test_rank_1_of_a_case_worked_out_by_hand():
    query = image_set([1, 1, 2, 3], [0, 0, 0, 0], [0, 0, 0, 0])
    gallery = image_set([1, 1, 1, 2, 2], [0, 0, 1, 1, 0], [0, 1, 1, 1, 0])
    distance = np.array(
        [
            # Its own camera is nearest and is taken out; then the same clothes of the other camera.
            [0.0, 0.2, 0.3, 0.4, 0.5],
            # A stranger is nearest.
            [0.0, 0.6, 0.7, 0.1, 0.5],
            # Only in other clothes is there a match.
            [0.9, 0.8, 0.7, 0.1, 0.0],
            # Nobody to be found.
            [0.0, 0.1, 0.2, 0.3, 0.4],
        ]
    )
    # Of person 1 in the same clothes one image is left beside two of person 2.
    assert rank1(distance, query, gallery, "same_clothing") == (0.5, pytest.approx(1 / 3), 2)
    # Person 2's query has one match beside three images of person 1.
    assert rank1(distance, query, gallery, "clothing_change") == (pytest.approx(2 / 3), pytest.approx(11 / 36), 3)


def test_of_equal_distances_the_first_is_the_nearest():
    query, gallery = image_set([1], [0], [0]), image_set([2, 1], [0, 0], [1, 1])
    assert rank1(np.zeros((1, 2)), query, gallery, "same_clothing") == (0.0, 0.5, 1)


def test_a_rendered_benchmark_is_read_in_both_layouts(tiny):
    results = measure_difficulty(tiny[0])
    assert {result.layout for result in results} == {"PRCC's layout", "LTCC's layout"}
    assert all(result.queries > 0 and 0 < result.chance < 1 for result in results)


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(RenderingError, match="holds no test images"):
        measure_difficulty(tmp_path)
