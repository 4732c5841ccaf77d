"""What the clothing-change data sets have in common."""

import copy
import logging
import os
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeAlias

from fastreid.data.datasets.bases import ImageDataset
from tabulate import tabulate
from termcolor import colored

from .errors import DatasetError, DatasetNotFoundError
from .files import shown
from .label_systems import LabelSystem
from .parsing_maps import ParsingMaps, ParsingTree

Item: TypeAlias = tuple[str, Any, Any, Any]
"""(path, pid, camid, clothes_id): strings in training, integers in a test split."""

# Below the host's logger, so that the tables reach the handlers of the host: the console and log.txt.
_logger = logging.getLogger(f"fastreid.{__name__}")


class Counts(NamedTuple):
    """Size of a split; None where it is not known.

    Attributes:
        ids: people.
        images: images.
        cameras: cameras.
        outfits: pairs of a person and a clothes id.
    """

    ids: int | None = None
    images: int | None = None
    cameras: int | None = None
    outfits: int | None = None


def count(items: Sequence[Item]) -> Counts:
    """Counts of a split. An outfit is one clothes id of one person."""
    return Counts(
        ids=len({pid for _, pid, _, _ in items}),
        images=len(items),
        cameras=len({camid for _, _, camid, _ in items}),
        outfits=len({(pid, clothes_id) for _, pid, _, clothes_id in items}),
    )


def datasets_root(root: str | os.PathLike[str] | None = None) -> str:
    """Folder that the data sets lie in: ``root``, else what FASTREID_DATASETS says at this moment, else 'datasets'."""
    if root is None:
        root = os.environ.get("FASTREID_DATASETS") or "datasets"
    return osp.expanduser(os.fspath(root))


