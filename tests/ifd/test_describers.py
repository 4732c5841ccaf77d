"""An exported model as what the feature extractor asks: its errors are those of a checkpoint."""

import numpy as np
import pytest
from PIL import Image

from datasets_ext import label_system
from exported_model import ExportedModel
from ifd.describers import ExportedDescriber, MaskMissing
from ifd.engine import CheckpointError

pytest.importorskip("onnxruntime")


@pytest.fixture
def masked(save_model, tmp_path):
    path = save_model(tmp_path / "m.onnx", channels=4)
    return ExportedDescriber(path, "cpu"), ExportedModel(path)


def test_it_gives_what_the_file_gives(masked):
    describer, model = masked
    assert (describer.takes_masks, describer.system, describer.device) == (True, "lip", "cpu")
    generator = np.random.default_rng(0)
    image = Image.fromarray(generator.integers(0, 256, (64, 32, 3), np.uint8))
    inputs = describer.inputs(image, generator.integers(0, 2, (64, 32), np.uint8))
    assert inputs.shape == (4, 64, 32)
    np.testing.assert_array_equal(describer.describe(inputs[None]).vectors, model.run(inputs[None]).vectors)


def test_clothing_is_what_the_file_says(masked):
    describer, _ = masked
    assert describer.clothing(label_system("pascal")) == (2,)
    with pytest.raises(ValueError, match="label system 'atr'; model .* knows lip, pascal"):
        describer.clothing(label_system("atr"))


def test_images_without_their_masks_are_told_apart(masked, save_model, tmp_path):
    rgb = np.zeros((1, 3, 64, 32), np.float32)
    with pytest.raises(MaskMissing):
        masked[0].describe(rgb)
    alone = ExportedDescriber(save_model(tmp_path / "rgb.onnx"), None)
    assert (alone.takes_masks, alone.system) == (False, None)
    assert alone.describe(rgb).vectors.shape == (1, 24)


def test_a_file_that_is_no_model_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "m.onnx").write_text("no model")
    with pytest.raises(CheckpointError, match="cannot be loaded by onnxruntime"):
        ExportedDescriber(str(tmp_path / "m.onnx"), None)
