import pytest

from rendered_people.folder.parameters import BenchmarkParameters


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
