"""What an adaptation is, and the two tools that adaptations replace names of the host with."""

import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Adaptation:
    """One thing the host cannot do as it is on the stack that is installed, and its remedy.

    Attributes:
        name: short and unique, for the table and for FASTREID_COMPAT_SKIP.
        reason: what goes wrong without it, in one sentence.
        needed: tries the host's behaviour and says whether the remedy is needed; leaves no trace.
        apply: puts the remedy in place; called once, and only where it is needed.
    """

    name: str
    reason: str
    needed: Callable[[], bool]
    apply: Callable[[], None]


def rebind(original: object, replacement: object) -> None:
    """Puts `replacement` under every name that holds `original` in the host's loaded modules, re-exports included."""
    for module_name, module in list(sys.modules.items()):
        if module is None or module_name.partition(".")[0] != "fastreid":
            continue
        for name, value in list(vars(module).items()):
            if value is original:
                setattr(module, name, replacement)


class ModuleView(types.ModuleType):
    """A module seen with some names added or replaced, for one host module only; the module itself stays untouched."""

    def __init__(self, module: types.ModuleType, **names: Any):
        super().__init__(module.__name__, module.__doc__)
        self._module = module
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)
