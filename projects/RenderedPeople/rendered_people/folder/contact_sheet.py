"""A picture of the benchmark: a row a person, a column an outfit and camera."""

import io

import numpy as np
from PIL import Image, ImageDraw

from rendered_people.folder.layouts import Shot

FILE_NAME = "contact_sheet.png"
_ROWS = 12
_MARGIN = 14
_PAPER = (250, 250, 250)


def write_contact_sheet(shelf, parameters, plan):
    """Writes contact_sheet.png: the first frame of up to 12 people, half of them training people.

    Args:
        shelf: Shelf of the finished benchmark.   parameters: BenchmarkParameters.   plan: see planned_files.
    """
    half = _ROWS // 2
    people = [*parameters.train_people[:half], *parameters.evaluated_people[:half]]
    views = [(outfit, camera) for outfit in range(parameters.outfits) for camera in range(parameters.cameras)]
    views = [view for view in views if Shot(people[0], *view, 0) in plan]
    height, width = parameters.height, parameters.width
    sheet = Image.new("RGB", (len(views) * width + _MARGIN, len(people) * height + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, (outfit, camera) in enumerate(views):
        draw.text(
            (_MARGIN + column * width + 2, 1), f"{outfit + 1} {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[camera % 26]}", fill=0
        )
        for row, person in enumerate(people):
            image_path, _ = plan[Shot(person, outfit, camera, 0)][-1]
            with Image.open(shelf.root / image_path) as image:
                sheet.paste(image.convert("RGB"), (_MARGIN + column * width, _MARGIN + row * height))
    for row, person in enumerate(people):
        label = Image.new("L", (40, 11), 0)
        ImageDraw.Draw(label).text((0, 0), str(person), fill=255)
        turned = np.asarray(label.rotate(90, expand=True))
        sheet.paste((0, 0, 0), (1, _MARGIN + row * height), Image.fromarray(turned))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    shelf.write(FILE_NAME, buffer.getvalue())
