"""Data sets of clothing-change re-identification by name."""

from fastreid.data.datasets import DATASET_REGISTRY

from .bases import ClothesImageDataset
from .errors import DatasetNotFoundError


def dataset_class(name):
    """The class of a data set that is registered with the host.

    Args:
        name: as in DATASETS.NAMES.
    Returns: a subclass of ClothesImageDataset.
    Raises: DatasetNotFoundError for an unknown name or a data set without clothes; lists the names that serve.
    """
    found = _registered(name)
    if found is None or not issubclass(found, ClothesImageDataset):
        raise DatasetNotFoundError(
            f"{name!r} is not the name of a data set with clothes and parsing maps. Known: "
            f"{', '.join(sorted(_names(ClothesImageDataset)))}."
        )
    return found


def _registered(name):
    try:
        return DATASET_REGISTRY.get(name)
    except KeyError:
        return None


def _names(base):
    for subclass in base.__subclasses__():
        if _registered(subclass.__name__) is subclass:
            yield subclass.__name__
        yield from _names(subclass)
