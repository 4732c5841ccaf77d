"""Files of a backbone's weights: they fill it, or are refused with how many fit."""

import gdown
import pytest
import torch
from fastreid.modeling.backbones import build_backbone

from fastreid_runs import ConfigError
from fastreid_runs.starting_weights import check_backbone_weights


@pytest.fixture
def backbone_config(tiny_config, tmp_path):
    """A config that starts from tmp_path/backbone.pth, and the weights that would fill its backbone."""
    tiny_config.MODEL.BACKBONE.PRETRAIN_PATH = str(tmp_path / "backbone.pth")
    weights = build_backbone(tiny_config).state_dict()
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    return tiny_config, weights


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist$"),
        (b"truncated", "cannot be read"),
        (b"<html>404</html>", "cannot be read"),
        (b"", "cannot be read"),
        ([torch.ones(2)], "it holds a list, expected a dict of .* tensors"),
        ({"some.weight": torch.ones(2)}, "0 of its 260 tensors fit; it holds some.weight, expected "),
        ({}, "0 of its 260 tensors fit; it holds nothing"),
    ],
)
def test_weights_that_cannot_serve_are_refused(backbone_config, content, message):
    cfg, weights = backbone_config
    if isinstance(content, bytes):
        with open(cfg.MODEL.BACKBONE.PRETRAIN_PATH, "wb") as file:
            file.write(content)
    elif content is not None:
        torch.save(content, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    with pytest.raises(ConfigError, match=message):
        check_backbone_weights(cfg)


def without(weights, *names):
    return {name: value for name, value in weights.items() if name not in names}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda weights: {"state_dict": weights},
            "0 of its 260 tensors fit, 260 would below 'state_dict': save that part",
        ),
        (lambda weights: {"model": weights, "epoch": 3}, "0 of its 260 tensors fit, 260 would below 'model'"),
        (lambda weights: without(weights, "features.1.conv.0.weight"), "259 of its 260 tensors fit"),
        (lambda weights: {f"module.{name}": value for name, value in weights.items()}, "0 of its 260"),
        (lambda weights: {**weights, "conv.0.weight": torch.ones(3, 3)}, "259 of its 260 tensors fit"),
    ],
)
def test_weights_that_fill_a_part_are_refused_with_how_many_fit(backbone_config, change, message):
    cfg, weights = backbone_config
    torch.save(change(weights), cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    with pytest.raises(ConfigError, match=message):
        check_backbone_weights(cfg)


def test_published_files_lack_counters_and_have_classifiers(backbone_config):
    cfg, weights = backbone_config
    published = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    torch.save({**published, "fc.weight": torch.ones(1000, 1280)}, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    check_backbone_weights(cfg)


@pytest.mark.parametrize(
    ("name", "depth", "level", "prefix"),
    [
        # What each of the host's builders reads, and all others: a plain file of the backbone's own names.
        ("build_shufflenetv2_backbone", "0.5x", "state_dict", "module."),
        ("build_resnext_backbone", "50x", "model", "module.encoder."),
        ("build_effnet_backbone", "b0", "model_state", ""),
        ("build_osnet_backbone", "x0_25", None, ""),
        ("build_resnet_backbone", "18x", None, ""),
    ],
)
def test_a_wrapped_file_serves_where_the_host_unwraps_it(backbone_config, name, depth, level, prefix):
    cfg, _ = backbone_config
    cfg.MODEL.BACKBONE.NAME, cfg.MODEL.BACKBONE.DEPTH = name, depth
    cfg.MODEL.BACKBONE.PRETRAIN = False
    backbone = build_backbone(cfg)
    cfg.MODEL.BACKBONE.PRETRAIN = True
    weights = {f"{prefix}{key}": torch.full_like(value, 0.5) for key, value in backbone.state_dict().items()}
    torch.save({level: weights} if level else weights, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    check_backbone_weights(cfg)
    assert all((value == 0.5).all() for value in build_backbone(cfg).parameters())
    torch.save(weights if level else {"model": weights}, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    with pytest.raises(ConfigError, match="is not what|does not fill"):
        check_backbone_weights(cfg)


def test_non_local_blocks_may_start_from_nothing(backbone_config):
    cfg, _ = backbone_config
    cfg.MODEL.BACKBONE.NAME, cfg.MODEL.BACKBONE.DEPTH, cfg.MODEL.BACKBONE.PRETRAIN = (
        "build_resnet_backbone",
        "50x",
        False,
    )
    torch.save(build_backbone(cfg).state_dict(), cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    cfg.MODEL.BACKBONE.PRETRAIN = cfg.MODEL.BACKBONE.WITH_NL = True
    check_backbone_weights(cfg)


def test_without_a_network_the_path_is_named(tiny_config, monkeypatch, tmp_path):
    def no_network(*args, **kwargs):
        raise ConnectionError("Failed to resolve github.com")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(gdown, "download", no_network)
    tiny_config.MODEL.BACKBONE.NAME, tiny_config.MODEL.BACKBONE.DEPTH = "build_osnet_backbone", "x0_25"
    tiny_config.MODEL.BACKBONE.PRETRAIN = True
    with pytest.raises(ConfigError, match="cannot load or download .* build_osnet_backbone .*resolve.*PRETRAIN_PATH"):
        check_backbone_weights(tiny_config)


def test_random_numbers_are_left_alone(backbone_config):
    cfg, weights = backbone_config
    torch.save(weights, cfg.MODEL.BACKBONE.PRETRAIN_PATH)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    check_backbone_weights(cfg)
    assert torch.equal(torch.rand(1), expected)
