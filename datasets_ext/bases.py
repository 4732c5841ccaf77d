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

from .clothes_labels import CLOTHES_MODES, ClothesLabels
from .errors import DatasetError, DatasetNotFoundError
from .files import is_folder, shown
from .label_systems import LabelSystem
from .parsing_maps import ParsingMaps, ParsingTree
from .tracklets import Tracklet

Item: TypeAlias = tuple[str | Tracklet, Any, Any, Any]
"""(path or tracklet, pid, camid, clothes_id): labels are strings in training, integers in a test split."""

# Below the host's logger, so that the tables reach the handlers of the host: the console and log.txt.
_logger = logging.getLogger(f"fastreid.{__name__}")


class Counts(NamedTuple):
    """Size of a split; None where it is not known.

    Attributes:
        ids: people.
        images: images, frames of tracklets among them.
        cameras: cameras.
        outfits: pairs of a person and a clothes id.
        tracklets: tracklets.
    """

    ids: int | None = None
    images: int | None = None
    cameras: int | None = None
    outfits: int | None = None
    tracklets: int | None = None


class Release(NamedTuple):
    """A release of a data set, as it was published.

    Attributes:
        name: of the release; empty where there is one only.
        counts: by split, under 'all' of the whole, under 'test' of queries and gallery together.
        fits: whether all of these counts are those found.
    """

    name: str
    counts: Mapping[str, Counts]
    fits: bool


class Finding(NamedTuple):
    """Something of a data set that its reader knows and its user should.

    Attributes:
        kind: a key of ``datasets_ext.check.KINDS`` where it is a problem, of ``NOTES`` where it is none.
        detail: what was found, as it may be printed.
        images: paths of the images it is about, if any.
    """

    kind: str
    detail: str
    images: tuple[str, ...] = ()


def count(items: Sequence[Item], *, cameras: bool = True, outfits: bool = True) -> Counts:
    """Counts of a split. An outfit is one clothes id of one person; -1 stands for an outfit that nobody knows.

    Args:
        items: of the split.
        cameras: whether cameras are known.
        outfits: whether outfits are.
    """
    outfits = outfits and all(clothes_id != -1 for *_, clothes_id in items)
    tracklets = sum(isinstance(data, Tracklet) for data, *_ in items)
    return Counts(
        ids=len({pid for _, pid, _, _ in items}),
        images=sum(1 if isinstance(data, str) else len(data) for data, *_ in items),
        cameras=len({camid for _, _, camid, _ in items}) if cameras else None,
        outfits=len({(pid, clothes_id) for _, pid, _, clothes_id in items}) if outfits else None,
        tracklets=tracklets or None,
    )


def datasets_root(root: str | os.PathLike[str] | None = None) -> str:
    """Folder that the data sets lie in: ``root``, else what FASTREID_DATASETS says at this moment, else 'datasets'."""
    if root is None:
        root = os.environ.get("FASTREID_DATASETS") or "datasets"
    return osp.expanduser(os.fspath(root))


