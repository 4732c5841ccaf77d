"""A data set examined as a whole."""

from dataclasses import dataclass
from typing import NamedTuple

from datasets_ext import ClothesImageDataset, Counts, LabelSystem, clothing_ids

from ..parsing import Photo, every_photo
from .inspection import Inspection, inspect_photos
from .problems import Problem, find_problems


class LabelUse(NamedTuple):
    """How a label occurs. images: maps that hold it.   share: of all pixels, 0 to 1."""

    images: int
    share: float


@dataclass(frozen=True)
class Examination:
    """What the doctor found.

    name: of the data set.   folder, parsing_root: where it lies.   system: label system of the maps.
    clothing: labels that count as clothing.   counts: sizes found and published, by split.
    photos: every image once.   labels: use of the system's labels by name.   problems: in the order of KINDS.
    """

    name: str
    folder: str
    parsing_root: str
    system: LabelSystem
    clothing: tuple[int, ...]
    counts: dict[str, tuple[Counts, Counts | None]]
    photos: list[Photo]
    labels: dict[str, LabelUse]
    problems: list[Problem]


def examine(
    dataset: ClothesImageDataset,
    *,
    system: str = "lip",
    parsing_root: str | None = None,
    clothing: list[str] | None = None,
    workers: int | None = None,
) -> Examination:
    """Reads every image and map of a data set once and says what is wrong.

    Args:
        dataset: in PRCC's or LTCC's layout.
        system: label system of the maps.
        parsing_root: their folder; None: the data set's own.
        clothing: label names that count as clothing; None: everything worn below the neck.
        workers: processes; None: one for each core.

    Raises:
        ValueError: unknown label system or label name.
    """
    maps = dataset.parsing_maps(system=system, parsing_root=parsing_root)
    worn = clothing_ids(maps.system, clothing)
    photos = every_photo(dataset, maps)
    inspections = inspect_photos(photos, workers)
    return Examination(
        name=type(dataset).__name__,
        folder=dataset.dataset_dir,
        parsing_root=maps.parsing_root,
        system=maps.system,
        clothing=worn,
        counts=dataset.counts(),
        photos=photos,
        labels=_label_use(inspections, maps.system),
        problems=find_problems(dataset, photos, inspections, maps.system, worn),
    )


def _label_use(inspections: list[Inspection], system: LabelSystem) -> dict[str, LabelUse]:
    counts = [inspection.label_counts for inspection in inspections if inspection.label_counts is not None]
    pixels = sum(sum(of_map.values()) for of_map in counts)
    return {
        name: LabelUse(
            images=sum(value in of_map for of_map in counts),
            share=sum(of_map.get(value, 0) for of_map in counts) / max(pixels, 1),
        )
        for value, name in enumerate(system.names)
    }
