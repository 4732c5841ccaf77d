"""Between the arguments of layers, losses and models and the config keys that they come from.

What is built from the config speaks of its own arguments; whoever read them from the config knows their keys.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from fastreid.modeling.meta_arch import META_ARCH_REGISTRY

Built = TypeVar("Built")


class ArgumentError(ValueError):
    """An argument with a value that cannot work.

    Args:
        message: with arguments' names, and the names of what ``values`` holds, in braces: "{kernel_size} is {found};
            expected an odd number".
        values: what else the message speaks of.
    """

    def __init__(self, message: str, values: Mapping[str, object] | None = None):
        # Both are arguments of the exception, so that it comes whole out of another process.
        super().__init__(message, dict(values or {}))

    def __str__(self) -> str:
        message, values = self.args
        return message.format_map(_Names(values))

    def naming(self, keys: Mapping[str, str]) -> "ArgumentError":
        """The same error, which calls the arguments in ``keys`` (argument -> config key) by their keys."""
        message, values = self.args
        return type(self)(message, {**keys, **values})


class _Names(dict):
    def __missing__(self, name: str) -> str:
        return name


@contextmanager
def naming(keys: Mapping[str, str]) -> Iterator[None]:
    """Lets errors about arguments name the config keys that these come from.

    Args:
        keys: argument -> config key.
    """
    try:
        yield
    except ArgumentError as error:
        raise error.naming(keys) from error


def architecture_keys(cfg: Any) -> Mapping[str, str]:
    """Argument -> config key of what MODEL.META_ARCHITECTURE names, where its class says so in ``config_keys``.

    Raises:
        KeyError: there is no such architecture.
    """
    keys: Mapping[str, str] = getattr(META_ARCH_REGISTRY.get(cfg.MODEL.META_ARCHITECTURE), "config_keys", {})
    return keys


def read_keys(cfg: Any, keys: Mapping[str, str]) -> dict[str, Any]:
    """The values of config keys by the arguments that they are for.

    Args:
        cfg: full config.
        keys: argument -> config key, such as {"kernel_size": "IFD.IKT.KERNEL_SIZE"}.
    """
    values = {}
    for argument, key in keys.items():
        value = cfg
        for name in key.split("."):
            value = getattr(value, name)
        values[argument] = value
    return values


def build_from_keys(factory: Callable[..., Built], cfg: Any, keys: Mapping[str, str], **others: Any) -> Built:
    """Calls ``factory`` with the values of config keys, which its errors then name.

    Args:
        factory: class or function.
        cfg: full config.
        keys: argument -> config key.
        others: arguments that come from elsewhere.
    """
    with naming(keys):
        return factory(**read_keys(cfg, keys), **others)
