"""Models small enough to be made by the tests, drawn people, and galleries that are gone afterwards."""

import numpy as np
import pytest
from PIL import Image

from exported_model import Metadata
from person_search import Gallery, load_model

SIZE = (64, 32)
#: Of the models: colours of 4 x 2 fields.
DIM = 24
LIP_CLOTHING = (5, 9)


def _save_model(path, channels=3, shape=None, *, unit=True, scale=1.0, name="images", **metadata):
    """Saves a model whose vector is the mean colour of 4 x 2 fields; with four channels, of what the mask leaves."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    shape = shape or ("N", channels, *SIZE)
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    middle = numpy_helper.from_array(np.full(1, 127.5, np.float32), "middle")
    scaled = numpy_helper.from_array(np.linspace(1, scale, DIM).astype(np.float32), "scale")
    split = numpy_helper.from_array(np.array([3, channels - 3], np.int64), "split")
    nodes = [helper.make_node("Identity", [name], ["rgb"])]
    if channels == 4:
        nodes = [
            helper.make_node("Split", [name, "split"], ["seen", "mask"], axis=1),
            helper.make_node("Sub", ["one", "mask"], ["rest"]),
            helper.make_node("Mul", ["seen", "rest"], ["rgb"]),
        ]
    nodes += [
        helper.make_node("AveragePool", ["rgb"], ["fields"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["fields"], ["flat"]),
        helper.make_node("Sub", ["flat", "middle"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
    ]
    # Grey is at the middle, where there is no direction.
    nodes += [helper.make_node("Add", ["scaled", "one"], ["moved"])]
    nodes += [
        helper.make_node("LpNormalization", ["moved"], ["features"], axis=1, p=2)
        if unit
        else helper.make_node("Identity", ["moved"], ["features"])
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [shape[0], DIM])],
        [one, middle, scaled, *([split] if channels == 4 else [])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if channels == 4:
        clothing = {"lip": LIP_CLOTHING, "pascal": (2,)}
        metadata = {"label_system": "lip", "clothing": clothing, **metadata}
    helper.set_model_props(model, Metadata(**metadata).to_properties())
    onnx.save(model, path)
    return str(path)


def _draw(seed, noise=0):
    """A picture of 64 x 32 fields of colour; equal seeds are one person, the noise tells pictures apart."""
    fields = np.random.default_rng(seed).integers(0, 256, (4, 2, 3))
    pixels = fields.repeat(16, 0).repeat(16, 1) + np.random.default_rng([seed, noise]).normal(0, 8, (64, 32, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def save_model():
    return _save_model


@pytest.fixture(scope="session")
def draw():
    return _draw


@pytest.fixture(scope="session")
def model_path(tmp_path_factory):
    """A model of RGB alone."""
    pytest.importorskip("onnxruntime")
    return _save_model(tmp_path_factory.mktemp("model") / "colours.onnx")


@pytest.fixture(scope="session")
def model(model_path):
    return load_model(model_path)


@pytest.fixture(scope="session")
def masked_model_path(tmp_path_factory):
    """A model that needs maps, trained with LIP's labels."""
    pytest.importorskip("onnxruntime")
    return _save_model(tmp_path_factory.mktemp("masked") / "masked.onnx", channels=4)


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
