"""MODEL.DEVICE is that of the machine wherever the host reads it."""

import warnings

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.engine import DefaultPredictor, DefaultTrainer
from fastreid.modeling import build_model
from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

from fastreid_compat import device_config

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")


@pytest.fixture(autouse=True)
def _nothing_warned_yet(monkeypatch):
    monkeypatch.setattr(device_config, "_warned", set())


@without_cuda
@pytest.mark.filterwarnings("ignore:MODEL.DEVICE")
@pytest.mark.parametrize("build", [build_model, DefaultTrainer.build_model])
def test_models_are_built_on_the_cpu(build, small_config):
    cfg = small_config("MODEL.HEADS.NUM_CLASSES", 4)
    assert cfg.MODEL.DEVICE == "cuda:0"
    assert {parameter.device.type for parameter in build(cfg).parameters()} == {"cpu"}


@without_cuda
def test_the_predictor_runs_on_the_cpu_with_one_warning(small_config, tmp_path):
    cfg = small_config("MODEL.HEADS.NUM_CLASSES", 4, "MODEL.WEIGHTS", str(tmp_path / "model.pth"))
    with pytest.warns(UserWarning, match="MODEL.DEVICE"):
        model = build_model(cfg)
    torch.save({"model": model.state_dict()}, cfg.MODEL.WEIGHTS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictor = DefaultPredictor(cfg)
    assert predictor.cfg.MODEL.DEVICE == "cpu"
    images = torch.rand(2, 3, 64, 32) * 255
    expected = model.eval()({"images": images.clone()})
    torch.testing.assert_close(predictor(images), expected.detach())


def test_a_model_that_needs_no_change_is_built_from_the_callers_own_config(monkeypatch):
    given = []

    def architecture(cfg):
        given.append(cfg)
        return torch.nn.Linear(1, 1)

    monkeypatch.setattr(META_ARCH_REGISTRY, "get", lambda name: architecture)
    cfg = get_cfg()
    cfg.MODEL.DEVICE = "cpu"
    build_model(cfg)
    assert given[0] is cfg
