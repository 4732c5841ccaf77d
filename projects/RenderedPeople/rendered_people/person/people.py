"""Identities: what stays the same whatever a person wears."""

from dataclasses import dataclass

import numpy as np

from rendered_people.colours import hex_colour
from rendered_people.person.hair import HairStyle, draw_hair_style
from rendered_people.person.poses import Gait, draw_gait
from rendered_people.person.shape_controls import LINKED_CONTROLS
from rendered_people.seeding import stream

# From lightest to darkest; a person's skin lies somewhere along this line.
_SKIN_TONES = np.array(
    [hex_colour(c) for c in ("#f6dccb", "#eec3a4", "#dca77f", "#c08658", "#96603a", "#6b4029", "#452a1e")]
)
_EYE_COLOURS = ("#3b2416", "#5b3a1e", "#6f7f86", "#5a86a8", "#6d7d4a")


@dataclass(frozen=True)
class Face:
    """Markings of a face.

    Attributes:
        eye_colour: (3,) linear RGB of the iris.
        brow_height: Factor around 1.
        brow_thickness: Factor around 1.
        brow_darkness: Strength in [0, 1].
        beard_kind: One of "none", "stubble", "moustache", "goatee", "full".
        freckles: Strength in [0, 1].
        lip_redness: Strength in [0, 1].
        blush: Strength in [0, 1].
        glasses: One of "none", "round", "square".
        glasses_colour: (3,) linear RGB of their frame.
    """

    eye_colour: np.ndarray
    brow_height: float
    brow_thickness: float
    brow_darkness: float
    beard_kind: str
    freckles: float
    lip_redness: float
    blush: float
    glasses: str
    glasses_colour: np.ndarray


@dataclass(frozen=True)
class Person:
    """One identity.

    Attributes:
        phenotype: Values of anny's phenotypes by name, each in [0, 1].
        shape_changes: Values of local shape changes by label, each in [-1, 1].
        skin: (3,) linear RGB.
        hair: Cut and colour.
        face: Markings.
        gait: Way of walking.
    """

    phenotype: dict[str, float]
    shape_changes: dict[str, float]
    skin: np.ndarray
    hair: HairStyle
    face: Face
    gait: Gait

    @property
    def is_female(self) -> bool:
        """Whether clothes and hair are those of women."""
        return self.phenotype["gender"] > 0.5


def draw_person(seed: int, index: int) -> Person:
    """Person number `index` of the site with this seed."""
    rng = stream(seed, "person", index)
    female = rng.random() < 0.5
    ancestry = rng.dirichlet([0.35, 0.35, 0.35])
    age = rng.beta(1.2, 1.6)
    phenotype = {
        "gender": rng.uniform(0.85, 1.0) if female else rng.uniform(0.0, 0.15),
        "age": 0.6 + 0.38 * age,
        "muscle": rng.uniform(0.15, 0.85 if female else 1.0),
        "weight": rng.beta(1.2, 1.3),
        "height": rng.uniform(0.1, 0.9),
        "proportions": rng.uniform(0.2, 1.0),
        "cupsize": rng.uniform(0.2, 0.8),
        "firmness": 0.6,
        "african": ancestry[0],
        "asian": ancestry[1],
        "caucasian": ancestry[2],
    }
    shape_changes = {}
    for labels, spread in LINKED_CONTROLS.items():
        value = float(np.clip(rng.normal(0, spread), -1, 1))
        shape_changes.update(dict.fromkeys(labels, value))
    darkness = float(np.clip(ancestry @ [0.82, 0.33, 0.15] + rng.normal(0, 0.1), 0, 1))
    skin = _along(_SKIN_TONES, darkness) * np.exp(rng.normal(0, [0.03, 0.05, 0.08]))
    hair = draw_hair_style(rng, female=female, age=age, darkness=darkness)
    face = _draw_face(rng, female, darkness)
    return Person(phenotype, shape_changes, np.clip(skin, 0.02, 0.95), hair, face, draw_gait(rng))


def _draw_face(rng: np.random.Generator, female: bool, darkness: float) -> Face:
    beard_kind = (
        "none"
        if female
        else str(rng.choice(["none", "stubble", "moustache", "goatee", "full"], p=[0.42, 0.16, 0.1, 0.12, 0.2]))
    )
    eye_choices = _EYE_COLOURS if darkness < 0.4 else _EYE_COLOURS[:2]
    return Face(
        eye_colour=hex_colour(str(rng.choice(eye_choices))),
        brow_height=rng.uniform(0.7, 1.3),
        brow_thickness=rng.uniform(0.6, 1.7) * (0.8 if female else 1.1),
        brow_darkness=rng.uniform(0.5, 0.95),
        beard_kind=beard_kind,
        freckles=float(rng.random() < 0.15) * rng.uniform(0.4, 1.0) * (darkness < 0.4),
        lip_redness=rng.uniform(0.5, 1.0) if female and rng.random() < 0.5 else rng.uniform(0.1, 0.35),
        blush=rng.uniform(0.0, 0.6),
        glasses=str(rng.choice(["none", "round", "square"], p=[0.74, 0.13, 0.13])),
        glasses_colour=hex_colour(str(rng.choice(["#111111", "#3a2413", "#8b1a1a", "#b8b8bc", "#20406b"]))),
    )


def _along(stops: np.ndarray, position: float) -> np.ndarray:
    """Colour at a position in [0, 1] along equally spaced stops (k, 3)."""
    scaled = position * (len(stops) - 1)
    low = min(int(scaled), len(stops) - 2)
    return stops[low] + (scaled - low) * (stops[low + 1] - stops[low])
