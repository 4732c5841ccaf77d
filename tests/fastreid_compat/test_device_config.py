"""MODEL.DEVICE and AMP: resolved for the machine, with one warning."""

import warnings

import pytest
import torch
from fastreid.config import get_cfg

from fastreid_compat import available_device_config, device_config

without_cuda = pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is there")


@pytest.fixture(autouse=True)
def _nothing_warned_yet(monkeypatch):
    monkeypatch.setattr(device_config, "_warned", set())


def config(device, amp=False):
    cfg = get_cfg()
    cfg.MODEL.DEVICE = device
    cfg.SOLVER.AMP.ENABLED = amp
    return cfg


@without_cuda
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_becomes_the_cpu_with_one_warning(device):
    cfg = config(device)
    with pytest.warns(UserWarning, match=f"MODEL.DEVICE is '{device}', but PyTorch finds no CUDA.*on the CPU.$"):
        resolved = available_device_config(cfg)
    assert resolved.MODEL.DEVICE == "cpu"
    assert device == cfg.MODEL.DEVICE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert available_device_config(config("cuda")).MODEL.DEVICE == "cpu"


@without_cuda
def test_amp_goes_off_with_the_same_warning():
    with pytest.warns(UserWarning, match="running on the CPU, with SOLVER.AMP.ENABLED off.$") as caught:
        resolved = available_device_config(config("cuda", amp=True))
    assert not resolved.SOLVER.AMP.ENABLED
    assert len(caught) == 1


def test_amp_is_off_on_the_cpu_whatever_the_machine(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.warns(UserWarning, match="SOLVER.AMP.ENABLED needs CUDA"):
        resolved = available_device_config(config("cpu", amp=True))
    assert not resolved.SOLVER.AMP.ENABLED


@pytest.mark.parametrize(
    ("device", "amp", "cuda"), [("cuda:0", True, True), ("cuda", False, True), ("cpu", False, False)]
)
def test_what_the_machine_has_is_left_alone(device, amp, cuda, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    cfg = config(device, amp)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resolved = available_device_config(cfg)
    assert resolved == cfg
    assert resolved is not cfg


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.filterwarnings("ignore:MODEL.DEVICE")
def test_frozen_stays_frozen(frozen):
    cfg = config("cuda")
    if frozen:
        cfg.freeze()
    assert available_device_config(cfg).is_frozen() is frozen
    assert cfg.is_frozen() is frozen


def test_only_the_first_process_warns(monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        available_device_config(config("cpu", amp=True))
