"""Drawn people, and galleries that are gone afterwards."""

import numpy as np
import pytest
from PIL import Image

from person_search import Gallery, load_model


def _draw(seed, noise=0):
    """A picture of 64 x 32 fields of colour; equal seeds are one person, the noise tells pictures apart."""
    fields = np.random.default_rng(seed).integers(0, 256, (4, 2, 3))
    pixels = fields.repeat(16, 0).repeat(16, 1) + np.random.default_rng([seed, noise]).normal(0, 8, (64, 32, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def draw():
    return _draw


@pytest.fixture(scope="session")
def model_path(save_model, tmp_path_factory):
    """A model of RGB alone."""
    pytest.importorskip("onnxruntime")
    return save_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="session")
def model(model_path):
    return load_model(model_path)


@pytest.fixture(scope="session")
def masked_model_path(save_model, tmp_path_factory):
    """A model that needs maps, trained with LIP's labels."""
    pytest.importorskip("onnxruntime")
    return save_model(tmp_path_factory.mktemp("masked") / "masked.onnx", channels=4)


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    """Folder of six people before two cameras, two pictures each: ``<camera>/<person>_<clothes>_<time>_<n>.png``."""
    folder = tmp_path_factory.mktemp("people")
    for camera in ("north", "south"):
        (folder / camera).mkdir()
        for person in range(6):
            for picture in range(2):
                second = 10 * person + picture + (30 if camera == "south" else 0)
                name = (
                    f"p{person}_{'coat' if camera == 'south' else 'shirt'}_20261124-1530{second % 60:02}_{picture}.png"
                )
                _draw(person, picture + 2 * (camera == "south")).save(folder / camera / name)
    return folder


@pytest.fixture(scope="session")
def pattern():
    """Of the paths in ``people``."""
    return "{camera}/{person}_{clothes}_{time:%Y%m%d-%H%M%S}_{}"


@pytest.fixture
def uri(tmp_path):
    """Where a gallery may be made."""
    pytest.importorskip("milvus_lite")
    return str(tmp_path / "people.db")


@pytest.fixture
def gallery(uri, model):
    with Gallery(uri, model) as made:
        yield made
