"""The layouts of the field beyond PRCC's and LTCC's: which file shows which image, and the lists beside the files.

Every set lies in a folder of its own with the maps in `parsing` below it, under the images' relative paths. The first
image of a view is a query and the others are gallery, as in LTCC's layout, where nothing else is said:

VC-Clothes/{train,query,gallery}/<pid>-<camera>-<outfit>-<number>.jpg: cameras count from 2 where there are three, so
that both pairs of cameras of the literature (2 and 3, 3 and 4) are among them; else from 1.
Real28/{query,gallery}/: the same names, evaluated people alone.
last/train/<pid>/, last/test/query/, last/test/gallery/<pid>/: <pid>_<camera>_<number>_0000_01_<outfit>.jpg, the outfit
000 in the test set, where the published set has none.
DeepChangeDataset/{train-set,test-set-query,test-set-gallery}/P<pid>_C<camera>_<date>_<number>.jpg, and in
<the same>-bbox.txt the tracklet of each: a date an outfit, a tracklet a view.
Celeb-reID/{train,query,gallery}/<pid>_<number>_0.jpg: people numbered anew in the test part.
Celeb-reID-light: the same with one image an outfit; the first outfit is the query.
CCVID/session{1,2,3}/<pid>_<walk>/<frame>.jpg and {train,query,gallery}.txt; mevid/bbox_{train,test}/<pid>/
<pid>O<outfit>C<camera>T000F<frame>.jpg and its lists: walks, one a view. Those before a site's first camera are
queries.
Validation parts and unseen sites are not written in these layouts.
"""

import datetime
import posixpath
from collections.abc import Iterable, Mapping

from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shots import Shot
from rendered_people.folder.sites import Site

FOLDERS = {
    "vcclothes": "VC-Clothes",
    "real28": "Real28",
    "last": "last",
    "deepchange": "DeepChangeDataset",
    "celebreid": "Celeb-reID",
    "celebreidlight": "Celeb-reID-light",
    "ccvid": "CCVID",
    "mevid": "mevid",
}
_FIRST_DATE = datetime.date(2019, 6, 1)
_DAYS_AN_OUTFIT = 30
_SESSIONS = 3
# Cameras of MEVID's test set, by turns in and out of doors.
_MEVID_CAMERAS = (330, 436, 329, 505, 507, 336, 508, 340, 509, 639, 301)


def further_file(layout: str, shot: Shot, site: Site, parameters: BenchmarkParameters) -> str | None:
    """Where a layout has an image.

    Args:
        layout: A key of FOLDERS.
        shot: The image.
        site: Its site.
        parameters: What the benchmark is made from.

    Returns:
        Path below the layout's folder, with "/"; None where the layout does not show it.
    """
    if not site.seen:
        return None
    if layout == "ccvid":
        folder = _ccvid_walk(shot, site, parameters)
        return f"{folder}/{shot.frame + 1:05d}.jpg"
    if layout == "mevid":
        split = "train" if shot.person in site.train_people else "test"
        name = _mevid_name(shot, site)
        return f"bbox_{split}/{name[:4]}/{name}"
    trains = shot.person in site.train_people
    part = "train" if trains else "query" if shot.frame == 0 else "gallery"
    person, camera = site.person_number(shot.person) + 1, site.camera_number(shot.camera) + 1
    number = (shot.outfit * parameters.cameras + shot.camera) * parameters.images_per_view + shot.frame + 1
    if layout in ("vcclothes", "real28"):
        if layout == "real28" and trains:
            return None
        camera += _camera_count(parameters) == 3
        return f"{part}/{person:04d}-{camera:02d}-{shot.outfit + 1:02d}-{shot.frame + 1:02d}.jpg"
    if layout == "last":
        outfit = shot.outfit + 1 if trains else 0
        name = f"{person:06d}_{camera:03d}_{number:05d}_0000_01_{outfit:03d}.jpg"
        return {"train": f"train/{person:06d}/", "query": "test/query/", "gallery": f"test/gallery/{person:06d}/"}[
            part
        ] + name
    if layout == "deepchange":
        folder = "train-set" if trains else f"test-set-{part}"
        return f"{folder}/P{person}_C{camera}_{_date(shot.outfit)}_{number:06d}.jpg"
    if not trains:
        person = site.evaluated_people.index(shot.person) + 1
        person += site.first_camera // parameters.cameras * parameters.evaluated_count
    if layout == "celebreidlight":
        if shot.frame or shot.camera != (shot.person + shot.outfit) % parameters.cameras:
            return None
        part, number = part if trains else "gallery" if shot.outfit else "query", shot.outfit + 1
    return f"{part}/{person}_{number}_0.jpg"


