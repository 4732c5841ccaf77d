"""The two published folder layouts: which file shows which image.

PRCC's layout: prcc/rgb/{train,val}/<pid>/<camera>_cropped_rgb<n>.jpg, prcc/rgb/test/<camera>/<pid>/cropped_rgb<n>.jpg,
parsing maps in prcc/parsing/ with the same paths and .png. Cameras A and B see one outfit, C another.
LTCC's layout: LTCC_ReID/{train,query,test}/<pid>_<outfit>_c<camera>_<frame>.png, parsing maps in LTCC_ReID/parsing/,
lists of people in LTCC_ReID/info/.
"""

from dataclasses import dataclass

_PRCC_CAMERAS = "ABC"
_PRCC_OUTFITS = (0, 0, 1)


@dataclass(frozen=True, order=True)
class Shot:
    """One image to be rendered: person, outfit, camera and frame, all from 0."""

    person: int
    outfit: int
    camera: int
    frame: int


def planned_files(parameters):
    """Every image of a benchmark and where it goes.

    Args:
        parameters: BenchmarkParameters.
    Returns: dict Shot -> list of (image path, parsing path), relative with "/"; shots that no layout shows are absent.
    """
    plan = {}
    for training, people in ((True, parameters.train_people), (False, parameters.evaluated_people)):
        for person in people:
            for outfit in range(parameters.outfits):
                for camera in range(parameters.cameras):
                    for frame in range(parameters.images_per_view):
                        shot = Shot(person, outfit, camera, frame)
                        files = [
                            _FILES[layout](shot, training, parameters.images_per_view) for layout in parameters.layouts
                        ]
                        files = [pair for pair in files if pair is not None]
                        if files:
                            plan[shot] = files
    return plan


def information_files(parameters):
    """Text files of LTCC's layout: dict of relative path -> content; empty where that layout is not written."""
    if "ltcc" not in parameters.layouts:
        return {}
    files = {}
    for split, people in (("train", parameters.train_people), ("test", parameters.evaluated_people)):
        files[f"LTCC_ReID/info/cloth-change_id_{split}.txt"] = "".join(f"{person}\n" for person in people)
        files[f"LTCC_ReID/info/cloth-unchange_id_{split}.txt"] = ""
    return files


def _prcc_files(shot, training, images_per_view):
    if shot.outfit != _PRCC_OUTFITS[shot.camera]:
        return None
    pid, camera = f"{shot.person + 1:03d}", _PRCC_CAMERAS[shot.camera]
    name = f"cropped_rgb{shot.frame + 1:03d}"
    if training:
        folder = "val" if _is_validation(shot, images_per_view) else "train"
        stem = f"{folder}/{pid}/{camera}_{name}"
    else:
        stem = f"test/{camera}/{pid}/{name}"
    return f"prcc/rgb/{stem}.jpg", f"prcc/parsing/{stem}.png"


def _is_validation(shot, images_per_view):
    """Whether an image of a training person goes to rgb/val: a tenth of each view, or one image of one camera."""
    held_out = images_per_view // 10
    if held_out:
        return shot.frame >= images_per_view - held_out
    return shot.camera == shot.person % 3 and shot.frame == images_per_view - 1


def _ltcc_files(shot, training, images_per_view):
    folder = "train" if training else "query" if shot.frame == 0 else "test"
    name = f"{shot.person:03d}_{shot.outfit + 1}_c{shot.camera + 1}_{shot.frame + 1:06d}"
    return f"LTCC_ReID/{folder}/{name}.png", f"LTCC_ReID/parsing/{folder}/{name}.png"


_FILES = {"prcc": _prcc_files, "ltcc": _ltcc_files}
