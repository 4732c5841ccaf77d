"""Hair as geometry: a shell over the scalp, and what falls or is tied from it.

Places are given on the reference body: x left, y back, z up, metres.
"""

from dataclasses import dataclass, replace

import numpy as np

from rendered_people.colours import hex_colour
from rendered_people.labels import LABEL_ID
from rendered_people.noise import value_noise
from rendered_people.person.body import BodyModel, RestBody
from rendered_people.person.head import HeadFrame
from rendered_people.render.figure import Material, Part
from rendered_people.render.mesh import triangles
from rendered_people.render.primitives import ellipsoid, grid_faces

_NATURAL_COLOURS = ("#0d0b0a", "#1c120c", "#3a2213", "#5c361b", "#8a5a2b", "#b98b4e", "#dcc08a", "#a3461d", "#7c2a12")
_GREY_COLOURS = ("#8d8b88", "#c9c7c2", "#e8e6e1")
_DYED_COLOURS = ("#b3123a", "#2447a8", "#d767a8", "#2f8f5b", "#6c2fa0")

_SHORT_KINDS = ("buzz", "crew", "side-part", "curly", "quiff")
_LONG_KINDS = ("bob", "long", "wavy", "ponytail", "bun", "pixie")
# Drawn for nobody; see clothes.unseen.
UNSEEN_KINDS = ("mohawk", "beehive", "pigtails")
# Around the head: angle from the nose in degrees -> height of the hairline.
_HAIRLINE_ANGLES = (0, 30, 50, 68, 82, 100, 125, 150, 180)
_HAIRLINE_HEIGHTS = (0.812, 0.806, 0.792, 0.755, 0.735, 0.748, 0.72, 0.695, 0.688)
_HEAD_AXIS_Y = -0.035
_CROWN = 0.858
# Hair above this height is under a hat.
_HAT_RIM = 0.785


@dataclass(frozen=True)
class HairStyle:
    """How someone wears their hair.

    Attributes:
        kind: Name of the cut.
        colour: (3,) linear RGB.
        natural_colour: (3,) linear RGB of brows and beard.
        thickness: Metres over the top.
        length: Metres below the crown.
        hairline: Metres by which the forehead is higher (> 0) or the fringe lower (< 0).
        opening: Degrees from the nose at which falling hair begins.
        curl: Strength of waves in [0, 1].
        parting: X of the parting, metres.
        seed: Seed of its noise.
    """

    kind: str
    colour: np.ndarray
    natural_colour: np.ndarray
    thickness: float
    length: float
    hairline: float
    opening: float
    curl: float
    parting: float
    seed: int


def draw_hair_style(rng: np.random.Generator, *, female: bool, age: float, darkness: float) -> HairStyle:
    """Hair of a person.

    Args:
        rng: Generator of the person.
        female: Whether the cuts are those of women.
        age: In [0, 1] over the adult years.
        darkness: Of the skin, in [0, 1].

    Returns:
        The hair.
    """
    if female:
        kind = str(rng.choice([*_LONG_KINDS, "afro", "crew"], p=[0.17, 0.2, 0.17, 0.17, 0.12, 0.08, 0.06, 0.03]))
    else:
        kinds = [*_SHORT_KINDS, "bald", "horseshoe", "afro", "long", "bun"]
        kind = str(rng.choice(kinds, p=[0.13, 0.16, 0.15, 0.13, 0.11, 0.09, 0.09, 0.05, 0.05, 0.04]))
    if rng.random() < 0.5 * age**2:
        code = rng.choice(_GREY_COLOURS)
    else:
        code = rng.choice(_NATURAL_COLOURS[:3] if darkness > 0.5 else _NATURAL_COLOURS)
    natural_colour = hex_colour(str(code)) * np.exp(rng.normal(0, 0.08))
    colour = hex_colour(str(rng.choice(_DYED_COLOURS))) if rng.random() < 0.06 else natural_colour
    thickness = {
        "buzz": 0.003,
        "crew": 0.012,
        "side-part": 0.024,
        "curly": 0.03,
        "quiff": 0.034,
        "bald": 0.0,
        "horseshoe": 0.008,
        "afro": rng.uniform(0.05, 0.085),
        "pixie": 0.018,
    }.get(kind, rng.uniform(0.012, 0.02))
    length = {
        "bob": rng.uniform(0.19, 0.24),
        "long": rng.uniform(0.32, 0.5),
        "wavy": rng.uniform(0.3, 0.42),
        "ponytail": rng.uniform(0.25, 0.42),
    }.get(kind, 0.0)
    fringe = female and kind in ("bob", "long", "wavy", "pixie", "ponytail") and rng.random() < 0.4
    return HairStyle(
        kind=kind,
        colour=colour,
        natural_colour=natural_colour,
        thickness=thickness,
        length=length,
        hairline=-0.042 if fringe else rng.uniform(-0.006, 0.012),
        opening=rng.uniform(52, 82),
        curl=rng.uniform(0.6, 1.0) if kind in ("wavy", "curly", "afro") else rng.uniform(0, 0.25),
        parting=rng.choice([-1, 0, 1]) * rng.uniform(0.015, 0.035),
        seed=int(rng.integers(2**31)),
    )


