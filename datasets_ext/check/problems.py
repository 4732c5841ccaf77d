"""From what was found in the files to what is wrong with the data set."""

import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..bases import ClothesImageDataset, Counts
from ..files import shown
from ..image_and_map import ImageAndMap, sharing_a_map
from ..label_systems import LabelSystem
from ..plausibility import misreading
from ..tracklets import every_path, image_paths
from .image_report import ImageReport

KINDS = {
    "counts": "Sizes other than the published ones",
    "one-person": "Splits of one person",
    "spelling": "One person or outfit under two spellings of a number",
    "unreadable-image": "Images that are damaged, cut short or no image",
    "missing-map": "Images without a parsing map",
    "shared-map": "Parsing maps that belong to several images",
    "unreadable-map": "Parsing maps that are damaged or do not hold one label per pixel",
    "map-size": "Parsing maps of another size than their image",
    "label-system": "Parsing maps that cannot be of the label system",
    "labels": "Parsing maps with labels outside the label system",
    "no-clothing": "Parsing maps without any clothing",
    "only-clothing": "Parsing maps with nothing but clothing and background",
    "train-test-duplicate": "The same picture among training and test people",
    "people-duplicate": "The same picture under several people",
    "query-duplicate": "The same picture among queries and gallery",
    "unlisted-image": "Images that no list of the data set names",
    "folder-person": "Images in the folder of another person than their name says",
    "tracklet-id": "Tracklets that are of several people or cameras",
    "tracklet-length": "Tracklets of other lengths than the published ones",
    "name-and-list": "Lists that contradict the names of the files",
}
"""Kinds of problems, and what each says, in the order of the report."""

NOTES = {
    "release": "Which published release this is",
    "label-kind": "Clothes labels that nobody wrote down",
    "protocols": "Figures of several protocols are in circulation",
    "misleading-path": "A folder above the data set that other code takes for a file's name",
    "people-renumbered": "Numbers of people that stand for others in the test set",
    "no-cameras": "Cameras are not known",
    "no-real-cameras": "What stands in the place of cameras",
    "second-layout": "Files of another layout of this data set",
    "no-scales": "Scales that are not known",
}
"""Kinds of notes: nothing is wrong, but who compares figures should know."""

_PROTOCOLS = {
    "single_shot": "one random gallery image a person (the data set's own) or the whole gallery (most papers)",
    "cameras_3_4": "'CC' of the literature is the pair of cameras 3 and 4 here, cameras_3_4, and not clothing_change",
    "other_tracklet": "images of the query's own camera are matches here, those of its own tracklet are not",
}


class Problem(NamedTuple):
    """Something wrong.

    Attributes:
        kind: a key of KINDS.
        images: paths of the images it is about, if any.
        detail: what was found, as it may be printed.
    """

    kind: str
    images: tuple[str, ...]
    detail: str


def find_problems(
    dataset: ClothesImageDataset,
    pairs: Sequence[ImageAndMap[str, str]],
    image_reports: Sequence[ImageReport],
    system: LabelSystem,
    clothing: Sequence[int],
) -> list[Problem]:
    """All that is wrong, in the order of KINDS.

    Args:
        dataset: that was checked.
        pairs: every image once, with its map.
        image_reports: what was found in each image and its map.
        system: label system of the maps.
        clothing: labels that count as clothing.
    """
    problems = [
        *(Problem(kind, images, detail) for kind, detail, images in dataset.findings() if kind in KINDS),
        *_other_counts(dataset),
        *_one_person(dataset),
        *_spellings(dataset),
        *_shared_maps(pairs),
        *_misread(image_reports, system),
        *_duplicates(dataset, pairs, image_reports),
    ]
    for pair, report in zip(pairs, image_reports, strict=True):
        problems += _of_one(pair, report, system, set(clothing))
    order = list(KINDS)
    return sorted(problems, key=lambda problem: order.index(problem.kind))


def find_notes(dataset: ClothesImageDataset) -> list[Problem]:
    """What is no problem of a data set but a trap of whoever compares figures, in the order of NOTES.

    Args:
        dataset: that was checked; no image is read.
    """
    notes = [Problem(kind, images, detail) for kind, detail, images in dataset.findings() if kind in NOTES]
    release = dataset.release()
    if release is not None and release.name:
        of = "the counts are those" if release.fits else "no release has these counts; the nearest ones are those"
        notes.append(Problem("release", (), f"{of} of the {release.name} release"))
    labels = dataset.clothes_labels
    if {labels.train, labels.test} != {"labelled"}:
        notes.append(Problem("label-kind", (), f"{labels}; evaluated in: {', '.join(dataset.modes)}"))
    names = [*dataset.modes, *(["single_shot"] if dataset.single_shot_gallery else [])]
    notes += [Problem("protocols", (), detail) for name, detail in _PROTOCOLS.items() if name in names]
    if not dataset.has_cameras:
        notes.append(Problem("no-cameras", (), "each test image has one of its own: none is taken out of a ranking"))
    above = os.path.abspath(os.path.dirname(dataset.dataset_dir))
    for pattern, consequence in dataset.misread_paths.items():
        if found := re.search(pattern, above):
            detail = f"{shown(found[0])!r} in {shown(above)}; searched in whole paths, {consequence}. Not here"
            notes.append(Problem("misleading-path", (), detail))
    order = list(NOTES)
    return sorted(notes, key=lambda note: order.index(note.kind))


