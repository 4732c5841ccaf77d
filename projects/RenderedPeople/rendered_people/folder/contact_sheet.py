"""A picture of the benchmark: a row a person, a column an outfit and camera."""

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from rendered_people.folder.files import Shelf
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.shots import FilePair, Shot
from rendered_people.folder.sites import benchmark_sites

FILE_NAME = "contact_sheet.png"
_ROWS = 12
_MARGIN = 14
_PAPER = (250, 250, 250)


def write_contact_sheet(shelf: Shelf, parameters: BenchmarkParameters, plan: Mapping[Shot, list[FilePair]]) -> None:
    """Writes contact_sheet.png: the first frame of up to 12 people, half of them training people, from all sites.

    Args:
        shelf: The finished benchmark.
        parameters: What it is made from.
        plan: See planned_files.
    """
    sites = benchmark_sites(parameters)
    half = _ROWS // 2
    people = [
        *_first_people([site.train_people for site in sites], half),
        *_first_people([site.evaluated_people for site in sites], half),
    ]
    views = [(outfit, camera) for outfit in range(parameters.outfits) for camera in range(parameters.cameras)]
    views = [view for view in views if any(_first_image(plan, *person, *view) for person in people)]
    height, width = parameters.height, parameters.width
    sheet = Image.new("RGB", (len(views) * width + _MARGIN, len(people) * height + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, (outfit, camera) in enumerate(views):
        draw.text(
            (_MARGIN + column * width + 2, 1), f"{outfit + 1} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[camera % 26]}", fill=0
        )
        for row, (site, person) in enumerate(people):
            image_path = _first_image(plan, site, person, outfit, camera)
            if image_path is None:
                continue
            with Image.open(shelf.root / image_path) as image:
                sheet.paste(image.convert("RGB"), (_MARGIN + column * width, _MARGIN + row * height))
    for row, (site, person) in enumerate(people):
        label = Image.new("L", (40, 11), 0)
        ImageDraw.Draw(label).text((0, 0), str(sites[site].person_number(person)), fill=255)
        turned = np.asarray(label.rotate(90, expand=True))
        sheet.paste((0, 0, 0), (1, _MARGIN + row * height), Image.fromarray(turned))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    shelf.write(FILE_NAME, buffer.getvalue())


def _first_image(plan: Mapping[Shot, list[FilePair]], site: int, person: int, outfit: int, camera: int) -> str | None:
    """Path of the first image of a view, or of the first frame of its walk; None where no layout shows the view."""
    for walks in (False, True):
        if pairs := plan.get(Shot(site, person, outfit, camera, 0, walks)):
            return next((image for image, _ in pairs if image.endswith(".png")), pairs[-1][0])
    return None


def _first_people(people_of_sites: list[range], count: int) -> list[tuple[int, int]]:
    """(site, person) of the first people, one of each site in turn; sorted."""
    turns = [(turn, site) for site, people in enumerate(people_of_sites) for turn in range(len(people))]
    return sorted((site, people_of_sites[site][turn]) for turn, site in sorted(turns)[:count])
