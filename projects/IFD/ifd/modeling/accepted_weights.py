"""Which weights a model takes: what they may be called, may lack and may hold beyond what the model has."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import nn

# Names of 0.1.0 and of now, by their beginnings.
_RENAMED = {
    "attention_backbone.": "attention_stream.backbone.",
    "attention_heads.": "attention_stream.head.",
    "clothing_bias.": "clothing_branch.layer.",
}


def current_names(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Weights under today's names, whichever version of this project saved them; the order stays."""
    renamed = OrderedDict((current_name(name), value) for name, value in weights.items())
    if hasattr(weights, "_metadata"):
        # Versions of the layers' formats, by module.
        metadata = {current_name(f"{name}.").removesuffix("."): value for name, value in weights._metadata.items()}
        renamed._metadata = metadata  # type: ignore[attr-defined]
    return renamed


def current_name(name: str) -> str:
    """Today's name of a parameter or buffer, also where it comes from a model inside DDP ("module.")."""
    inside = "module." if name.startswith("module.") else ""
    own = name.removeprefix(inside)
    for old, new in _RENAMED.items():
        if own.startswith(old):
            return inside + new + own.removeprefix(old)
    return name


class AcceptsWeights(nn.Module):
    """A model that says which weights it takes; the checkpointer asks it.

    ``load_state_dict`` takes weights under the names of 0.1.0 too, whoever calls it.

    Attributes:
        classifiers: parameters with a row for each training identity, whose number may differ between models.
    """

    classifiers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.register_load_state_dict_pre_hook(_rename)

    def needed(self, missing: Iterable[str], found: Iterable[str], *, starting: bool) -> list[str]:
        """Of the names that weights lack, those without which they are of another model.

        A training may start from weights that lack whole parts, such as the main stream, but what a part holds must be
        complete. Classifiers are never needed.

        Args:
            missing: names that the model has and the weights lack.
            found: names that both have.
            starting: whether a training starts from the weights, rather than goes on or is evaluated.
        """
        parts = {_part(name) for name in found}
        return [
            name for name in missing if name not in self.classifiers and not (starting and _part(name) not in parts)
        ]

    def foreign(self, unexpected: Iterable[str]) -> list[str]:
        """Of the names that only the weights have, those that make them weights of another model: here, all."""
        return list(unexpected)

    def starting_weights(self, weights: Mapping[str, Any]) -> dict[str, Any]:
        """What a training that starts from weights under today's names loads: here, the weights as they are."""
        return dict(weights)

    @classmethod
    def num_identities(cls, weights: Mapping[str, torch.Tensor]) -> int:
        """Number of identities that weights under today's names were trained on; 0 where they have no classifier."""
        return next((len(weights[name]) for name in cls.classifiers if name in weights), 0)


def _part(name: str) -> str:
    return name.split(".")[0]


def _rename(module: nn.Module, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
    for name in list(state_dict):
        if name.startswith(prefix):
            now = prefix + current_name(name.removeprefix(prefix))
            if now != name:
                state_dict[now] = state_dict.pop(name)
