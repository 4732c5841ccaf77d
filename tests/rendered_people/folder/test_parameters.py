import numpy as np
import pytest

from rendered_people import RenderingError
from rendered_people.folder.parameters import BenchmarkParameters, with_defaults


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"people": 3}, "people is 3; it must be at least 4"),
        ({"people": 0}, "people is 0; it must be at least 4"),
        ({"people": -5}, "people is -5; it must be at least 4"),
        ({"people": 10**9}, "is 36,000,000,000; it must be at most 1,000,000"),
        ({"people": 4.5}, "people is 4.5; it must be a whole number"),
        ({"people": "many"}, "people is 'many'; it must be a whole number"),
        ({"people": None}, "people is None; it must be a whole number"),
        ({"outfits": 1}, "outfits is 1; it must be at least 2"),
        ({"cameras": 1, "layouts": ("ltcc",)}, "cameras is 1; it must be at least 2"),
        ({"cameras": 4}, "cameras is 4; it must be 3 in PRCC's layout"),
        ({"images_per_view": 1}, "images_per_view is 1"),
        ({"seed": -1}, "seed is -1"),
        ({"train_share": 1.0}, "train_share is 1.0"),
        ({"train_share": 0}, "train_share is 0.0"),
        ({"train_share": -0.5}, "train_share is -0.5"),
        ({"train_share": float("nan")}, "train_share is nan"),
        ({"train_share": float("inf")}, "train_share is inf"),
        ({"train_share": "half"}, "train_share is 'half'; it must be a number"),
        ({"shared_outfits": 1.5}, "shared_outfits is 1.5"),
        ({"shared_outfits": float("nan")}, "shared_outfits is nan"),
        ({"split": "train"}, "split is train; it must be one of test, validation"),
        ({"layouts": ()}, "layouts is"),
        ({"layouts": ("prcc", "market")}, "layouts is .*market"),
        ({"layouts": "market"}, "layouts is .*market"),
        ({"height": 0}, "height x width is 0x64; it must be at least 64x32"),
        ({"height": -128}, "height x width is -128x64; it must be at least 64x32"),
        ({"height": 32, "width": 16}, "height x width is 32x16; it must be at least 64x32"),
        ({"height": 10**6, "width": 10**6}, "height x width is 1000000x1000000; it must be at most 2048x1024"),
        ({"height": 64, "width": 64}, "height / width is 1.0"),
        ({"sites": 0}, "sites is 0; it must be at least 1"),
        ({"sites": 1000}, "it must be at most 1,000,000"),
        ({"unseen_sites": -1}, "unseen_sites is -1; it must be 0 or more"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(RenderingError, match=message):
        BenchmarkParameters(**values)


def test_what_users_catch_as_a_value_error_still_is_one():
    assert issubclass(RenderingError, ValueError)


@pytest.mark.parametrize("people", [4, 5, 7, 60, 150])
@pytest.mark.parametrize("share", [0.01, 0.6, 0.99])
def test_at_least_two_people_are_on_each_side(people, share):
    parameters = BenchmarkParameters(people=people, train_share=share)
    assert parameters.train_count + parameters.evaluated_count == people
    assert min(parameters.train_count, parameters.evaluated_count) >= 2


def test_layouts_are_kept_once_and_in_their_order():
    assert BenchmarkParameters(layouts=["ltcc", "prcc", "ltcc"]).layouts == ("prcc", "ltcc")
    assert BenchmarkParameters(layouts="ltcc").layouts == ("ltcc",)


def test_numpy_numbers_are_numbers():
    parameters = BenchmarkParameters(people=np.int64(5), train_share=np.float32(0.5))
    assert type(parameters.people) is int
    assert type(parameters.train_share) is float


def test_what_is_written_down_names_sites_only_where_there_are_several():
    assert not {"sites", "unseen_sites"} & set(BenchmarkParameters().to_json())
    assert BenchmarkParameters(sites=2).to_json()["sites"] == 2
    assert BenchmarkParameters(unseen_sites=1).to_json()["unseen_sites"] == 1


def test_values_of_an_earlier_version_are_completed():
    written = {"people": 4, "layouts": ["ltcc", "prcc"]}
    later = {"sites": 1, "unseen_sites": 0, "tracklet_frames": 12, "shards": 0, "varied_sites": 0}
    assert with_defaults(written) == {"people": 4, "layouts": ["ltcc", "prcc"], **later}
    assert with_defaults(BenchmarkParameters().to_json())["layouts"] == ["ltcc", "prcc"]
