"""The test images of a folder in PRCC's or LTCC's layout, with what is known of them."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from rendered_people.errors import RenderingError

_PRCC_TEST = re.compile(r"(?P<camera>[ABC])/(?P<pid>\d+)/cropped_rgb\d+\.jpg$")
_LTCC_NAME = re.compile(r"(?P<pid>\d+)_(?P<outfit>\d+)_c(?P<camera>\d+)_\d+\.png$")
_UNSEEN = "_unseen_sites"

_Entry = tuple[Path, Path, int, int, int]


@dataclass(frozen=True)
class ImageSet:
    """Images with what is known of them.

    Attributes:
        paths: Of n images.
        parsing_paths: Of their parsing maps.
        pids: (n,) int.
        clothes: (n,) int, outfit of the person.
        cameras: (n,) int.
    """

    paths: list[Path]
    parsing_paths: list[Path]
    pids: np.ndarray
    clothes: np.ndarray
    cameras: np.ndarray

    def pixels(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Image (H, W, 3) uint8 and labels (H, W) uint8, one after another.

        Raises:
            RenderingError: A file is missing or damaged, or map and image differ in size.
        """
        for path, parsing_path in zip(self.paths, self.parsing_paths, strict=True):
            colours, labels = _read(path, "RGB"), _read(parsing_path, None)
            if labels.shape != colours.shape[:2]:
                raise RenderingError(
                    f"{parsing_path} has the shape {labels.shape} and its image {colours.shape[:2]}; a parsing map "
                    "holds one label a pixel"
                )
            yield colours, labels


def test_sets(root: Path) -> dict[str, tuple[ImageSet, ImageSet]]:
    """Queries and gallery of each test set in a folder.

    Args:
        root: Folder of a benchmark, in PRCC's layout, LTCC's or both.

    Returns:
        By name; unseen sites are sets of their own.

    Raises:
        RenderingError: There are none, or the parsing maps hold other labels than LIP's.
    """
    sets = {}
    for layout, tree, read in (("PRCC's layout", "prcc", _read_prcc), ("LTCC's layout", "LTCC_ReID", _read_ltcc)):
        for name, suffix in ((layout, ""), (f"{layout}, unseen sites", _UNSEEN)):
            query, gallery = read(root / tree, suffix)
            if query.paths and gallery.paths:
                _require_lip(root / tree / "parsing/label_system.json")
                sets[name] = query, gallery
    if not sets:
        raise RenderingError(
            f"{root} holds no test images in PRCC's or LTCC's layout; render a benchmark into it first"
        )
    return sets


def _read_prcc(tree: Path, suffix: str) -> tuple[ImageSet, ImageSet]:
    """Queries (cameras B and C) and gallery (camera A)."""
    base = tree / f"rgb/test{suffix}"
    entries = []
    for path in sorted(base.glob("*/*/*.jpg")):
        if match := _PRCC_TEST.search(path.as_posix()):
            camera = "ABC".index(match["camera"])
            parsing = tree / f"parsing/test{suffix}" / path.relative_to(base).with_suffix(".png")
            entries.append((path, parsing, int(match["pid"]), int(camera == 2), camera))
    return _image_set(e for e in entries if e[4] > 0), _image_set(e for e in entries if e[4] == 0)


def _read_ltcc(tree: Path, suffix: str) -> tuple[ImageSet, ImageSet]:
    """Queries and gallery."""

    def read(folder: str) -> ImageSet:
        entries = []
        for path in sorted((tree / folder).glob("*.png")):
            if match := _LTCC_NAME.match(path.name):
                parsing = tree / "parsing" / folder / path.name
                entries.append((path, parsing, int(match["pid"]), int(match["outfit"]), int(match["camera"])))
        return _image_set(entries)

    return read(f"query{suffix}"), read(f"test{suffix}")


def _image_set(entries: Iterable[_Entry]) -> ImageSet:
    listed = list(entries)
    pids, clothes, cameras = np.array([entry[2:] for entry in listed], dtype=np.int64).reshape(-1, 3).T
    return ImageSet([entry[0] for entry in listed], [entry[1] for entry in listed], pids, clothes, cameras)


def _read(path: Path, mode: str | None) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode) if mode else image)
    except FileNotFoundError:
        raise RenderingError(f"{path} is missing; render into the folder again") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise RenderingError(f"{path} is damaged ({error}); render into the folder again") from error


def _require_lip(path: Path) -> None:
    if not path.is_file():
        return
    try:
        system = json.loads(path.read_text(encoding="utf-8")).get("system")
    except (ValueError, AttributeError) as error:
        raise RenderingError(f"{path} is damaged ({error}); render into the folder again") from error
    if system != "lip":
        raise RenderingError(f"{path} says that the maps hold labels of {system!r}; the measure knows those of 'lip'")
