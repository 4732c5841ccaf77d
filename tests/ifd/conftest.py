"""Photos of the tiny data set, with their maps."""

import pytest

from datasets_ext import ImageAndMap, read_label_png


def map_of(path):
    return str(path).replace("/rgb/", "/parsing/").replace(".jpg", ".png")


@pytest.fixture
def photo(prcc_root):
    return prcc_root / "prcc" / "rgb" / "test" / "A" / "007" / "cropped_rgb000.jpg"


@pytest.fixture
def labels(prcc_root):
    return read_label_png(prcc_root / "prcc" / "parsing" / "test" / "A" / "007" / "cropped_rgb000.png")


@pytest.fixture
def photos(prcc_root):
    """Ten photos and their maps."""
    paths = sorted((prcc_root / "prcc" / "rgb" / "test").rglob("*.jpg"))[:10]
    return [ImageAndMap(str(path), map_of(path)) for path in paths]