@dataclass(frozen=True)
class HairMaterial:
    """Strands of slightly varying colour that run down from the crown.

    Attributes:
        colour: (3,) linear RGB.
        seed: Seed of its noise.
        gloss: How much it shines, in [0, 1].
        folds: How strongly it is ruffled, in [0, 1].
    """

    colour: np.ndarray
    seed: int
    gloss: float = 0.16
    folds: float = 0.3

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """(m, 3) float64 linear RGB; see Material."""
        angle = np.arctan2(reference[:, 0], reference[:, 1] - _HEAD_AXIS_Y)
        strands = value_noise(np.stack([angle * 26, reference[:, 2] * 14], axis=1), self.seed)
        return self.colour * (0.65 + 0.7 * strands)[:, None]


def hair_parts(
    body: BodyModel, rest_body: RestBody, head: HeadFrame, style: HairStyle, *, under_hat: bool = False
) -> list[Part]:
    """Parts of a person's hair.

    Args:
        body: The body model.
        rest_body: The person at rest.
        head: The person's head.
        style: The hair.
        under_hat: Whether a hat is worn; the hair that it hides is left out.

    Returns:
        List of Part; empty for a bald head.
    """
    if style.kind == "bald":
        return []
    material = HairMaterial(style.colour, style.seed)
    parts = [_scalp_shell(body, rest_body, head, style, material)]
    if style.kind in ("bob", "long", "wavy"):
        parts.append(_falling_hair(head, style, material))
    elif style.kind == "ponytail":
        parts.append(_ponytail(head, style, material))
    elif style.kind == "bun":
        parts.append(_bun(head, style, material))
    elif style.kind == "beehive":
        parts.append(_beehive(head, material))
    elif style.kind == "pigtails":
        parts += [_ponytail(head, style, material, aside=side * 0.092) for side in (-1, 1)]
    return [_under_hat(part) for part in parts] if under_hat else parts


def _under_hat(part: Part) -> Part:
    return replace(part, keep=np.minimum(part.keep, _HAT_RIM - part.reference[:, 2]))


def hairline_field(reference: np.ndarray, raise_front: float = 0.0) -> np.ndarray:
    """How far places lie above the hairline.

    Args:
        reference: (n, 3) float64 places on the reference head, metres.
        raise_front: Metres by which the hairline is higher at the front.

    Returns:
        (n,) float64, metres.
    """
    angle = np.degrees(np.arctan2(np.abs(reference[:, 0]), _HEAD_AXIS_Y - reference[:, 1]))
    height = np.interp(angle, _HAIRLINE_ANGLES, _HAIRLINE_HEIGHTS)
    return reference[:, 2] - height - raise_front * np.clip(1.6 - angle / 40, 0, 1)


def ear_field(reference: np.ndarray) -> np.ndarray:
    """(n,) positive outside the ears, negative inside, about in metres, of places (n, 3) on the reference head."""
    offset = np.abs(reference) * [1, 0, 0] + reference * [0, 1, 1] - [0.087, -0.033, 0.718]
    return 0.03 * (np.linalg.norm(offset / [0.012, 0.03, 0.034], axis=1) - 1)


def _scalp_shell(body: BodyModel, rest_body: RestBody, head: HeadFrame, style: HairStyle, material: Material) -> Part:
    skin = triangles(body.groups["body"])
    on_head = (body.reference[:, 2] > 0.66) & (body.limb_weights["head"] > 0.5)
    faces = skin[on_head[skin].all(axis=1)]
    used, compact = np.unique(faces, return_inverse=True)
    reference = body.reference[used]
    keep = hairline_field(reference, style.hairline)
    covers_ears = style.kind in ("bob", "long", "wavy", "afro")
    if not covers_ears:
        keep = np.minimum(keep, ear_field(reference))
    if style.kind == "horseshoe":
        keep = np.minimum(keep, 0.795 + 0.35 * np.clip(reference[:, 1], 0, 1) - reference[:, 2])
    height = np.clip((reference[:, 2] - 0.74) / (_CROWN - 0.74), 0, 1)
    thickness = style.thickness * _thickness_profile(style, reference, height)
    wave = value_noise(reference * 55, style.seed) - 0.5
    thickness = thickness * (1 + 1.2 * style.curl * wave)
    thickness = np.maximum(thickness, 0.002) * np.clip(0.25 + keep / 0.03, 0.25, 1)
    centre = head.place(np.array([[0, _HEAD_AXIS_Y, 0.76]]))[0]
    outward = rest_body.vertices[used] - centre
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    return Part(
        vertices=rest_body.vertices[used] + thickness[:, None] * outward,
        bone_indices=body.bone_indices[used],
        bone_weights=body.bone_weights[used],
        faces=compact.reshape(faces.shape),
        labels=np.full(len(faces), LABEL_ID["Hair"], dtype=np.uint8),
        keep=keep,
        reference=reference,
        cloth=reference[:, [0, 2]],
        material=material,
    )


