"""A dressed person as one mesh: skin, hair, garments and what is carried, each a part with label and material.

Shapes: V vertices, F triangles of all parts together; n vertices of one part.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rendered_people.render.mesh import skin_vertices, vertex_normals


class Material(Protocol):
    """What a surface is made of: a function of the place on it."""

    @property
    def gloss(self) -> float:
        """How much it shines, in [0, 1]."""

    @property
    def folds(self) -> float:
        """How strongly it creases, in [0, 1]."""

    def albedo(self, reference: np.ndarray, cloth: np.ndarray) -> np.ndarray:
        """Colours of places.

        Args:
            reference: (m, 3) float64 places on the reference body, metres.
            cloth: (m, 2) float64 places across and along the cloth, metres.

        Returns:
            (m, 3) float64, linear RGB.
        """


@dataclass(frozen=True)
class Part:
    """One surface.

    Attributes:
        vertices: (n, 3) float64 at rest.
        bone_indices: (n, k) int, bones that move a vertex.
        bone_weights: (n, k) float64, how much; rows sum to 1.
        faces: (f, 3) int32, within the part.
        labels: (f,) uint8 LIP label of each face.
        keep: (n,) float64 cut field: only where it is >= 0 is there surface.
        reference: (n, 3) float64, the place on the reference body.
        cloth: (n, 2) float64, metres along the cloth.
        material: What it is made of.
    """

    vertices: np.ndarray
    bone_indices: np.ndarray
    bone_weights: np.ndarray
    faces: np.ndarray
    labels: np.ndarray
    keep: np.ndarray
    reference: np.ndarray
    cloth: np.ndarray
    material: Material


@dataclass
class Figure:
    """All parts of one person in one outfit, joined so that one pass draws them.

    Attributes:
        parts: As they were given.
        vertices: (V, 3) float64 at rest; of the parts, only what their cut fields leave.
        bone_indices: (V, k) int32.
        bone_weights: (V, k) float64.
        faces: (F, 3) int32.
        labels: (F,) uint8, LIP.
        keep: (V,) float64 cut field.
        reference: (V, 3) float64, place on the reference body.
        cloth: (V, 2) float64, place along the cloth.
        part_of_face: (F,) int, index of the part.
    """

    parts: list[Part]
    vertices: np.ndarray = field(init=False)
    bone_indices: np.ndarray = field(init=False)
    bone_weights: np.ndarray = field(init=False)
    faces: np.ndarray = field(init=False)
    labels: np.ndarray = field(init=False)
    keep: np.ndarray = field(init=False)
    reference: np.ndarray = field(init=False)
    cloth: np.ndarray = field(init=False)
    part_of_face: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        parts = [_without_cut_faces(part) for part in self.parts]
        offsets = np.cumsum([0] + [len(part.vertices) for part in parts])
        width = max(part.bone_indices.shape[1] for part in parts)
        self.vertices = np.concatenate([part.vertices for part in parts])
        self.bone_indices = np.concatenate([_widen(part.bone_indices, width) for part in parts]).astype(np.int32)
        self.bone_weights = np.concatenate([_widen(part.bone_weights, width) for part in parts])
        self.faces = np.concatenate(
            [part.faces + offset for part, offset in zip(parts, offsets[:-1], strict=True)]
        ).astype(np.int32)
        self.labels = np.concatenate([part.labels for part in parts])
        self.keep = np.concatenate([part.keep for part in parts])
        self.reference = np.concatenate([part.reference for part in parts])
        self.cloth = np.concatenate([part.cloth for part in parts])
        self.part_of_face = np.repeat(np.arange(len(parts)), [len(part.faces) for part in parts])

    def pose(self, transforms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Poses the figure, its feet on z = 0.

        Args:
            transforms: (J, 3, 4) float64 of the bones.

        Returns:
            Vertices and normals, both (V, 3) float64.
        """
        vertices = skin_vertices(self.vertices, self.bone_indices, self.bone_weights, transforms)
        vertices[:, 2] -= vertices[self.keep >= 0, 2].min()
        return vertices, vertex_normals(vertices, self.faces)


def _widen(columns: np.ndarray, width: int) -> np.ndarray:
    return np.pad(columns, ((0, 0), (0, width - columns.shape[1])))


def _without_cut_faces(part: Part) -> Part:
    """The part less what its cut field removes entirely, so that posing and drawing spend nothing on it."""
    faces = part.faces[(part.keep[part.faces] >= 0).any(axis=1)]
    used, compact = np.unique(faces, return_inverse=True)
    faces_kept = (part.keep[part.faces] >= 0).any(axis=1)
    return Part(
        part.vertices[used],
        part.bone_indices[used],
        part.bone_weights[used],
        compact.reshape(faces.shape).astype(np.int32),
        part.labels[faces_kept],
        part.keep[used],
        part.reference[used],
        part.cloth[used],
        part.material,
    )
