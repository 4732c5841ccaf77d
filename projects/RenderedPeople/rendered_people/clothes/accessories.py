"""Hats and bags: what is worn but not cut from a garment surface."""

import numpy as np

from rendered_people.clothes.cuts import NOWHERE, BodyMap
from rendered_people.clothes.wardrobe import Garment
from rendered_people.labels import LABEL_ID
from rendered_people.person.body import BodyModel, RestBody
from rendered_people.person.head import HeadFrame
from rendered_people.render.figure import Part
from rendered_people.render.mesh import triangles
from rendered_people.render.primitives import ellipsoid, grid_faces

_HEAD_CENTRE = np.array([[0.0, -0.035, 0.76]])


def hat_parts(
    body: BodyModel, rest_body: RestBody, head: HeadFrame, garment: Garment, hair_thickness: float
) -> list[Part]:
    """Parts of a cap, beanie or brimmed hat, or of one of the unseen ones: bucket, sun hat and helmet.

    Args:
        body: The body model.
        rest_body: The wearer at rest.
        head: The wearer's head.
        garment: What is drawn.
        hair_thickness: Metres of hair that the hat must clear.

    Returns:
        The parts.
    """
    beanie = garment.style == "beanie"
    skin = triangles(body.groups["body"])
    on_top = body.reference[:, 2] > 0.74
    faces = skin[on_top[skin].all(axis=1)]
    rim = 0.772 if beanie else 0.79
    rise = np.clip((body.reference[:, 2] - rim) / 0.06, 0, 1)
    rounded = {"beanie": 0.015, "helmet": 0.045}.get(garment.style, 0.008)
    lift = garment.looseness + min(hair_thickness, 0.02) + rounded * rise
    outward = rest_body.vertices - head.place(_HEAD_CENTRE)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True) + 1e-9
    crown = Part(
        vertices=rest_body.vertices + lift[:, None] * outward,
        bone_indices=body.bone_indices,
        bone_weights=body.bone_weights,
        faces=faces,
        labels=np.full(len(faces), LABEL_ID["Hat"], dtype=np.uint8),
        # Hats sit lower at the back.
        keep=body.reference[:, 2] - rim + 0.12 * body.reference[:, 1],
        reference=body.reference,
        cloth=body.reference[:, [0, 2]],
        material=garment.cloth,
    )
    return [crown] if garment.style in ("beanie", "helmet") else [crown, _brim(head, garment, rim)]


def _brim(head: HeadFrame, garment: Garment, rim: float) -> Part:
    """The peak of a cap, or the brim around a hat."""
    columns = 36
    around = {"brimmed": (0.0, 0.035, 0.07), "bucket": (0.0, 0.03, 0.055), "sun": (0.0, 0.1, 0.19)}.get(garment.style)
    if around is not None:
        angle = np.radians(np.linspace(-180, 180, columns))
        width = np.array(around)[:, None] * np.ones(columns)
    else:
        angle = np.radians(np.linspace(-62, 62, columns))
        width = np.array([0.0, 0.05, 0.085])[:, None] * np.sqrt(np.clip(np.cos(angle * 1.45), 0, 1))
    x = np.sin(angle) * (0.088 + width)
    y = -0.035 - np.cos(angle) * (0.112 + width)
    # A bucket hat's brim hangs.
    z = rim + 0.012 - 0.12 * y - (0.9 if garment.style == "bucket" else 0.12) * width
    reference = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return head.part(reference, grid_faces(3, columns), LABEL_ID["Hat"], garment.cloth)


def strap_field(places: BodyMap, garment: Garment) -> np.ndarray:
    """(V,) float64 cut field of a bag's straps."""
    x, _, z = places.reference.T
    if garment.style == "backpack":
        field, lowest = 0.022 - np.abs(np.abs(x) - 0.105), 0.2
    else:
        field, lowest = 0.02 - np.abs(x * 0.9 + (z - 0.28) * 0.45), -0.02
    return np.where(places.on_arm | places.on_head | (z < lowest), NOWHERE, field)


def bag_body(body: BodyModel, shift: np.ndarray, garment: Garment) -> Part:
    """The bag itself, a rounded box on the back or at the hip.

    Args:
        body: The body model.
        shift: (3,) metres from the reference body to the wearer at rest.
        garment: What is drawn.

    Returns:
        The part.
    """
    if garment.style == "backpack":
        centre, radii, bone = (0.0, 0.165, 0.34), (0.15, 0.095, 0.22), "spine02"
    else:
        centre, radii, bone = (0.21, 0.02, -0.06), (0.06, 0.14, 0.12), "spine05"
    unit, faces = ellipsoid((0, 0, 0), (1, 1, 1), 13, 20)
    reference = np.sign(unit) * np.abs(unit) ** 0.5 * radii + centre
    return Part(
        vertices=reference + shift,
        bone_indices=np.full((len(reference), 1), body.bone_names.index(bone)),
        bone_weights=np.ones((len(reference), 1)),
        faces=faces,
        # LIP knows no bags: to it they are background.
        labels=np.full(len(faces), LABEL_ID["Background"], dtype=np.uint8),
        keep=np.zeros(len(reference)),
        reference=reference,
        cloth=reference[:, [0, 2]],
        material=garment.cloth,
    )
