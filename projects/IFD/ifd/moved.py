"""Names that have moved and still serve, with a warning, for one release."""

import importlib
import warnings
from collections.abc import Callable, Mapping


def moved_names(module: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """A module's ``__getattr__`` for names that now live elsewhere.

    Args:
        module: name of the module that they have left.
        places: by former name, ``package.module:name`` of where they are now.

    Returns:
        a function that gives what a name now stands for, with a DeprecationWarning that says where it is.
    """

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        package, _, new_name = places[name].partition(":")
        warnings.warn(
            f"{module}.{name} is now {package}.{new_name}; the former name goes with the next release",
            DeprecationWarning,
            stacklevel=2,
        )
        return getattr(importlib.import_module(package), new_name)

    return get
