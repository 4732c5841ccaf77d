"""A checkpoint as what the feature extractor asks."""

import numpy as np
import pytest
import torch

from ifd.engine import CheckpointError
from ifd.feature_extractor import FeatureExtractor


def test_config_file_in_place_of_a_config(config_file, finished_config, weights, tmp_path, photo, labels):
    written = tmp_path / "config.yml"
    written.write_text(finished_config.dump())
    expected = FeatureExtractor(finished_config, weights)(photo, labels)
    assert np.array_equal(FeatureExtractor(written, weights)(photo, labels), expected)


def test_a_model_that_takes_no_map(finished_config, weights, photo, labels, tmp_path):
    # The main stream alone: the same checkpoint without the attention stream.
    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    parts = ("attention_", "knowledge_transfer")
    checkpoint["model"] = {key: value for key, value in checkpoint["model"].items() if not key.startswith(parts)}
    torch.save(checkpoint, tmp_path / "main.pth")
    finished_config.defrost()
    finished_config.IFD.IKT.ENABLED = False
    extractor = FeatureExtractor(finished_config, tmp_path / "main.pth")
    assert np.array_equal(extractor(photo), extractor(photo, labels))


def test_weights_that_are_not_there(finished_config):
    with pytest.raises(CheckpointError, match=r"absent\.pth does not exist"):
        FeatureExtractor(finished_config, "absent.pth")


def test_a_device_in_place_of_the_configs(finished_config, weights, photo, labels):
    expected = FeatureExtractor(finished_config, weights)(photo, labels)
    finished_config.defrost()
    finished_config.MODEL.DEVICE = "cuda:7"
    finished_config.freeze()
    assert np.array_equal(FeatureExtractor(finished_config, weights, device="cpu")(photo, labels), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
def test_on_cuda(finished_config, weights, photos):
    expected = FeatureExtractor(finished_config, weights, device="cpu")(photos)
    assert FeatureExtractor(finished_config, weights, device="cuda")(photos) == pytest.approx(expected, abs=1e-3)
