"""Config files and KEY VALUE options, merged into a config or refused with the key that is wrong."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml
from fastreid.config import CfgNode

from .errors import ConfigError

_BASE_KEY = "_BASE_"
# Of yacs: "Type mismatch (<class 'float'> vs. <class 'str'>) with values (0.1 vs. a) for config key: SOLVER.BASE_LR"
_MISMATCH = re.compile(
    r"Type mismatch \(.*?\) with values \((?P<there>.*) vs\. (?P<given>.*)\) for config key: (?P<key>\S+)", re.DOTALL
)
# Values that are of another type, or that Python cannot read.
_OF_YACS = (ValueError, AssertionError, TypeError, RecursionError, MemoryError)


def merge_file(cfg: CfgNode, path: str, *, example: str = "config.yml") -> None:
    """Merges a config file, and what its ``_BASE_`` names, into a config.

    Args:
        cfg: a config of the host, with the project's keys, changed in place.
        path: of a YAML file.
        example: of such a file, for who names none.

    Raises:
        ConfigError: the file or one of its bases is missing, no YAML, no mapping or a loop, or has a key or a type that
            the config does not know; the message names the file and the key.
    """
    if not os.path.isfile(path):
        raise ConfigError(
            f"config file {path!r} {'is a folder' if os.path.isdir(path) else 'does not exist'}; name one with "
            f"--config-file, for example --config-file {example}"
        )
    for name, content in _chain(path):
        _check_keys(content, cfg, name)
    try:
        cfg.merge_from_file(path)
    except _OF_YACS as error:
        raise ConfigError(f"{path}: {_in_words(error, cfg)}") from error
    _refuse_none(cfg, f"{path}: ")


def merge_options(cfg: CfgNode, options: Sequence[Any]) -> None:
    """Merges KEY VALUE pairs of a command line into a config.

    Args:
        cfg: as of :func:`merge_file`, changed in place.
        options: keys and values in turns; a value may be text, as of a command line, or what the text stands for.

    Raises:
        ConfigError: a value is missing, a key is unknown or a section, or a value is of another type.
    """
    words = [str(option) for option in options]
    misplaced = next((word for word in words if word.startswith("--")), None)
    if misplaced is not None:
        raise ConfigError(f"{misplaced} stands among the config options KEY VALUE; put it before the first of them")
    if len(options) % 2:
        raise ConfigError(
            f"config options come in pairs, KEY VALUE with a space between, but {len(words)} words were given: "
            f"{' '.join(words)}"
        )
    for key, value in zip(words[::2], options[1::2], strict=True):
        there: Any = cfg
        for name in key.split("."):
            if not (isinstance(there, CfgNode) and name in there):
                raise ConfigError(_unknown(key, cfg))
            there = there[name]
        if isinstance(there, CfgNode):
            raise ConfigError(f"{key} is a section and takes no value; its keys are {_children(key, there)}")
        try:
            cfg.merge_from_list([key, value])
        except _OF_YACS as error:
            raise ConfigError(_in_words(error, cfg)) from error
    _refuse_none(cfg)


def _chain(path: str) -> Iterator[tuple[str, dict]]:
    """The file and its bases, each with its content, whose ``_BASE_`` is left out."""
    seen: list[str] = []
    while True:
        real = os.path.realpath(path)
        if real in seen:
            raise ConfigError(f"{path}: its {_BASE_KEY} leads back to itself ({' -> '.join([*seen, real])})")
        seen.append(real)
        content = _read(path)
        base = content.pop(_BASE_KEY, None)
        yield path, content
        if base is None:
            return
        if not isinstance(base, str):
            raise ConfigError(f"{path}: {_BASE_KEY} is {base!r}; expected the path of a config file")
        if base.startswith(("http://", "https://")):
            return  # the host reads it
        base = os.path.join(os.path.dirname(path), os.path.expanduser(base))
        if not os.path.isfile(base):
            raise ConfigError(f"{path}: its {_BASE_KEY} {base} does not exist")
        path = base


def _read(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        content = yaml.safe_load(text)
        twice = _repeated_key(yaml.compose(text, Loader=yaml.SafeLoader))
    except UnicodeDecodeError as error:
        raise ConfigError(f"config file {path} is no text ({error.reason} at byte {error.start})") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"config file {path} is no YAML: {' '.join(str(error).split())}") from error
    if content is None:
        raise ConfigError(f"config file {path} is empty")
    if not isinstance(content, dict):
        raise ConfigError(f"config file {path} holds a {type(content).__name__}; expected sections of keys and values")
    if twice is not None:
        raise ConfigError(
            f"config file {path}: {twice.value!r} stands twice in one section, at line {twice.start_mark.line + 1} "
            "again, and YAML would forget the first; join them"
        )
    return content


def _repeated_key(node: yaml.Node | None) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    seen = set()
    for key, value in node.value:
        if key.value in seen:
            return key
        seen.add(key.value)
        found = _repeated_key(value)
        if found is not None:
            return found
    return None


def _check_keys(content: Mapping, cfg: CfgNode, path: str, section: str = "") -> None:
    whole = cfg
    for name in filter(None, section.split(".")):
        whole = whole[name]
    for name, value in content.items():
        key = f"{section}.{name}" if section else str(name)
        if name not in whole:
            if whole.is_new_allowed():
                continue
            raise ConfigError(f"{path}: {_unknown(key, cfg)}")
        if isinstance(whole[name], CfgNode):
            if not isinstance(value, Mapping):
                raise ConfigError(
                    f"{path}: {key} is {value!r}, but it is a section; its keys are {_children(key, whole[name])}"
                )
            _check_keys(value, cfg, path, key)
        elif isinstance(value, Mapping) or value is None:
            raise ConfigError(
                f"{path}: {key} is {'empty' if value is None else 'a section'}; expected {_article(whole[name])} such "
                f"as {whole[name]!r}"
            )


def _refuse_none(cfg: CfgNode, where: str = "") -> None:
    # yacs takes None for a value of any type.
    for key in _all_keys(cfg):
        value: Any = cfg
        for name in key.split("."):
            value = value[name]
        if value is None:
            raise ConfigError(f"{where}{key} is None; leave it out for its default")


def _unknown(key: str, cfg: CfgNode) -> str:
    keys = list(_all_keys(cfg))
    by_upper = {known.upper(): known for known in keys}
    near = difflib.get_close_matches(key.upper(), by_upper, n=1, cutoff=0.75)
    if not near:
        last = {known.rpartition(".")[2].upper(): known.upper() for known in reversed(keys)}
        near = [last[name] for name in difflib.get_close_matches(key.rpartition(".")[2].upper(), last, n=1, cutoff=0.8)]
    return f"unknown key {key}" + (f"; did you mean {by_upper[near[0]]}?" if near else "")


def _all_keys(cfg: CfgNode, section: str = "") -> Iterator[str]:
    for name, value in cfg.items():
        if isinstance(value, CfgNode):
            yield from _all_keys(value, f"{section}{name}.")
        else:
            yield f"{section}{name}"


def _children(key: str, section: CfgNode) -> str:
    return ", ".join(f"{key}.{name}" for name in section)


def _in_words(error: BaseException, cfg: CfgNode) -> str:
    found = _MISMATCH.fullmatch(str(error))
    if not found:
        return " ".join(str(error).split()) or f"a value cannot be read ({type(error).__name__})"
    there: Any = cfg
    for name in found["key"].split("."):
        there = there[name]
    hint = f"; as text: \"'{found['given']}'\"" if isinstance(there, str) else ""
    return f"{found['key']} is {found['given']}; expected {_article(there)}, such as {there!r}{hint}"


def _article(value: object) -> str:
    kind = type(value).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