class ClothesImageDataset(ImageDataset):
    """A data set of the host whose items are (path, pid, camid, clothes_id).

    As in the host's own data sets, training ids and cameras are strings that begin with ``dataset_name`` (so that data
    sets can be joined) and test ids and cameras are integers. Everything is listed and parsed by the constructor: what
    is wrong on disk comes out before the first step. A subclass gives the class attributes and ``read_splits``.

    Args:
        root: folder that holds the data set's folder; see :func:`datasets_root` for None.
        **kwargs: the host's: mode ('train', 'query' or 'gallery'), combineall, transform, verbose.

    Attributes:
        splits: items by name of the split.

    Raises:
        DatasetNotFoundError: a folder is missing.
        DatasetError: a split is empty, or a file name does not parse.
    """

    dataset_name = ""
    """Prefix of training ids and cameras."""
    dataset_dir = ""
    """Folder of the data set below the root; of an instance, with the root before it."""
    dataset_url = ""
    """Where the data set is to be asked for."""
    folders: ClassVar[tuple[str, ...]] = ()
    """Folders below ``dataset_dir`` that have to exist."""
    image_dir = ""
    """Folder below ``dataset_dir`` that images, and so the tree of parsing maps, are relative to."""
    train_splits: ClassVar[tuple[str, ...]] = ()
    """Names of the splits that show_train prints; show_test prints the others."""
    single_shot_gallery = False
    """Whether the data set's own protocol takes one random gallery image per person."""
    published: ClassVar[Mapping[str, Counts]] = {}
    """Counts of the published data set by split, under 'all' of the whole."""

    def __init__(self, root: str | os.PathLike[str] | None = None, **kwargs: Any):
        self.root = datasets_root(root)
        self.dataset_dir = osp.join(self.root, type(self).dataset_dir)
        for folder in self.folders:
            self._require_folder(osp.join(self.dataset_dir, folder))
        self.splits: dict[str, list[Item]] = self.read_splits()
        super().__init__(self.splits["train"], *self.query_and_gallery(), **kwargs)

    def read_splits(self) -> dict[str, list[Item]]:
        """Reads the data set: a dict from split name to its list of items. One of them is 'train'."""
        raise NotImplementedError

    def query_and_gallery(self) -> tuple[list[Item], list[Item]]:
        """The two lists of items that the host evaluates on."""
        return self.splits["query"], self.splits["gallery"]

    def parsing_tree(self, parsing_root: str | None = None) -> ParsingTree:
        """Where the data set's parsing maps are, or belong.

        Args:
            parsing_root: folder of the maps; None or '': ``parsing`` in the data set's folder.
        """
        return ParsingTree(
            osp.join(self.dataset_dir, self.image_dir), parsing_root or osp.join(self.dataset_dir, "parsing")
        )

    def parsing_maps(
        self,
        system: str | LabelSystem = "lip",
        parsing_root: str | None = None,
        clothing: Sequence[str] | None = None,
    ) -> ParsingMaps:
        """The data set's parsing maps; arguments and errors of :class:`ParsingMaps`.

        Args:
            system: label system of the maps, or 'auto'.
            parsing_root: folder of the maps; None or '': ``parsing`` in the data set's folder.
            clothing: label names that count as clothing; None: everything worn below the neck.
        """
        tree = self.parsing_tree(parsing_root)
        return ParsingMaps(tree.image_root, tree.parsing_root, system, clothing)

    def require_several_people(self, *, train: bool) -> None:
        """Refuses splits of one person: nothing is learned from them, and every ranking of them is right.

        Args:
            train: whether the training split is looked at; else query and gallery together.

        Raises:
            DatasetError: there is one person only.
        """
        items = self.train if train else self.query + self.gallery
        people = {pid for _, pid, *_ in items}
        if len(people) < 2:
            raise DatasetError(
                f"{type(self).__name__} in {shown(self.dataset_dir)} has one person only to "
                f"{'train on' if train else 'be found'}; expected at least two people."
            )

    def combine_all(self) -> None:
        """Adds query and gallery to the training items, named as the host names them: `<dataset_name>_test_<id>`."""
        combined = copy.copy(self.train)
        for path, *labels in self.query + self.gallery:
            combined.append((path, *(f"{self.dataset_name}_test_{label}" for label in labels)))
        self._train = combined

    def show_train(self) -> None:
        """Logs what was found of the training splits beside what was published."""
        if self.combineall:
            self._show({"train + query + gallery": self.train})
        else:
            self._show({name: items for name, items in self.splits.items() if name in self.train_splits})

    def show_test(self) -> None:
        """Logs what was found of the test splits beside what was published."""
        self._show({name: items for name, items in self.splits.items() if name not in self.train_splits})

    def how_to_get(self) -> str:
        """One or two lines for those who do not have the data set."""
        return (
            f"Ask its authors for it at {self.dataset_url} and unpack it to {shown(osp.abspath(self.dataset_dir))}, "
            f"or set FASTREID_DATASETS to the folder that holds {type(self).dataset_dir}.\n"
            "To try the method without it: make demo"
        )

    def _require_folder(self, folder: str) -> None:
        if not osp.isdir(folder):
            found = "is not complete" if osp.isdir(self.dataset_dir) else "was not found"
            raise DatasetNotFoundError(
                f"{type(self).__name__} {found}: there is no folder {shown(osp.abspath(folder))}.\n{self.how_to_get()}"
            )

    def counts(self) -> dict[str, tuple[Counts, Counts | None]]:
        """Sizes of the splits and, under 'all', of the whole: name to (Counts found, Counts published or None)."""
        return self._counts(self.splits)

    def _counts(self, splits: Mapping[str, Sequence[Item]]) -> dict[str, tuple[Counts, Counts | None]]:
        # The same camera is 'prcc_c0' in training items and 0 in test items; as a whole it is one camera.
        everything = [
            (path, pid, str(camid).rpartition("_c")[2], clothes_id)
            for items in self.splits.values()
            for path, pid, camid, clothes_id in items
        ]
        return {
            name: (count(items), self.published.get(name)) for name, items in [*splits.items(), ("all", everything)]
        }

    def _show(self, splits: Mapping[str, Sequence[Item]]) -> None:
        rows = self._counts(splits)
        headers = ["subset", "# ids", "# images", "# cameras", "# outfits"]
        table = [[name, *found] for name, (found, _) in rows.items()]
        if self.published:
            headers.append("published")
            for line, (_, published) in zip(table, rows.values(), strict=True):
                line.append(_in_words(published or Counts()))
        text = tabulate(table, tablefmt="pipe", headers=headers, numalign="left")
        _logger.info(f"=> Loaded {type(self).__name__} from {shown(self.dataset_dir)}:\n{colored(text, 'cyan')}")


def _in_words(counts: Counts) -> str:
    return ", ".join(f"{value:,} {name}" for name, value in counts._asdict().items() if value is not None)
