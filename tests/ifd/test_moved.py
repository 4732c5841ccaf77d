"""Names of version 0.1.0 that have moved and still serve."""

import importlib

import pytest

import datasets_ext
import people_parsing
from ifd.feature_extractor import FeatureExtractor


@pytest.mark.parametrize(
    ("module", "name", "place", "found"),
    [
        ("ifd.embedding", "PhotoEmbedder", "ifd.feature_extractor.FeatureExtractor", FeatureExtractor),
        ("ifd.parsing", "Photo", "datasets_ext.ImageAndMap", datasets_ext.ImageAndMap),
        ("ifd.parsing", "load_parser", "people_parsing.load_parser", people_parsing.load_parser),
        ("ifd.parsing", "parse_photos", "people_parsing.parse_images", people_parsing.parse_images),
    ],
)
def test_a_former_name_serves_with_a_warning(module, name, place, found):
    with pytest.warns(DeprecationWarning, match=f"{module}.{name} is now {place}; ") as warnings:
        assert getattr(importlib.import_module(module), name) is found
    assert warnings[0].filename == __file__


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "name",
    ["HubParser", "OnnxInput", "OnnxParser", "Parser", "ParserError", "ParsingSummary", "dataset_photos", "every_photo",
     "label_colours", "sharing_a_map", "tree_photos", "write_label_png"],
)  # fmt: skip
def test_every_former_name_is_somewhere(name):
    assert getattr(importlib.import_module("ifd.parsing"), name)


def test_names_that_never_were():
    from ifd import embedding

    with pytest.raises(AttributeError, match="module 'ifd.embedding' has no attribute 'Photos'"):
        embedding.Photos  # noqa: B018
