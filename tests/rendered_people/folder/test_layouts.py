from collections import Counter

import pytest

from rendered_people.folder.layouts import Shot, information_files, planned_files
from rendered_people.folder.parameters import BenchmarkParameters


def paths_of(parameters):
    return [path for files in planned_files(parameters).values() for pair in files for path in pair]


def test_no_two_shots_share_a_file_and_every_split_has_some():
    paths = paths_of(BenchmarkParameters(people=25, images_per_view=20))
    assert len(paths) == len(set(paths))
    validation = [p for p in paths if p.startswith("prcc/rgb/val/")]
    training = [p for p in paths if p.startswith("prcc/rgb/train/")]
    assert len(validation) == 15 * 3 * 2
    assert len(training) == 15 * 3 * 18


def test_prcc_cameras_a_and_b_see_one_outfit_and_c_another():
    plan = planned_files(BenchmarkParameters(people=4, outfits=4, layouts=("prcc",)))
    assert {(shot.outfit, shot.camera) for shot in plan} == {(0, 0), (0, 1), (1, 2)}


def test_ltcc_layout_takes_any_number_of_cameras():
    plan = planned_files(BenchmarkParameters(people=4, cameras=12, layouts=("ltcc",)))
    assert plan[Shot(0, 0, 2, 11, 0)] == [
        ("LTCC_ReID/train/000_3_c12_000001.png", "LTCC_ReID/parsing/train/000_3_c12_000001.png")
    ]


@pytest.mark.parametrize("split", ["test", "validation"])
def test_several_sites_share_no_file(split):
    paths = paths_of(BenchmarkParameters(people=5, sites=3, unseen_sites=2, split=split))
    assert len(paths) == len(set(paths)) == 2 * (3 * 5 + 2 * 2) * 4 * (3 + 9)


def test_in_ltccs_layout_people_and_cameras_count_on_over_the_sites():
    plan = planned_files(BenchmarkParameters(people=5, sites=2, unseen_sites=1, layouts=("ltcc",)))
    # Site 1: people 5 to 7 train and 8, 9 are tested, before cameras 4 to 6.
    assert plan[Shot(1, 0, 0, 0, 0)][0][0] == "LTCC_ReID/train/005_1_c4_000001.png"
    assert plan[Shot(1, 3, 1, 2, 0)][0][0] == "LTCC_ReID/query/008_2_c6_000001.png"
    assert plan[Shot(1, 4, 1, 2, 1)][0][0] == "LTCC_ReID/test/009_2_c6_000002.png"
    # 10 to 13 are the validation people of two sites.
    assert plan[Shot(2, 0, 0, 0, 0)] == [
        (
            "LTCC_ReID/query_unseen_sites/014_1_c7_000001.png",
            "LTCC_ReID/parsing/query_unseen_sites/014_1_c7_000001.png",
        )
    ]
    assert plan[Shot(2, 1, 2, 1, 3)][0][0] == "LTCC_ReID/test_unseen_sites/015_3_c8_000004.png"


def test_in_prccs_layout_the_cameras_of_every_site_are_a_b_and_c():
    plan = planned_files(BenchmarkParameters(people=5, sites=2, unseen_sites=1, layouts=("prcc",)))
    assert plan[Shot(1, 0, 0, 1, 0)][0][0] == "prcc/rgb/train/006/B_cropped_rgb001.jpg"
    assert plan[Shot(1, 4, 1, 2, 1)][0] == (
        "prcc/rgb/test/C/010/cropped_rgb002.jpg",
        "prcc/parsing/test/C/010/cropped_rgb002.png",
    )
    assert plan[Shot(2, 1, 0, 0, 0)][0] == (
        "prcc/rgb/test_unseen_sites/A/016/cropped_rgb001.jpg",
        "prcc/parsing/test_unseen_sites/A/016/cropped_rgb001.png",
    )
    folders = Counter("/".join(files[0][0].split("/")[2:4]) for files in plan.values() if "/test" in files[0][0])
    # Two people a site, four images a camera: both test sets have the same form.
    assert folders == {f"test/{c}": 16 for c in "ABC"} | {f"test_unseen_sites/{c}": 8 for c in "ABC"}


def test_lists_of_people_name_those_of_each_part():
    files = information_files(BenchmarkParameters(people=4, sites=2, unseen_sites=1))
    assert files == {
        "LTCC_ReID/info/cloth-change_id_train.txt": b"0\n1\n4\n5\n",
        "LTCC_ReID/info/cloth-change_id_test.txt": b"2\n3\n6\n7\n",
        "LTCC_ReID/info/cloth-change_id_test_unseen_sites.txt": b"12\n13\n",
        "LTCC_ReID/info/cloth-unchange_id_train.txt": b"",
        "LTCC_ReID/info/cloth-unchange_id_test.txt": b"",
        "LTCC_ReID/info/cloth-unchange_id_test_unseen_sites.txt": b"",
    }
    assert set(information_files(BenchmarkParameters())) == {
        f"LTCC_ReID/info/cloth-{kind}_id_{split}.txt" for kind in ("change", "unchange") for split in ("train", "test")
    }
    assert information_files(BenchmarkParameters(layouts=("prcc",))) == {}
