"""Skin, eyes and glasses: the surfaces a person always wears.

Places are given on the reference body: x left, y back, z up, metres; the face looks along -y.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rendered_people.labels import LABEL_ID
from rendered_people.noise import value_noise
from rendered_people.person.body import BodyModel, RestBody
from rendered_people.person.head import HeadFrame
from rendered_people.person.people import Face, Person
from rendered_people.render.figure import Part
from rendered_people.render.mesh import triangles
from rendered_people.render.primitives import grid_faces

_EYE_X, _EYE_Z = 0.0314, 0.7423
_LIMB_LABELS = {
    "head": LABEL_ID["Face"],
    # LIP has no label for bare skin of the trunk; what a neckline shows goes with the face above it.
    "torso": LABEL_ID["Face"],
    "left-arm": LABEL_ID["Left-arm"],
    "right-arm": LABEL_ID["Right-arm"],
    "left-leg": LABEL_ID["Left-leg"],
    "right-leg": LABEL_ID["Right-leg"],
}


@dataclass(frozen=True)
class SkinMaterial:
    """Skin with lips, brows, beard and freckles painted where they belong.

    Attributes:
        person: Whose skin it is.
        gloss: How much it shines, in [0, 1].
        folds: None.
    """

    person: Person
    gloss: float = 0.18
    folds: float = 0.0

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """(m, 3) float64 linear RGB; see Material."""
        face, hair = self.person.face, self.person.hair.natural_colour
        colour = np.tile(self.person.skin, (len(reference), 1))
        colour *= (0.96 + 0.08 * value_noise(reference * 60, 7))[:, None]
        front = reference[:, 1] < -0.03
        head = np.flatnonzero(front & (reference[:, 2] > 0.59))
        if not len(head):
            return colour
        x, z = np.abs(reference[head, 0]), reference[head, 2]
        skin = colour[head]
        if face.freckles:
            spots = value_noise(reference[head] * 400, 11) > 0.72
            cheek = _bump((x - 0.025) / 0.04) * _bump((z - 0.705) / 0.035)
            skin = _mix(skin, skin * [0.62, 0.45, 0.35], face.freckles * cheek * spots)
        blush = _bump((x - 0.04) / 0.022) * _bump((z - 0.70) / 0.022)
        skin = _mix(skin, skin * [1.0, 0.62, 0.6], 0.7 * face.blush * blush)
        lips = _disc(x / 0.027, (z - 0.666) / 0.0105)
        skin = _mix(skin, skin * [0.95, 0.42, 0.42], (0.25 + 0.75 * face.lip_redness) * lips)
        beard = beard_field(x, z, reference[head, 1], face.beard_kind)
        skin = _mix(skin, hair * 0.9, beard)
        lid = _disc((x - _EYE_X) / 0.021, (z - _EYE_Z) / 0.0125)
        skin = _mix(skin, skin * 0.35, 0.8 * lid)
        arc = 0.7605 + 0.004 * face.brow_height - 3.2 * (x - 0.034) ** 2 + 0.05 * (face.brow_height - 1) * x
        brow = _disc((x - 0.033) / 0.022, (z - arc) / (0.0048 * face.brow_thickness))
        skin = _mix(skin, np.minimum(hair * 0.7, self.person.skin * 0.55), face.brow_darkness * brow)
        colour[head] = skin
        return colour


@dataclass(frozen=True)
class EyeMaterial:
    """White, iris and pupil.

    Attributes:
        colour: (3,) linear RGB of the iris.
        gloss: How much it shines, in [0, 1].
        folds: None.
    """

    colour: np.ndarray
    gloss: float = 0.5
    folds: float = 0.0

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """(m, 3) float64 linear RGB; see Material."""
        radius = np.hypot(np.abs(reference[:, 0]) - _EYE_X, reference[:, 2] - _EYE_Z)
        result = np.full((len(reference), 3), 0.72)
        result[radius < 0.0078] = self.colour
        result[radius < 0.0036] = 0.01
        return result


@dataclass(frozen=True)
class PlainMaterial:
    """One colour.

    Attributes:
        colour: (3,) linear RGB.
        gloss: How much it shines, in [0, 1].
        folds: None.
    """

    colour: np.ndarray
    gloss: float = 0.3
    folds: float = 0.0

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """(m, 3) float64 linear RGB; see Material."""
        return np.tile(self.colour, (len(reference), 1))


def skin_parts(body: BodyModel, rest_body: RestBody, person: Person, hidden: np.ndarray) -> list[Part]:
    """Body and eyes.

    Args:
        body: The body model.
        rest_body: The person at rest.
        person: Who it is.
        hidden: (V,) float64, > 0 where garments hide the skin, in metres from their edge.

    Returns:
        The parts.
    """
    limbs = np.stack([body.limb_weights[name] for name in _LIMB_LABELS], axis=1)
    label_of_vertex = np.array(list(_LIMB_LABELS.values()), dtype=np.uint8)[limbs.argmax(axis=1)]
    eyes = np.concatenate([body.groups["helper-l-eye"], body.groups["helper-r-eye"]])
    surfaces = (
        (triangles(body.groups["body"]), -hidden, SkinMaterial(person)),
        (triangles(eyes), np.zeros(len(hidden)), EyeMaterial(person.face.eye_colour)),
    )
    return [
        Part(
            vertices=rest_body.vertices,
            bone_indices=body.bone_indices,
            bone_weights=body.bone_weights,
            faces=faces,
            labels=label_of_vertex[faces[:, 0]],
            keep=keep,
            reference=body.reference,
            cloth=body.reference[:, [0, 2]],
            material=material,
        )
        for faces, keep, material in surfaces
    ]


def glasses_part(head: HeadFrame, face: Face) -> Part:
    """Frame of a person's glasses; the face has some."""
    turns = np.linspace(0, 2 * np.pi, 21)
    rim = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    if face.glasses == "square":
        rim = np.sign(rim) * np.abs(rim) ** 0.45
    strips = [_bar([-0.008, -0.146], [0.008, -0.146])]
    for side in (-1, 1):
        rings = [rim * [size, size * 0.82] + [side * 0.0325, 0.738] for size in (0.0195, 0.0255)]
        # The frame follows the face back towards the temples.
        strips.append(np.stack([[x, -0.146 + 0.25 * abs(x), z] for ring in rings for x, z in ring]))
        strips.append(_bar([side * 0.056, -0.130], [side * 0.082, -0.035]))
    starts = np.cumsum([0] + [len(strip) for strip in strips[:-1]])
    faces = [grid_faces(2, len(strip) // 2) + start for strip, start in zip(strips, starts, strict=True)]
    return head.part(
        np.concatenate(strips), np.concatenate(faces), LABEL_ID["Sunglasses"], PlainMaterial(face.glasses_colour)
    )


def _bar(start: Sequence[float], end: Sequence[float]) -> np.ndarray:
    """Corners (4, 3) of a level bar of the frame between two places (x, y)."""
    return np.array([[*place, z] for z in (0.747, 0.741) for place in (start, end)])


def beard_field(x: np.ndarray, z: np.ndarray, y: np.ndarray, kind: str) -> np.ndarray:
    """Where a beard grows.

    Args:
        x: (m,) float64 distance of places from the middle of the reference face, metres.
        z: (m,) float64 their height.
        y: (m,) float64 their depth.
        kind: See Face.

    Returns:
        (m,) float64 strength in [0, 1].
    """
    if kind == "none":
        return np.zeros(len(x))
    lips = _disc(x / 0.024, (z - 0.664) / 0.009)
    upper_edge = np.interp(x, [0, 0.028, 0.05, 0.075], [0.690, 0.688, 0.692, 0.735])
    full = np.clip((upper_edge - z) / 0.006, 0, 1) * np.clip((z - 0.612) / 0.012, 0, 1) * (1 - lips)
    if kind == "full":
        return 0.92 * full
    if kind == "stubble":
        return 0.4 * full
    moustache = _disc(x / 0.034, (z - 0.682) / 0.0085)
    if kind == "moustache":
        return 0.92 * moustache
    chin = _disc(x / 0.03, (z - 0.637) / 0.024) * (1 - lips)
    return 0.9 * np.maximum(chin, moustache)


def _mix(base: np.ndarray, other: np.ndarray, amount: npt.ArrayLike) -> np.ndarray:
    amount = np.broadcast_to(amount, len(base))[:, None]
    return base * (1 - amount) + other * amount


def _disc(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """1 inside the unit circle with a soft rim, 0 outside."""
    return np.clip((1.15 - np.hypot(u, v)) / 0.3, 0, 1)


def _bump(u: np.ndarray) -> np.ndarray:
    return np.clip(1 - u * u, 0, 1)
