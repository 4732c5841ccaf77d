"""Data sets of clothing-change re-identification by name."""

from collections.abc import Iterator

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset
from .errors import DatasetNotFoundError


def dataset_class(name: str) -> type[ClothesImageDataset]:
    """The class of a data set that is registered with the host.

    Args:
        name: as in DATASETS.NAMES.

    Raises:
        DatasetNotFoundError: an unknown name, or a data set without clothes; lists the names that serve.
    """
    found = _registered(name)
    if found is None or not issubclass(found, ClothesImageDataset):
        raise DatasetNotFoundError(
            f"{name!r} is not the name of a data set with clothes and parsing maps. Known: "
            f"{', '.join(sorted(_names(ClothesImageDataset)))}."
        )
    return found


def _registered(name: str) -> type | None:
    try:
        return DATASET_REGISTRY.get(name)
    except KeyError:
        return None


def _names(base: type[ClothesImageDataset]) -> Iterator[str]:
    for subclass in base.__subclasses__():
        if _registered(subclass.__name__) is subclass:
            yield subclass.__name__
        yield from _names(subclass)