def _other_counts(dataset: ClothesImageDataset) -> Iterator[Problem]:
    for split, (found, published) in dataset.counts().items():
        for what, value in zip(Counts._fields, published or Counts(), strict=True):
            number = getattr(found, what) or 0
            if value is not None and value != number:
                yield Problem("counts", (), f"{split}: {number:,} {what}, published {value:,}")


def _one_person(dataset: ClothesImageDataset) -> Iterator[Problem]:
    for what, items in (("to train on", dataset.train), ("to be found", dataset.query + dataset.gallery)):
        if len({pid for _, pid, *_ in items}) == 1:
            yield Problem("one-person", (), f"there is one person only {what}: nothing can be confused")


def _misread(image_reports: Sequence[ImageReport], system: LabelSystem) -> Iterator[Problem]:
    found = misreading([report.statistics for report in image_reports if report.statistics is not None], system)
    if found is not None:
        yield Problem("label-system", (), f"the maps {found.sentence()}")


def _spellings(dataset: ClothesImageDataset) -> Iterator[Problem]:
    """Numbers equal but for zeros before them: two people in the training set, two that are merged in the test set."""
    for split, items in dataset.splits.items():
        people: dict[str, dict[str, str]] = {}
        outfits: dict[str, dict[str, str]] = {}
        for data, pid, _, clothes_id in items:
            path = next(iter(image_paths(data)))
            if isinstance(pid, str):
                people.setdefault(_without_zeros(pid), {}).setdefault(pid, path)
                outfits.setdefault(_without_zeros(clothes_id), {}).setdefault(clothes_id, path)
                continue
            if not dataset.name_begins_with_person or not isinstance(data, str):
                continue
            # Test people are integers already; the first number below the images' folder is the person.
            written = re.search(r"\d+", path[len(dataset.dataset_dir) + len(dataset.image_dir) :])
            if written and int(written[0]) == pid:
                people.setdefault(str(pid), {}).setdefault(written[0], path)
        # Two spellings of a person are two of each outfit as well; the person says it all.
        found = [entry for entry in people.values() if len(entry) > 1]
        found = found or [entry for entry in outfits.values() if len(entry) > 1]
        for entry in found:
            yield Problem("spelling", tuple(entry.values()), f"{split}: {' and '.join(entry)}")


def _without_zeros(text: str) -> str:
    return re.sub(r"\d+", lambda number: str(int(number[0])), text)


def _shared_maps(pairs: Sequence[ImageAndMap[str, str]]) -> Iterator[Problem]:
    for path, images in sharing_a_map(pairs).items():
        yield Problem("shared-map", tuple(images), f"all have the map {shown(path)}")


def _duplicates(
    dataset: ClothesImageDataset, pairs: Sequence[ImageAndMap[str, str]], image_reports: Sequence[ImageReport]
) -> Iterator[Problem]:
    """Pictures that are equal pixel by pixel; of one person within training, query or gallery they are no harm."""
    place = {
        path: (split, item[1])
        for split, items in dataset.splits.items()
        for item in items
        for path in image_paths(item[0])
    }
    gallery = set(every_path(dataset.gallery))
    same: dict[bytes, list[str]] = {}
    for pair, report in zip(pairs, image_reports, strict=True):
        if report.pixels is not None:
            same.setdefault(report.pixels, []).append(pair.image)
    for paths in same.values():
        if len(paths) == 1:
            continue
        in_training = {place[path][0] in dataset.train_splits for path in paths}
        people = {str(place[path][1]) for path in paths}
        if len(in_training) == 2:
            kind = "train-test-duplicate"
        elif len(people) > 1:
            kind = "people-duplicate"
        elif in_training == {False} and len({path in gallery for path in paths}) == 2:
            kind = "query-duplicate"
        else:
            continue
        yield Problem(kind, tuple(paths), f"{len(paths)} files show the same picture")


def _of_one(
    pair: ImageAndMap[str, str], report: ImageReport, system: LabelSystem, clothing: set[int]
) -> Iterator[Problem]:
    image = (pair.image,)
    if report.image_error is not None:
        yield Problem("unreadable-image", image, report.image_error)
    if not report.has_map:
        yield Problem("missing-map", image, f"expected {shown(pair.map)}")
    if report.map_error is not None:
        yield Problem("unreadable-map", image, report.map_error)
    if report.map_size is None:
        return
    if report.size is not None and report.size != report.map_size:
        found, expected = (f"{width} x {height}" for width, height in (report.map_size, report.size))
        yield Problem("map-size", image, f"map {found}, image {expected} (width x height)")
    labels = set(report.label_counts())
    outside = sorted(label for label in labels if label >= len(system))
    if outside:
        detail = f"labels {', '.join(map(str, outside))}; {system.name} has 0 to {len(system) - 1}"
        yield Problem("labels", image, detail)
    worn = labels & clothing
    if not worn:
        names = [system.names[label] for label in sorted(labels) if label < len(system)]
        yield Problem("no-clothing", image, f"the map holds {', '.join(names) or 'no known label'}")
    # Label 0 is the background in every system.
    elif not labels - clothing - {0}:
        names = [system.names[label] for label in sorted(worn)]
        yield Problem("only-clothing", image, f"beside background the map holds {', '.join(names)}")
