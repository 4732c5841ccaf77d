from rendered_people.folder.layouts import Shot, planned_files
from rendered_people.folder.parameters import BenchmarkParameters


def test_no_two_shots_share_a_file_and_every_split_has_some():
    parameters = BenchmarkParameters(people=25, images_per_view=20)
    paths = [path for files in planned_files(parameters).values() for pair in files for path in pair]
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
    assert plan[Shot(0, 2, 11, 0)] == [
        ("LTCC_ReID/train/000_3_c12_000001.png", "LTCC_ReID/parsing/train/000_3_c12_000001.png")
    ]
