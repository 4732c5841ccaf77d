"""A packed model is small, complete, and ranks as its checkpoint does, or is not there."""

import os

import pytest
import torch

from ifd.engine import load_config, load_trained_model
from model_export import ExportError, pack_model
from model_export import test_people as people_of_data_set
from model_export.packing import MOST_LOST


@pytest.fixture(scope="module")
def people(small_config, prcc_root):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        return people_of_data_set(small_config, "PRCC", 1000)


@pytest.fixture(scope="module")
def packed(small_config, small_weights, people, tmp_path_factory):
    return pack_model(small_config, small_weights, str(tmp_path_factory.mktemp("packed") / "deep" / "small"), people)


def test_it_holds_all_but_the_classifiers_in_half_the_bits(packed, small_weights):
    from safetensors.torch import load_file

    checkpoint = torch.load(small_weights, weights_only=True)["model"]
    found = load_file(packed.weights)
    assert set(checkpoint) - set(found) == {"heads.weight", "attention_stream.head.weight"}
    for name, value in found.items():
        was = checkpoint[name]
        assert value.dtype == (torch.float16 if was.dim() > 1 else was.dtype), name
        assert torch.allclose(value.float(), was.float(), rtol=2**-10, atol=2**-24), name
    assert packed.size == os.path.getsize(packed.weights) + os.path.getsize(packed.config)


def test_its_config_says_what_the_defaults_do_not(packed, small_config):
    now, was = load_config(packed.config, ["MODEL.DEVICE", "cpu"]), small_config
    assert (now.IFD.IKT.dump(), now.INPUT.dump(), now.TEST.dump()) == (
        was.IFD.IKT.dump(), was.INPUT.dump(), was.TEST.dump(),
    )  # fmt: skip
    assert now.MODEL.BACKBONE.FEAT_DIM == was.MODEL.BACKBONE.FEAT_DIM
    with open(packed.config, encoding="utf-8") as file:
        content = file.read()
    # Nothing of the machine that it was trained on, and no key at its default.
    assert "OUTPUT_DIR" not in content
    assert " WEIGHTS:" not in content
    assert "WEIGHT_DECAY_BIAS" not in content


def test_it_is_loaded_as_any_checkpoint(packed, small_config, small_weights):
    models = [load_trained_model(small_config, path) for path in (packed.weights, small_weights)]
    images = torch.rand(4, 4, 64, 32) * 255
    images[:, 3] = (images[:, 3] > 127).float()
    with torch.no_grad():
        half, whole = (model({"images": images}) for model in models)
    assert half.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(half, whole).min() > 0.9999
    assert packed.agreement.largest_loss <= MOST_LOST


def test_what_ranks_otherwise_in_half_precision_is_not_written(
    small_config, small_weights, people, tmp_path, monkeypatch
):
    monkeypatch.setattr("model_export.packing.MOST_LOST", -1.0)
    with pytest.raises(ExportError, match="nothing was written"):
        pack_model(small_config, small_weights, str(tmp_path / "small"), people)
    assert not list(tmp_path.iterdir())


def test_a_weight_beyond_half_precision_is_named(small_config, small_weights, people, tmp_path):
    content = torch.load(small_weights, weights_only=True)
    name = next(name for name, value in content["model"].items() if value.dim() == 4)
    content["model"][name].view(-1)[0] = 1e6
    torch.save(content, tmp_path / "large.pth")
    with pytest.raises(ExportError, match=name):
        pack_model(small_config, str(tmp_path / "large.pth"), str(tmp_path / "small"), people)
    assert [path.name for path in tmp_path.iterdir()] == ["large.pth"]
