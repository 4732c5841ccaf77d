"""Labels of test items as integers."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

_Key = TypeVar("_Key", bound=Hashable)


def positions(*splits: Iterable[_Key]) -> Mapping[_Key, int]:
    """The position of each key among the sorted ones of all splits together.

    Args:
        *splits: keys of query and gallery, such as pairs of a person and an outfit; sortable.
    """
    keys: set[Any] = {key for split in splits for key in split}
    return {key: position for position, key in enumerate(sorted(keys))}