def _thickness_profile(style: HairStyle, reference: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Factor of the thickness at each place: what makes a quiff of a crew cut."""
    front = np.clip((-reference[:, 1] - 0.02) / 0.1, 0, 1)
    if style.kind == "quiff":
        return 0.12 + 0.9 * height**2 * (0.5 + front)
    if style.kind == "side-part":
        side = np.clip(0.5 + (reference[:, 0] * np.sign(style.parting) + abs(style.parting)) / 0.08, 0.25, 1)
        return 0.3 + 0.8 * height * side
    if style.kind in ("crew", "curly"):
        return 0.35 + 0.65 * height
    if style.kind == "mohawk":
        # The crest must fall between vertices that lie some 2 cm apart.
        return 0.04 + 0.96 * np.clip(1.5 - np.abs(reference[:, 0]) / 0.018, 0, 1) * np.clip(3 * height, 0, 1)
    return np.ones(len(reference))


def _falling_hair(head: HeadFrame, style: HairStyle, material: Material) -> Part:
    columns, rows = 48, 14
    angle = np.radians(np.linspace(style.opening, 360 - style.opening, columns))
    drop = np.linspace(0, 1, rows)
    z = 0.80 - drop * (style.length - (_CROWN - 0.80))
    below = np.clip((0.70 - z) / 0.25, 0, 1)
    angle, z = np.meshgrid(angle, z)
    # It grows out of the shell, and lies close to the head where it frames the face.
    from_edge = np.clip((180 - np.abs(180 - np.degrees(angle)) - style.opening) / 25, 0, 1)
    out = np.clip(3 * drop, 0, 1)[:, None] * (0.25 + 0.75 * from_edge)
    spread = out * (style.thickness + 0.004) + 0.03 * below[:, None] * (1 + style.curl)
    waves = style.curl * 0.012 * np.sin(z * 90 + 9 * angle)
    x = np.sin(angle) * (0.079 + spread + waves)
    y = _HEAD_AXIS_Y - np.cos(angle) * (0.100 + spread + waves)
    # Below the chin the front locks lie on the chest instead of inside it.
    y = y - np.where(np.cos(angle) > 0, 0.08 * np.clip((0.66 - z) / 0.1, 0, 1), 0)
    reference = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    ends = value_noise(np.stack([angle.ravel() * 8, np.zeros(angle.size)], axis=1), style.seed)
    keep = reference[:, 2] - (_CROWN - style.length) - 0.03 * ends
    return head.part(reference, grid_faces(rows, columns), LABEL_ID["Hair"], material, keep)


def _ponytail(head: HeadFrame, style: HairStyle, material: Material, aside: float = 0.0) -> Part:
    """A tail from the back of the head; from a side of it where `aside`, metres to the left, is not 0."""
    rows, columns = 12, 12
    along = np.linspace(0, 1, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns)[None]
    radius = 0.026 * np.sqrt(np.clip(1.05 - along, 0, 1)) * (0.6 + np.minimum(along * 6, 0.6))
    y = 0.065 + 0.06 * np.sin(np.minimum(along * 2.2, 1.57)) + radius * np.cos(around)
    z = 0.80 + 0.015 * np.sin(along * 6) - along * style.length + 0 * around
    x = radius * np.sin(around)
    if aside:
        x = x + aside * (1 + 0.35 * np.sin(np.minimum(along * 2.2, 1.57)))
        y, z = radius * np.cos(around) - 0.03, z - 0.03
    reference = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    return head.part(reference, grid_faces(rows, columns), LABEL_ID["Hair"], material)


def _bun(head: HeadFrame, style: HairStyle, material: Material) -> Part:
    on_top = style.parting <= 0
    centre = (0, -0.005, 0.885) if on_top else (0, 0.075, 0.80)
    reference, faces = ellipsoid(centre, (0.042, 0.042, 0.036))
    return head.part(reference, faces, LABEL_ID["Hair"], material)


def _beehive(head: HeadFrame, material: Material) -> Part:
    reference, faces = ellipsoid((0, -0.015, 0.895), (0.075, 0.085, 0.1))
    return head.part(reference, faces, LABEL_ID["Hair"], material)
