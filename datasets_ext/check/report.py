"""A data set checked as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..bases import ClothesImageDataset, Counts
from ..clothes_labels import ClothesLabels
from ..image_and_map import ImageAndMap, every_image
from ..label_systems import LabelSystem, clothing_ids
from ..tree_record import AUTO, tree_label_system
from .image_report import ImageReport, check_images
from .problems import Problem, find_notes, find_problems


class LabelUse(NamedTuple):
    """How a label occurs.

    Attributes:
        images: maps that hold it.
        share: of all pixels, 0 to 1.
    """

    images: int
    share: float


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        name: of the data set.
        folder: where it lies.
        parsing_root: where its maps lie.
        system: label system of the maps.
        clothing: labels that count as clothing, ascending.
        counts: sizes found and published, by split.
        images: every image once, with its map.
        labels: use of the system's labels, by name.
        problems: in the order of KINDS.
        clothes_labels: where the clothes labels come from.
        modes: that the data set is evaluated in.
        notes: what is no problem, in the order of NOTES.
    """

    name: str
    folder: str
    parsing_root: str
    system: LabelSystem
    clothing: tuple[int, ...]
    counts: dict[str, tuple[Counts, Counts | None]]
    images: list[ImageAndMap[str, str]]
    labels: dict[str, LabelUse]
    problems: list[Problem]
    clothes_labels: ClothesLabels
    modes: tuple[str, ...]
    notes: list[Problem]


def check_dataset(
    dataset: ClothesImageDataset,
    *,
    system: str | LabelSystem = AUTO,
    parsing_root: str | None = None,
    clothing: Sequence[str] | None = None,
    workers: int | None = None,
) -> Report:
    """Reads every image and map of a data set once and says what is wrong.

    Args:
        dataset: of any layout.
        system: label system of the maps; 'auto': what they say, and LIP where they say nothing.
        parsing_root: their folder; None: the data set's own.
        clothing: label names that count as clothing; None: everything worn below the neck.
        workers: processes; None: one for each core.

    Raises:
        ParsingMapError: the maps are of another system than ``system``, or of several.
        ValueError: unknown label system or label name.
    """
    tree = dataset.parsing_tree(parsing_root)
    found, _ = tree_label_system(tree.parsing_root, system, otherwise="lip")
    worn = clothing_ids(found, clothing)
    images = every_image(dataset, tree)
    image_reports = check_images(images, workers)
    return Report(
        name=type(dataset).__name__,
        folder=dataset.dataset_dir,
        parsing_root=tree.parsing_root,
        system=found,
        clothing=worn,
        counts=dataset.counts(),
        images=images,
        labels=_label_use(image_reports, found),
        problems=find_problems(dataset, images, image_reports, found, worn),
        clothes_labels=dataset.clothes_labels,
        modes=dataset.modes,
        notes=find_notes(dataset),
    )


def _label_use(image_reports: Sequence[ImageReport], system: LabelSystem) -> dict[str, LabelUse]:
    counts = [report.label_counts() for report in image_reports]
    pixels = sum(sum(of_map.values()) for of_map in counts)
    return {
        name: LabelUse(
            images=sum(value in of_map for of_map in counts),
            share=sum(of_map.get(value, 0) for of_map in counts) / max(pixels, 1),
        )
        for value, name in enumerate(system.names)
    }