class ClothesImageDataset(ImageDataset):
    """A data set of the host whose items are (path, pid, camid, clothes_id), or begin with a :class:`Tracklet`.

    As in the host's own data sets, training ids and cameras are strings that begin with ``dataset_name`` (so that data
    sets can be joined) and test ids and cameras are integers. Everything is listed and parsed by the constructor: what
    is wrong on disk comes out before the first step. A subclass gives the class attributes and ``read_splits``; see
    README.md beside this file for one of twenty lines.

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
    """Counts of the published data set by split, under 'all' of the whole, under 'test' of queries and gallery."""
    releases: ClassVar[Mapping[str, Mapping[str, Counts]]] = {}
    """In the place of ``published`` where there are several releases: the same by name, the newest first."""
    clothes_labels: ClothesLabels = ClothesLabels("labelled", "labelled", "the data set's own")
    """Where its clothes labels come from; what is not labelled is not evaluated by."""
    protocol_modes: ClassVar[tuple[str, ...]] = ()
    """Modes of ``clothes_rank`` that the data set's own protocols are, beyond those its clothes labels allow."""
    has_cameras = True
    """Whether cameras are known; where not, every test image has a number of its own, so that none is removed."""
    name_begins_with_person = True
    """Whether the first number of an image's path below ``image_dir`` is the person, so that spellings are compared."""
    misread_paths: ClassVar[Mapping[str, str]] = {}
    """Regular expressions that code in circulation searches in the whole path, with what comes of it where it finds
    them above the data set; a note of the check. Here only names below the data set are read."""

    def __init__(self, root: str | os.PathLike[str] | None = None, **kwargs: Any):
        self.root = datasets_root(root)
        self.dataset_dir = self.find_dir()
        for folder in self.folders:
            self._require_folder(osp.join(self.dataset_dir, folder))
        self.splits: dict[str, list[Item]] = self.read_splits()
        super().__init__(self.splits["train"], *self.query_and_gallery(), **kwargs)

    def find_dir(self) -> str:
        """Path of the data set's folder below the root, whether it is there or not."""
        return osp.join(self.root, type(self).dataset_dir)

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

    @property
    def camera_kind(self) -> str:
        """What cameras are in an evaluation, for its table: labelled; none; else what stands in their place."""
        return "labelled" if self.has_cameras else "none"

    @property
    def modes(self) -> tuple[str, ...]:
        """Modes of ``clothes_rank`` that this data set is evaluated in, in the order of the tables, at least one."""
        return (*self.clothes_labels.modes, *self.protocol_modes)

    def why_not(self, mode: str) -> str:
        """Why a mode of ``clothes_rank`` cannot be had here, for an error or a log; empty where it can."""
        if mode in self.modes:
            return ""
        if mode in CLOTHES_MODES[1:] and self.clothes_labels.test != "labelled":
            compared = f"the clothes labels of its test set are {self.clothes_labels.test}"
            return f"{type(self).__name__} has no {mode} mode: {compared} ({self.clothes_labels.source})"
        return f"{type(self).__name__} has no {mode} mode; it has {', '.join(self.modes)}"

    def further_labels(self) -> dict[str, list[int]]:
        """What its modes compare beside cameras and clothes: by name a label of each query, then gallery item."""
        return {}

    def findings(self) -> list[Finding]:
        """What the reader found that the check tells, beyond what it looks for in every data set."""
        return []

    def require_several_people(self, *, train: bool) -> None:
        """Refuses splits of one person: nothing is learned from them, and every ranking of them is right.

        Args:
            train: whether the training split is looked at; else query and gallery together.

        Raises:
            DatasetError: there is one person only, or none.
        """
        items = self.train if train else self.query + self.gallery
        people = {pid for _, pid, *_ in items}
        if not people:
            use, other = ("train on", "test on") if train else ("test on", "train on")
            raise DatasetError(
                f"{type(self).__name__} in {shown(self.dataset_dir)} has nobody to {use}; it is there to {other} alone."
            )
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
        if not is_folder(folder):
            found = "is not complete" if is_folder(self.dataset_dir) else "was not found"
            raise DatasetNotFoundError(
                f"{type(self).__name__} {found}: there is no folder {shown(osp.abspath(folder))}.\n{self.how_to_get()}"
            )

    def release(self) -> Release | None:
        """The published release that what was found fits, else the nearest one; None where nothing was published."""
        return self._nearest_release(self._found(self._compared())) if self._publications() else None

    def _publications(self) -> Mapping[str, Mapping[str, Counts]]:
        return self.releases or ({"": self.published} if self.published else {})

    def _compared(self) -> dict[str, Sequence[Item]]:
        # 'test' is query and gallery together, unless the data set has a split of that name.
        return {"test": [*self.query, *self.gallery], **self.splits}

    def _nearest_release(self, found: Mapping[str, Counts]) -> Release:
        def difference(counts: Mapping[str, Counts]) -> float:
            # The mean of the relative differences.
            pairs = [
                (getattr(found.get(split, Counts()), what) or 0, value)
                for split, published in counts.items()
                for what, value in published._asdict().items()
                if value is not None
            ]
            return sum(abs(here - there) / there for here, there in pairs) / len(pairs)

        name, counts = min(self._publications().items(), key=lambda release: difference(release[1]))
        return Release(name, counts, fits=difference(counts) == 0)

    def counts(self) -> dict[str, tuple[Counts, Counts | None]]:
        """Sizes of the splits and, under 'all', of the whole: name to (Counts found, Counts published or None)."""
        return self._counts(self.splits)[0]

    def _counts(
        self, splits: Mapping[str, Sequence[Item]]
    ) -> tuple[dict[str, tuple[Counts, Counts | None]], Release | None]:
        if not self._publications():
            return {name: (found, None) for name, found in self._found(splits).items()}, None
        found = self._found({**self._compared(), **splits})
        release = self._nearest_release(found)
        names = [*splits]
        if "test" in release.counts and "test" not in splits and not set(splits) <= set(self.train_splits):
            names.append("test")
        return {name: (found[name], release.counts.get(name)) for name in [*names, "all"]}, release

    def _found(self, splits: Mapping[str, Sequence[Item]]) -> dict[str, Counts]:
        # The same camera is 'prcc_c0' in training items and 0 in test items; as a whole it is one camera.
        everything = [
            (data, pid, str(camid).rpartition("_c")[2], clothes_id)
            for items in self.splits.values()
            for data, pid, camid, clothes_id in items
        ]
        labels = self.clothes_labels
        kinds = {name: labels.train if name in self.train_splits else labels.test for name in splits}
        whole = "absent" if "absent" in (labels.train, labels.test) else "labelled"
        return {
            name: count(items, cameras=self.has_cameras, outfits=kinds.get(name, whole) != "absent")
            for name, items in [*splits.items(), ("all", everything)]
        }

    def _show(self, splits: Mapping[str, Sequence[Item]]) -> None:
        rows, release = self._counts(splits)
        # Columns that nothing here has are left out, but for those that readers of the table look for.
        columns = [
            (name, title)
            for name, title in _COLUMNS.items()
            if name != "tracklets" or any(found.tracklets for found, _ in rows.values())
        ]
        headers = ["subset", *(title for _, title in columns)]
        table = [
            [name, *(_or_dash(getattr(found, column)) for column, _ in columns)] for name, (found, _) in rows.items()
        ]
        if release is not None:
            headers.append("published")
            for line, (_, published) in zip(table, rows.values(), strict=True):
                line.append(_in_words(published or Counts()))
        text = tabulate(table, tablefmt="pipe", headers=headers, numalign="left")
        lines = [f"=> Loaded {type(self).__name__} from {shown(self.dataset_dir)}:", colored(text, "cyan")]
        if release is not None and release.name:
            lines.append(f"These are {'' if release.fits else 'not quite '}the counts of the {release.name} release.")
        lines.append(f"Clothes labels: {self.clothes_labels}")
        _logger.info("\n".join(lines))


_COLUMNS = {
    "ids": "# ids",
    "tracklets": "# tracklets",
    "images": "# images",
    "cameras": "# cameras",
    "outfits": "# outfits",
}


def _or_dash(value: int | None) -> int | str:
    return "-" if value is None else value


def _in_words(counts: Counts) -> str:
    return ", ".join(f"{value:,} {name}" for name, value in counts._asdict().items() if value is not None)