def further_lists(
    layout: str, files: Mapping[Shot, str], sites: list[Site], parameters: BenchmarkParameters
) -> dict[str, bytes]:
    """The lists of a layout: content by path below its folder.

    Args:
        layout: A key of FOLDERS.
        files: Paths below the layout's folder by the images they show.
        sites: See `benchmark_sites`.
        parameters: What the benchmark is made from.
    """
    if layout == "deepchange":
        return _deepchange_lists(files, sites)
    if layout == "ccvid":
        return _ccvid_lists(files, sites, parameters)
    if layout == "mevid":
        return _mevid_lists(files, sites)
    return {}


def _camera_count(parameters: BenchmarkParameters) -> int:
    return parameters.cameras * parameters.sites


def _date(outfit: int) -> str:
    return f"{_FIRST_DATE + datetime.timedelta(days=_DAYS_AN_OUTFIT * outfit):%Y%m%d}"


def _ccvid_walk(shot: Shot, site: Site, parameters: BenchmarkParameters) -> str:
    """A walk has its number from the camera, so that equal ones in sessions 1 and 2 are one camera."""
    again, session = divmod(shot.outfit, _SESSIONS)
    walk = again * _camera_count(parameters) + site.camera_number(shot.camera) + 1
    return f"session{session + 1}/{site.person_number(shot.person) + 1:03d}_{walk:02d}"


def _mevid_name(shot: Shot, site: Site) -> str:
    person = site.person_number(shot.person) + 1
    return f"{person:04d}O{shot.outfit + 1:03d}C{_mevid_camera(shot, site)}T000F{shot.frame:05d}.jpg"


def _mevid_camera(shot: Shot, site: Site) -> int:
    number = site.camera_number(shot.camera)
    return _MEVID_CAMERAS[number] if number < len(_MEVID_CAMERAS) else 1000 + number


def _deepchange_lists(files: Mapping[Shot, str], sites: list[Site]) -> dict[str, bytes]:
    lines: dict[str, list[str]] = {}
    for shot, path in sorted(files.items()):
        folder, name = posixpath.split(path)
        person, camera = sites[shot.site].person_number(shot.person) + 1, sites[shot.site].camera_number(shot.camera)
        lines.setdefault(f"{folder}-bbox.txt", []).append(f"{name},P{person}D{shot.outfit + 1}C{camera + 1}")
    return _texts(lines)


def _ccvid_lists(files: Mapping[Shot, str], sites: list[Site], parameters: BenchmarkParameters) -> dict[str, bytes]:
    lines: dict[str, list[str]] = {}
    for shot in _first_frames(files):
        site = sites[shot.site]
        split = "train" if shot.person in site.train_people else "query" if shot.camera == 0 else "gallery"
        walk, person = _ccvid_walk(shot, site, parameters), site.person_number(shot.person) + 1
        lines.setdefault(f"{split}.txt", []).append(f"{walk}\t{person:03d}\tu{shot.outfit + 1}")
    return _texts(lines)


def _mevid_lists(files: Mapping[Shot, str], sites: list[Site]) -> dict[str, bytes]:
    lines: dict[str, list[str]] = {}
    names: dict[str, list[str]] = {"train": [], "test": []}
    rows: dict[str, list[str]] = {"train": [], "test": []}
    queries: list[str] = []
    frames: dict[Shot, list[str]] = {}
    for shot, path in sorted(files.items()):
        first = Shot(shot.site, shot.person, shot.outfit, shot.camera, 0, walks=True)
        frames.setdefault(first, []).append(posixpath.basename(path))
    for shot, of_one in frames.items():
        site = sites[shot.site]
        split = "train" if shot.person in site.train_people else "test"
        start = len(names[split])
        names[split] += of_one
        values = (
            start,
            len(names[split]) - 1,
            site.person_number(shot.person) + 1,
            shot.outfit + 1,
            _mevid_camera(shot, site),
        )
        if split == "test" and shot.camera == 0:
            queries.append(_exact(len(rows["test"])))
        rows[split].append(" ".join(map(_exact, values)))
    for split in names:
        lines[f"{split}_name.txt"], lines[f"track_{split}_info.txt"] = names[split], rows[split]
    return _texts({**lines, "query_IDX.txt": queries})


def _exact(number: int) -> str:
    """A whole number as the published lists write it."""
    return f"{number:.18e}"


def _first_frames(files: Iterable[Shot]) -> list[Shot]:
    return sorted(shot for shot in files if shot.frame == 0)


def _texts(lines: Mapping[str, list[str]]) -> dict[str, bytes]:
    return {name: "".join(f"{line}\n" for line in of_one).encode() for name, of_one in lines.items()}
