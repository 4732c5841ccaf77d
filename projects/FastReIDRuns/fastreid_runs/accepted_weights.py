"""Which weights a model takes: what they may be called, may lack and may hold beyond what the model has."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import torch
from torch import nn


def current_names(weights: Mapping[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    """Weights under today's names, whichever version of a project saved them; the order stays.

    Args:
        weights: by name.
        renamed: beginnings of former names -> of today's.
    """
    current = OrderedDict((current_name(name, renamed), value) for name, value in weights.items())
    if hasattr(weights, "_metadata"):
        # Versions of the layers' formats, by module.
        metadata = {current_name(f"{name}.", renamed).removesuffix("."): of for name, of in weights._metadata.items()}
        current._metadata = metadata  # type: ignore[attr-defined]
    return current


def current_name(name: str, renamed: Mapping[str, str]) -> str:
    """Today's name of a parameter or buffer, also where it comes from a model inside DDP ("module.")."""
    inside = "module." if name.startswith("module.") else ""
    own = name.removeprefix(inside)
    for old, new in renamed.items():
        if own.startswith(old):
            return inside + new + own.removeprefix(old)
    return name


class AcceptsWeights(nn.Module):
    """A model that says which weights it takes; the checkpointer asks it.

    ``load_state_dict`` takes weights under former names too, whoever calls it.

    Attributes:
        renamed: beginnings of former names -> of today's.
        classifiers: parameters with a row for each training identity, whose number may differ between models.
    """

    renamed: ClassVar[Mapping[str, str]] = {}
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


def _rename(module: AcceptsWeights, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
    for name in list(state_dict):
        if name.startswith(prefix):
            now = prefix + current_name(name.removeprefix(prefix), module.renamed)
            if now != name:
                state_dict[now] = state_dict.pop(name)
