"""A model in a file: what it takes and gives, and which files are refused."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exported_model import ExportedModel, ExportedModelError
from exported_model.resizing import resized, resized_mask

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def image():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 40, 3), np.uint8))


def test_what_it_takes_and_gives(save_model, tmp_path, image):
    model = ExportedModel(save_model(tmp_path / "m.onnx"), threads=1)
    assert (model.size, model.dim, model.needs_masks) == ((64, 32), 24, False)
    inputs = model.inputs(image)
    np.testing.assert_array_equal(inputs, resized(image, (64, 32)))
    # A mask is not looked at.
    np.testing.assert_array_equal(model.inputs(image, np.ones((90, 40), bool)), inputs)
    found = model.run(np.stack([inputs] * 3))
    fields = inputs.reshape(3, 4, 16, 2, 16).mean((2, 4)).ravel() - 126.5
    assert found.vectors == pytest.approx(np.stack([fields / np.linalg.norm(fields)] * 3), abs=1e-6)
    assert found.attention is None
    assert model.run(inputs[None][:0]).vectors.shape == (0, 24)


def test_a_mask_is_the_fourth_channel(save_model, tmp_path, image):
    model = ExportedModel(save_model(tmp_path / "m.onnx", channels=4))
    mask = np.zeros((90, 40), np.uint8)
    mask[40:] = 3
    inputs = model.inputs(image, mask)
    assert inputs.shape == (4, 64, 32)
    np.testing.assert_array_equal(inputs[3], resized_mask(mask > 0, (64, 32), model.metadata.mask_resize))
    with pytest.raises(ExportedModelError, match="needs the clothing mask of each image"):
        model.inputs(image)
    assert model.clothing("pascal") == (2,)
    with pytest.raises(ExportedModelError, match="label system 'atr'; model .* knows lip, pascal"):
        model.clothing("atr")


def test_its_fingerprint_is_what_it_says_or_that_of_its_bytes(save_model, tmp_path):
    assert ExportedModel(save_model(tmp_path / "a.onnx", fingerprint="abc")).fingerprint == "abc"
    path = save_model(tmp_path / "b.onnx")
    assert ExportedModel(path).fingerprint == hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (1, 3, 64, 32)}, r"takes images tensor\(float\) \[1, 3, 64, 32\]; expected"),
        ({"shape": ("N", 3, "H", "W")}, "height, width"),
        ({"name": "input"}, "takes input"),
        ({"unit": False}, "vectors of length"),
        ({"channels": 4, "label_system": None}, "do not say which labels are clothing"),
        ({"channels": 4, "clothing": {"atr": (3,)}}, "do not say which labels are clothing"),
        (
            {"channels": 4, "mask_resize": "lanczos"},
            "resizes masks by 'lanczos'; this version knows antialias, nearest",
        ),
    ],
)
def test_models_of_another_form(tmp_path, save_model, options, message):
    with pytest.raises(ExportedModelError, match=message):
        ExportedModel(save_model(tmp_path / "m.onnx", **options))


def test_a_model_exported_for_something_else(tmp_path, save_model):
    path = save_model(tmp_path / "m.onnx")
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    with pytest.raises(ExportedModelError, match="was not exported for search"):
        ExportedModel(path)
    Path(path).write_text("no model")
    with pytest.raises(ExportedModelError, match="cannot be loaded by onnxruntime"):
        ExportedModel(path)


@pytest.mark.parametrize("device", ["tpu", "cpu:1", "cuda:x"])
def test_devices_that_are_none(save_model, tmp_path, device):
    with pytest.raises(ExportedModelError, match="expected cpu, cuda or cuda:<n>"):
        ExportedModel(save_model(tmp_path / "m.onnx"), device=device)


def test_cuda_without_a_runtime_for_it_and_no_runtime_at_all(save_model, tmp_path, monkeypatch):
    import onnxruntime

    path = save_model(tmp_path / "m.onnx")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ExportedModelError, match="this onnxruntime has no CUDA"):
        ExportedModel(path, device="cuda")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ExportedModelError, match="needs the package onnxruntime"):
        ExportedModel(path)
