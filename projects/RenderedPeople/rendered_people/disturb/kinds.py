"""The kinds of disturbance, by name, and what each changes of a sample."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rendered_people.clothes.unseen import LOOKS
from rendered_people.disturb.parser_noise import parser_noise
from rendered_people.disturb.pictures import blur, crop, low_light, occlusion

STRENGTHS = (1, 2, 3)


@dataclass(frozen=True)
class Kind:
    """One kind of disturbance.

    Attributes:
        spoil: (image, LIP labels, generator, strength) to both anew; None where the people are rendered anew.
        changes_image: Whether images change.
        changes_map: Whether parsing maps do.
    """

    spoil: Callable[[np.ndarray, np.ndarray, np.random.Generator, int], tuple[np.ndarray, np.ndarray]] | None
    changes_image: bool = True
    changes_map: bool = True


def _worse_map(
    image: np.ndarray, labels: np.ndarray, rng: np.random.Generator, strength: int
) -> tuple[np.ndarray, np.ndarray]:
    return image, parser_noise(labels, rng, strength)


KINDS = {
    "blur": Kind(blur, changes_map=False),
    "low-light": Kind(low_light, changes_map=False),
    "occlusion": Kind(occlusion),
    "crop": Kind(crop),
    "parser": Kind(_worse_map, changes_image=False),
    **{look: Kind(None) for look in LOOKS},
}
