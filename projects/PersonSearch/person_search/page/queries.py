"""What was asked: a photo that was sent, or a picture of the gallery."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from ..pictures import Picture


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for, and what the model saw of it.

    Attributes:
        key: in addresses: the picture's id, or a secret of whoever sent the photo.
        vector: (D,) float32.
        views: JPEG bytes by name: photo, mask, attention, as far as there are.
        picture: of the gallery, where it is one; else None.
        name: what people call it.
    """

    key: str
    vector: np.ndarray
    views: dict[str, bytes] = field(default_factory=dict)
    picture: Picture | None = None
    name: str = ""


class Queries:
    """The last queries, in memory alone.

    Args:
        most: how many; of more the one that was not asked for longest is forgotten.
    """

    def __init__(self, most: int = 200):
        self._most = most
        self._kept: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, query: Query) -> Query:
        """Keeps a query under its key."""
        with self._lock:
            self._kept[query.key] = query
            self._kept.move_to_end(query.key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return query

    def get(self, key: str) -> Query | None:
        """The query of a key; None where it was never asked, or is forgotten."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
