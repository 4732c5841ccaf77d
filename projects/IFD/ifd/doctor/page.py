"""An examination as one HTML file: image, map and masked image of a sample and of everything suspicious."""

import base64
import contextlib
import io
import os
import random
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader
from PIL import Image

from datasets_ext import DatasetError, clothing_mask, read_label_png, read_rgb

from ..parsing import Photo, label_colours
from .examination import Examination
from .problems import KINDS, Problem
from .report import by_kind, count_table, verdict

# Height of the pictures in pixels.
_HEIGHT = 160


class Figure(NamedTuple):
    """An image with its map and its masked form as data URIs; None where there is none.

    path: below the data set's folder.   detail: what was found, where the figure says it.
    """

    path: str
    detail: str
    image: str | None
    map: str | None
    masked: str | None


def write_page(
    examination: Examination,
    path: str,
    *,
    accepted: Collection[str] = (),
    sample: int = 24,
    most: int = 50,
    seed: int = 0,
) -> None:
    """Writes the page. The few images on it are read a second time for it.

    Args:
        examination: what was found.   path: of the file to write.   accepted: kinds that do not count in the verdict.
        sample: images drawn at random that nothing is wrong with.   most: problems of each kind that are shown.
        seed: of the draw.
    """
    photos = {photo.image_path: photo for photo in examination.photos}
    suspicious = {image for problem in examination.problems for image in problem.images}
    sound = [photo for photo in examination.photos if photo.image_path not in suspicious]
    drawn = sorted(random.Random(seed).sample(sound, min(sample, len(sound))))

    def section_of(kind: str, problems: list[Problem]) -> dict:
        """Problems of one image are shown side by side, each with its detail; others in a block of their own."""
        shown = problems[:most]
        single = [problem for problem in shown if len(problem.images) == 1]
        return {
            "kind": kind,
            "title": KINDS[kind],
            "accepted": kind in accepted,
            "count": len(problems),
            "shown": len(shown),
            "figures": [_figure(photos[problem.images[0]], examination, problem.detail) for problem in single],
            "blocks": [
                (problem.detail, [_figure(photos[image], examination) for image in problem.images])
                for problem in shown
                if len(problem.images) != 1
            ],
        }

    heading, rows = count_table(examination)
    colours = label_colours()
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template("page.html.jinja").render(
        examination=examination,
        verdict=verdict(examination, accepted),
        sound=all(problem.kind in accepted for problem in examination.problems),
        counts={"heading": heading, "rows": rows},
        labels=[
            (name, "#" + bytes(colours[value]).hex(), value in examination.clothing, use)
            for value, (name, use) in enumerate(examination.labels.items())
        ],
        sections=[section_of(kind, problems) for kind, problems in by_kind(examination.problems).items()],
        sample=[_figure(photo, examination) for photo in drawn],
        sound_images=len(sound),
        height=_HEIGHT,
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)


def _figure(photo: Photo, examination: Examination, detail: str = "") -> Figure:
    image = labels = masked = None
    # What cannot be read is missing on the page; why, its problem says.
    with contextlib.suppress(DatasetError):
        image = read_rgb(photo.image_path)
    with contextlib.suppress(DatasetError, OSError):
        labels = read_label_png(photo.map_path)
    coloured = None if labels is None else Image.fromarray(label_colours()[labels])
    if image is not None and labels is not None and labels.shape == image.size[::-1]:
        pixels = np.array(image)
        pixels[clothing_mask(labels, examination.clothing) == 1] = 0
        masked = Image.fromarray(pixels)
    return Figure(
        os.path.relpath(photo.image_path, examination.folder),
        detail,
        _data_uri(image, "JPEG", Image.Resampling.LANCZOS),
        _data_uri(coloured, "PNG", Image.Resampling.NEAREST),
        _data_uri(masked, "JPEG", Image.Resampling.LANCZOS),
    )


def _data_uri(image: Image.Image | None, form: str, resample: Image.Resampling) -> str | None:
    if image is None:
        return None
    width = max(1, round(image.width * _HEIGHT / image.height))
    data = io.BytesIO()
    # A picture that is very wide would push the others off the page.
    image.resize((min(width, 3 * _HEIGHT), _HEIGHT), resample).save(data, form)
    return f"data:image/{form.lower()};base64,{base64.b64encode(data.getvalue()).decode()}"
