"""The trees that the benchmark makes are such as the readers take."""

import runpy

import pytest


@pytest.fixture(scope="module")
def listing(pytestconfig):
    return runpy.run_path(str(pytestconfig.rootpath / "benchmarks" / "listing.py"))


@pytest.mark.parametrize("name", ["VCClothes", "LTCC", "LaST", "DeepChange", "CCVID", "MEVID", "a CSV list"])
def test_each_reader_finds_as_many_images_as_were_asked_for(listing, name, tmp_path):
    listing["make_tree"](tmp_path, listing["READERS"][name], 720)
    measured = listing["measure"](name, tmp_path)
    assert measured.images == 720
    assert measured.processor > 0
    # A name of each file, but for sets that are read from lists alone; and the lines of lists.
    assert listing["list_bare"](tmp_path) >= 720


def test_every_reader_is_tried(listing):
    assert list(listing["READERS"]) == ["VCClothes", "LTCC", "LaST", "DeepChange", "CCVID", "MEVID", "a CSV list"]
