"""A report as one HTML file: image, map and masked image of a sample and of everything suspicious."""

import base64
import contextlib
import io
import os
import random
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader
from PIL import Image

from ..command import printable
from ..errors import DatasetError
from ..files import shown, write_whole
from ..image_and_map import ImageAndMap
from ..images import read_rgb
from ..palette import label_colours
from ..parsing_maps import clothing_mask, read_label_png
from .problems import KINDS, Problem
from .report import Report
from .summary import by_kind, count_table, verdict

# Height of the pictures in pixels.
_HEIGHT = 160


class Figure(NamedTuple):
    """An image with its map and its masked form as data URIs; None where there is none.

    Attributes:
        path: below the data set's folder.
        detail: what was found, where the figure says it.
        image: the image.
        map: its map in colours.
        masked: the image without clothing.
    """

    path: str
    detail: str
    image: str | None
    map: str | None
    masked: str | None


def write_page(
    report: Report,
    path: str,
    *,
    accepted: Collection[str] = (),
    sample: int = 24,
    most: int = 50,
    seed: int = 0,
) -> None:
    """Writes the page. The few images on it are read a second time for it.

    Args:
        report: what was found.
        path: of the file to write.
        accepted: kinds that do not count in the verdict.
        sample: images drawn at random that nothing is wrong with.
        most: problems of each kind that are shown.
        seed: of the draw.
    """
    pairs = {pair.image: pair for pair in report.images}
    suspicious = {image for problem in report.problems for image in problem.images}
    sound = [pair for pair in report.images if pair.image not in suspicious]
    drawn = sorted(random.Random(seed).sample(sound, min(sample, len(sound))))

    def section_of(kind: str, problems: list[Problem]) -> dict[str, Any]:
        """Problems of one image are shown side by side, each with its detail; others in a block of their own."""
        first = problems[:most]
        single = [problem for problem in first if len(problem.images) == 1]
        return {
            "kind": kind,
            "title": KINDS[kind],
            "accepted": kind in accepted,
            "count": len(problems),
            "shown": len(first),
            "figures": [_figure(pairs[problem.images[0]], report, problem.detail) for problem in single],
            "blocks": [
                (problem.detail, [_figure(pairs[image], report) for image in problem.images])
                for problem in first
                if len(problem.images) != 1
            ],
        }

    heading, rows = count_table(report)
    colours = label_colours()
    environment = Environment(
        loader=PackageLoader(__package__, "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    page = environment.get_template("page.html.jinja").render(
        report=report,
        verdict=verdict(report, accepted),
        sound=all(problem.kind in accepted for problem in report.problems),
        counts={"heading": heading, "rows": rows},
        labels=[
            (name, "#" + bytes(colours[value]).hex(), value in report.clothing, use)
            for value, (name, use) in enumerate(report.labels.items())
        ],
        sections=[section_of(kind, problems) for kind, problems in by_kind(report.problems).items()],
        sample=[_figure(pair, report) for pair in drawn],
        sound_images=len(sound),
        height=_HEIGHT,
    )
    write_whole(path, page.encode("utf-8"))


def _harmless(value: object) -> object:
    """Control characters, and what is no text, as escapes; what is HTML already stays."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _figure(pair: ImageAndMap[str, str], report: Report, detail: str = "") -> Figure:
    image = labels = masked = None
    # What cannot be read is missing on the page; why, its problem says.
    with contextlib.suppress(DatasetError):
        image = read_rgb(pair.image)
    with contextlib.suppress(DatasetError):
        labels = read_label_png(pair.map)
    coloured = None if labels is None else Image.fromarray(label_colours()[labels])
    if image is not None and labels is not None and labels.shape == image.size[::-1]:
        pixels = np.array(image)
        pixels[clothing_mask(labels, report.clothing) == 1] = 0
        masked = Image.fromarray(pixels)
    return Figure(
        shown(os.path.relpath(pair.image, report.folder)),
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
