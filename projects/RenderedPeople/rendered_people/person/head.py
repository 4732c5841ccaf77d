"""A person's head relative to the reference head, for all that sits on it."""

import numpy as np

from rendered_people.person.body import BodyModel, RestBody
from rendered_people.render.figure import Material, Part


class HeadFrame:
    """Carries places on the reference head to a person's head: a scale and a shift an axis.

    Args:
        body: The body model.
        rest_body: The person at rest.
    """

    def __init__(self, body: BodyModel, rest_body: RestBody) -> None:
        on_head = (body.limb_weights["head"] > 0.9) & (body.reference[:, 2] > 0.66)
        on_head[body.groups["body"].max() + 1 :] = False
        source, target = body.reference[on_head], rest_body.vertices[on_head]
        self.scale = target.std(axis=0) / source.std(axis=0)
        self.shift = target.mean(axis=0) - source.mean(axis=0) * self.scale
        self._bones = [body.bone_names.index(name) for name in ("head", "spine01")]

    def place(self, reference: np.ndarray) -> np.ndarray:
        """(n, 3) places on the person's head at rest of (n, 3) places on the reference head."""
        return reference * self.scale + self.shift

    def part(
        self, reference: np.ndarray, faces: np.ndarray, label: int, material: Material, keep: np.ndarray | None = None
    ) -> Part:
        """A surface that moves with the head, and with the upper back as it falls below the chin.

        Args:
            reference: (n, 3) float64 vertices on the reference head, metres.
            faces: (f, 3) int32.
            label: LIP label of all of it.
            material: What it is made of.
            keep: (n,) float64 cut field; all of it is there when None.

        Returns:
            The part.
        """
        to_back = np.clip((0.66 - reference[:, 2]) / 0.14, 0, 1) * 0.8
        indices = np.tile(self._bones, (len(reference), 1))
        return Part(
            vertices=self.place(reference),
            bone_indices=indices,
            bone_weights=np.stack([1 - to_back, to_back], axis=1),
            faces=faces,
            labels=np.full(len(faces), label, dtype=np.uint8),
            keep=np.zeros(len(reference)) if keep is None else keep,
            reference=reference,
            cloth=reference[:, [0, 2]],
            material=material,
        )
