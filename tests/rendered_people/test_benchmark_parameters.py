import pytest

from rendered_people.layouts import Shot, planned_files
from rendered_people.parameters import BenchmarkParameters


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"people": 3}, "people is 3; it must be at least 4"),
        ({"outfits": 1}, "outfits is 1; it must be at least 2"),
        ({"cameras": 1, "layouts": ("ltcc",)}, "cameras is 1; it must be at least 2"),
        ({"cameras": 4}, "cameras is 4; it must be 3 in PRCC's layout"),
        ({"images_per_view": 1}, "images_per_view is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"train_share": 1.0}, "train_share is 1.0"),
        ({"shared_outfits": 1.5}, "shared_outfits is 1.5"),
        ({"split": "train"}, "split is train; it must be one of test, validation"),
        ({"layouts": ()}, "layouts is"),
        ({"layouts": ("prcc", "market")}, "layouts is .*market"),
        ({"height": 32, "width": 16}, "height x width is 32x16; it must be at least 64x32"),
        ({"height": 64, "width": 64}, "height / width is 1.0"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        BenchmarkParameters(**values)


@pytest.mark.parametrize("people", [4, 5, 7, 60, 150])
@pytest.mark.parametrize("share", [0.01, 0.6, 0.99])
def test_people_are_either_trained_on_or_evaluated(people, share):
    test = BenchmarkParameters(people=people, train_share=share)
    validation = BenchmarkParameters(people=people, train_share=share, split="validation")
    assert [*test.train_people, *test.evaluated_people] == list(range(people))
    assert min(len(test.train_people), len(test.evaluated_people)) >= 2
    assert validation.train_people == test.train_people
    assert len(validation.evaluated_people) == len(test.evaluated_people)
    assert not {*validation.evaluated_people} & {*range(people)}


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
