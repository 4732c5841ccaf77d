"""Where garments end: cut fields over the base mesh.

Shapes: V vertices of the base mesh. A cut field is in metres on the reference body: >= 0 where there is cloth.
"""

from collections.abc import Callable

import numpy as np

from rendered_people.clothes.wardrobe import Garment
from rendered_people.person.body import BodyModel

NOWHERE = -1.0
# Coats reach down over the legs by the skirt surface once their hem is below this height.
LONG_HEM = -0.12
_WAIST = 0.085
_OPENING = 0.055


class BodyMap:
    """Names the places of the reference body.

    Args:
        body: The body model.

    Attributes:
        reference: (V, 3) float64, the reference body.
        on_arm: (V,) bool, whether a vertex is of an arm.
        on_leg: (V,) bool, of a leg.
        on_head: (V,) bool, of the head.
        along_arm: (V,) metres from the shoulder towards the wrist, just before the shoulder off the arms.
        cloth: (V, 2) metres across and along the cloth.
    """

    def __init__(self, body: BodyModel) -> None:
        limbs = body.limb_weights
        self.reference = body.reference
        self.on_arm = limbs["left-arm"] + limbs["right-arm"] > 0.5
        self.on_leg = limbs["left-leg"] + limbs["right-leg"] > 0.5
        self.on_head = limbs["head"] > 0.5
        self.along_arm = _along_arm(body)
        self.cloth = body.reference[:, [0, 2]].copy()
        self.cloth[self.on_arm, 0] = body.reference[self.on_arm, 1]
        self.cloth[self.on_arm, 1] = 0.45 - self.along_arm[self.on_arm]

    def cut(self, garment: Garment) -> np.ndarray:
        """(V,) cut field of a garment over the whole base mesh; hats and bags have none, but shapes of their own."""
        return _CUTS[garment.kind](self, garment)

    def cut_collar(self) -> np.ndarray:
        """(V,) cut field of what lies around the neck: a scarf, a hood."""
        x, y, z = np.abs(self.reference[:, 0]), self.reference[:, 1], self.reference[:, 2]
        return np.where(self.on_arm, NOWHERE, np.minimum(z - 0.525 - 0.02 * (y > 0), 0.11 - x))

    def cut_below_waist(self, garment: Garment) -> np.ndarray:
        """(V,) cut field of what hangs over the legs of a skirt, dress or coat."""
        z = self.reference[:, 2]
        keep = np.minimum(z - garment.hem, (_WAIST if garment.kind == "skirt" else 0.02) - z)
        return self._opened(keep) if garment.style == "open" else keep

    def _opened(self, keep: np.ndarray) -> np.ndarray:
        """A cut field with the front left open."""
        x, y = np.abs(self.reference[:, 0]), self.reference[:, 1]
        return np.where((y < -0.01) & ~self.on_arm, np.minimum(keep, x - _OPENING), keep)

    def _neckline(self, style: str) -> np.ndarray:
        """(V,) height at which a garment ends towards the neck."""
        x, y = np.abs(self.reference[:, 0]), self.reference[:, 1]
        if style == "high":
            return np.full(len(x), 0.635)
        if style == "hood":
            return np.where(y < 0.0, 0.56 + 0.25 * np.minimum(x, 0.08), 0.61)
        if style == "v":
            return np.where(y < 0.0, np.minimum(0.43 + 1.9 * x, 0.59), 0.59)
        return np.where(y < 0.02, 0.552 + 0.25 * np.minimum(x, 0.08), 0.585)


def _cut_top(places: BodyMap, garment: Garment) -> np.ndarray:
    z = places.reference[:, 2]
    keep = np.where(places.on_arm, garment.sleeve - places.along_arm, z - garment.hem)
    keep = np.minimum(keep, places._neckline(garment.style) - z)
    if garment.style not in ("high", "hood"):
        keep = np.where(places.on_head, np.minimum(keep, 0.0), keep)
    return places._opened(keep) if garment.style == "open" else keep


def _cut_trousers(places: BodyMap, garment: Garment) -> np.ndarray:
    z = places.reference[:, 2]
    return np.where(places.on_arm, NOWHERE, np.minimum(_WAIST - z, z - garment.hem))


def _cut_foot(places: BodyMap, garment: Garment) -> np.ndarray:
    return np.where(places.on_leg, garment.hem - places.reference[:, 2], NOWHERE)


_CUTS: dict[str, Callable[[BodyMap, Garment], np.ndarray]] = {
    "top": _cut_top,
    "dress": _cut_top,
    "coat": _cut_top,
    "trousers": _cut_trousers,
    "skirt": _cut_trousers,
    "shoes": _cut_foot,
    "socks": _cut_foot,
    "scarf": lambda places, _: places.cut_collar(),
}


def _along_arm(body: BodyModel) -> np.ndarray:
    along = np.full(len(body.reference), -0.02)
    joints = body.reference_joints
    for side, limb in (("L", "left-arm"), ("R", "right-arm")):
        shoulder, elbow, wrist = (joints[f"{bone}.{side}"] for bone in ("upperarm01", "lowerarm01", "wrist"))
        on_arm = body.limb_weights[limb] > 0.5
        place = body.reference[on_arm]
        upper, lower = elbow - shoulder, wrist - elbow
        upper_length, lower_length = np.linalg.norm(upper), np.linalg.norm(lower)
        on_upper = (place - shoulder) @ upper / upper_length
        on_lower = (place - elbow) @ lower / lower_length
        along[on_arm] = np.where(on_upper < upper_length, on_upper, upper_length + np.maximum(on_lower, 0))
    return along
