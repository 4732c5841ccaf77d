"""The folder layouts: which file shows which image. PRCC's and LTCC's are here, the others in `further_layouts`.

PRCC's layout: prcc/rgb/{train,val}/<pid>/<camera>_cropped_rgb<n>.jpg, prcc/rgb/test/<camera>/<pid>/cropped_rgb<n>.jpg,
parsing maps in prcc/parsing/ with the same paths and .png. Cameras A and B see one outfit, C another. Its three letters
are the parts that cameras play in the protocol (gallery, same clothes, changed clothes), so that the three cameras of
every site are its A, B and C.
LTCC's layout: LTCC_ReID/{train,query,test}/<pid>_<outfit>_c<camera>_<frame>.png, parsing maps in LTCC_ReID/parsing/,
lists of people in LTCC_ReID/info/. Cameras are numbered on from site to site.
Test images of unseen sites lie beside those of seen ones, in folders whose names end in `_unseen_sites`: a test set of
its own in the same data set.
"""

from collections.abc import Iterator

from rendered_people.folder.further_layouts import FOLDERS, further_file, further_lists
from rendered_people.folder.parameters import VIDEO_LAYOUTS, BenchmarkParameters
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import Site, benchmark_sites

# Folders, below the benchmark's, that hold the parsing maps of a layout.
PARSING_TREES = {
    "prcc": "prcc/parsing",
    "ltcc": "LTCC_ReID/parsing",
    **{layout: f"{folder}/parsing" for layout, folder in FOLDERS.items()},
}
_WITH_LISTS = ("deepchange", "ccvid", "mevid")
_PRCC_CAMERAS = "ABC"
_PRCC_OUTFITS = (0, 0, 1)


def planned_files(parameters: BenchmarkParameters) -> dict[Shot, list[FilePair]]:
    """Every image of a benchmark and where it goes.

    Args:
        parameters: What the benchmark is made from.

    Returns:
        (image path, parsing path) pairs by shot, relative with "/"; shots that no layout shows are absent.
    """
    return {
        shot: pairs
        for index, site in enumerate(benchmark_sites(parameters))
        for person in (*site.train_people, *site.evaluated_people)
        for shot, pairs in person_files(index, site, person, parameters)
    }


def person_files(
    index: int, site: Site, person: int, parameters: BenchmarkParameters
) -> Iterator[tuple[Shot, list[FilePair]]]:
    """The images of one person and where they go, as `planned_files`.

    Args:
        index: Position of the site in `benchmark_sites`.
        site: The person's.
        person: Of the site.
        parameters: What the benchmark is made from.

    Yields:
        Shots, in the order in which they are rendered, each with its files.
    """
    has_video = bool(set(parameters.layouts) & set(VIDEO_LAYOUTS))
    for outfit in range(parameters.outfits):
        for camera in range(parameters.cameras):
            shots = [Shot(index, person, outfit, camera, frame) for frame in range(parameters.images_per_view)]
            if has_video:
                frames = range(parameters.tracklet_frames)
                shots += [Shot(index, person, outfit, camera, frame, walks=True) for frame in frames]
            for shot in shots:
                if pairs := _files(shot, site, parameters):
                    yield shot, pairs


def _files(shot: Shot, site: Site, parameters: BenchmarkParameters) -> list[FilePair]:
    layouts = [layout for layout in parameters.layouts if (layout in VIDEO_LAYOUTS) == shot.walks]
    files = [_file(layout, shot, site, parameters) for layout in layouts]
    return [pair for pair in files if pair is not None]


def _file(layout: str, shot: Shot, site: Site, parameters: BenchmarkParameters) -> FilePair | None:
    if layout in _FILES:
        return _FILES[layout](shot, site, parameters)
    relative = further_file(layout, shot, site, parameters)
    if relative is None:
        return None
    return f"{FOLDERS[layout]}/{relative}", f"{PARSING_TREES[layout]}/{relative.removesuffix('.jpg')}.png"


def information_files(parameters: BenchmarkParameters) -> dict[str, bytes]:
    """Lists that belong to the layouts: content by relative path; none where no layout has any."""
    files = _ltcc_lists(parameters) if "ltcc" in parameters.layouts else {}
    listed = [layout for layout in parameters.layouts if layout in _WITH_LISTS]
    if listed:
        sites, plan = benchmark_sites(parameters), planned_files(parameters)
        for layout in listed:
            folder = FOLDERS[layout]
            shown = {
                shot: image.removeprefix(f"{folder}/")
                for shot, pairs in plan.items()
                for image, _ in pairs
                if image.startswith(f"{folder}/")
            }
            lists = further_lists(layout, shown, sites, parameters)
            files.update({f"{folder}/{path}": content for path, content in lists.items()})
    return files


def _ltcc_lists(parameters: BenchmarkParameters) -> dict[str, bytes]:
    people: dict[str, list[int]] = {"train": [], "test": []}
    for site in benchmark_sites(parameters):
        people["train"] += map(site.person_number, site.train_people)
        people.setdefault("test" + _suffix(site), []).extend(map(site.person_number, site.evaluated_people))
    files = {}
    for split, numbers in people.items():
        files[f"LTCC_ReID/info/cloth-change_id_{split}.txt"] = "".join(f"{number}\n" for number in numbers).encode()
        files[f"LTCC_ReID/info/cloth-unchange_id_{split}.txt"] = b""
    return files


def _suffix(site: Site) -> str:
    return "" if site.seen else "_unseen_sites"


def _prcc_files(shot: Shot, site: Site, parameters: BenchmarkParameters) -> FilePair | None:
    if shot.outfit != _PRCC_OUTFITS[shot.camera]:
        return None
    person, camera = site.person_number(shot.person), _PRCC_CAMERAS[shot.camera]
    pid, name = f"{person + 1:03d}", f"cropped_rgb{shot.frame + 1:03d}"
    if shot.person in site.train_people:
        folder = "val" if _is_validation(shot, person, parameters.images_per_view) else "train"
        stem = f"{folder}/{pid}/{camera}_{name}"
    else:
        stem = f"test{_suffix(site)}/{camera}/{pid}/{name}"
    return f"prcc/rgb/{stem}.jpg", f"{PARSING_TREES['prcc']}/{stem}.png"


def _is_validation(shot: Shot, person: int, images_per_view: int) -> bool:
    """Whether an image of a training person goes to rgb/val: a tenth of each view, or one image of one camera."""
    held_out = images_per_view // 10
    if held_out:
        return shot.frame >= images_per_view - held_out
    return shot.camera == person % 3 and shot.frame == images_per_view - 1


def _ltcc_files(shot: Shot, site: Site, parameters: BenchmarkParameters) -> FilePair:
    folder = ("query" if shot.frame == 0 else "test") + _suffix(site)
    if shot.person in site.train_people:
        folder = "train"
    person, camera = site.person_number(shot.person), site.camera_number(shot.camera)
    name = f"{person:03d}_{shot.outfit + 1}_c{camera + 1}_{shot.frame + 1:06d}"
    return f"LTCC_ReID/{folder}/{name}.png", f"{PARSING_TREES['ltcc']}/{folder}/{name}.png"


_FILES = {"prcc": _prcc_files, "ltcc": _ltcc_files}
