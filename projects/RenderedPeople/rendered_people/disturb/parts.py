"""What becomes of each file of a benchmark in a disturbed one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rendered_people.clothes.unseen import UnseenLooks
from rendered_people.disturb.kinds import Kind
from rendered_people.errors import RenderingError
from rendered_people.folder.label_system import label_system_files
from rendered_people.folder.layouts import information_files, planned_files
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import Site, benchmark_sites

SITES = ("all", "seen", "unseen")


@dataclass(frozen=True)
class Parts:
    """Files of a benchmark, by what becomes of them; paths are relative, with "/".

    Attributes:
        changed: Evaluation images that are made harder, and where they are seen.
        written: Paths of the images and maps that are written anew.
        links: Paths of the folders and files that are linked: all that stays as it is, and no more.
        small: Lists of people and records of label systems: content by path.
    """

    changed: dict[Shot, list[FilePair]]
    written: list[str]
    links: list[str]
    small: dict[str, bytes]


def parts_of(parameters: BenchmarkParameters, kind: Kind, sites: str, looks: UnseenLooks | None) -> Parts:
    """Sorts the files of a benchmark.

    Args:
        parameters: What the benchmark is made from, of the layouts that are wanted.
        kind: Of the disturbance.
        sites: Whose evaluation images are wanted, of "all", "seen" and "unseen" sites.
        looks: Who is rendered anew, where the kind is rendered.

    Raises:
        RenderingError: There are no such sites.
    """
    numbered = benchmark_sites(parameters)
    if not any(_is_wanted(site, sites) for site in numbered):
        raise RenderingError(f"sites is {sites!r}, and the benchmark has none; render it with --unseen-sites 1")
    changed: dict[Shot, list[FilePair]] = {}
    written: list[str] = []
    kept: list[str] = []
    left_out: list[str] = []
    for shot, pairs in planned_files(parameters).items():
        site = numbered[shot.site]
        images, maps = [image for image, _ in pairs], [parsing for _, parsing in pairs]
        if shot.person not in site.train_people and not _is_wanted(site, sites):
            left_out += images + maps
        elif shot.person in site.train_people or (looks and not looks.changes(site.seed, shot.person, shot.outfit)):
            kept += images + maps
        else:
            changed[shot] = pairs
            (written if kind.changes_image else kept).extend(images)
            (written if kind.changes_map else kept).extend(maps)
    small = {**information_files(parameters), **label_system_files(parameters)}
    return Parts(changed, written, _links(kept, [*written, *left_out, *small]), small)


def _is_wanted(site: Site, sites: str) -> bool:
    return sites == "all" or site.seen == (sites == "seen")


def _links(kept: Iterable[str], others: Sequence[str]) -> list[str]:
    """The topmost folders of the files kept that hold none of the others, and the files that are in no such folder."""
    mixed = {PurePosixPath(".")} | {parent for path in others for parent in PurePosixPath(path).parents}
    links = set()
    for path in kept:
        above = [parent for parent in PurePosixPath(path).parents if parent not in mixed]
        links.add(str(above[-1]) if above else path)
    return sorted(links)
