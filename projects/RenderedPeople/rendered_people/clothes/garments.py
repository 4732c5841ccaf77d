"""Garments as geometry: the base mesh's helper surfaces, cut, smoothed and moved off the body.

Shapes: V vertices of the base mesh. A cut field is in metres: >= 0 where there is cloth.
"""

import numpy as np
from scipy import sparse

from rendered_people.clothes.accessories import bag_body, hat_parts, strap_field
from rendered_people.clothes.cuts import LONG_HEM, NOWHERE, BodyMap
from rendered_people.clothes.wardrobe import Garment, Outfit
from rendered_people.labels import LABEL_ID
from rendered_people.person.body import SKIRT_GROUP, TIGHTS_GROUP, BodyModel, RestBody
from rendered_people.person.head import HeadFrame
from rendered_people.render.figure import Part
from rendered_people.render.mesh import triangles, vertex_normals

# Skin ends this far inside a garment, so that none shows through the cloth and none is missing at its edge.
_SKIN_MARGIN = 0.035
# Between one layer of clothes and the next, metres.
_LAYER = 0.0045
_LABELS = {
    "top": "Upper-clothes",
    "dress": "Dress",
    "coat": "Coat",
    "trousers": "Pants",
    "skirt": "Skirt",
    "socks": "Socks",
    "scarf": "Scarf",
    # LIP knows no bags: to it they are background.
    "bag": "Background",
}


class Tailor:
    """Cuts garments to people; holds what depends on the base mesh alone.

    Args:
        body: The body model.
    """

    def __init__(self, body: BodyModel) -> None:
        self.body = body
        self.places = BodyMap(body)
        self.tights = triangles(body.groups[TIGHTS_GROUP])
        self.skirt = triangles(body.groups[SKIRT_GROUP])
        self._on_tights = np.unique(self.tights)
        self._neighbours = _neighbour_mean(self.tights, len(body.reference))

    def hidden_skin(self, outfit: Outfit) -> np.ndarray:
        """(V,) metres by which skin lies inside the outfit's garments; <= 0 where it may show."""
        hidden = np.full(len(self.body.reference), NOWHERE)
        for garment in outfit.garments:
            if garment.kind in ("hat", "bag", "scarf"):
                continue
            cut = self.places.cut(garment)
            if garment.style == "open":
                cut = np.where(self.places.on_arm, cut, NOWHERE)
            hidden = np.maximum(hidden, cut - _SKIN_MARGIN)
        return np.where(self.places.on_head, NOWHERE, hidden)

    def parts(self, rest_body: RestBody, head: HeadFrame, outfit: Outfit, hair_thickness: float) -> list[Part]:
        """Parts of all garments of an outfit.

        Args:
            rest_body: The wearer at rest.
            head: The wearer's head.
            outfit: What is worn.
            hair_thickness: Metres of hair that a hat must clear.

        Returns:
            The parts.
        """
        parts = []
        # How far off the body the layers so far reach; the next one clears them.
        reach = np.zeros(len(self.body.reference))
        for garment in outfit.garments:
            if garment.kind == "hat":
                parts += hat_parts(self.body, rest_body, head, garment, hair_thickness)
            elif garment.kind == "bag":
                parts += self._bag(rest_body, garment, reach)
            else:
                offset = np.maximum(garment.looseness * self._slack(garment), reach + _LAYER)
                parts += self._worn(rest_body, garment, offset)
                reach = np.where(self.places.cut(garment) > -_SKIN_MARGIN, offset, reach)
        return parts

    def _worn(self, rest_body: RestBody, garment: Garment, offset: np.ndarray) -> list[Part]:
        """Parts of a garment that lies (V,) `offset` metres off the body."""
        parts = []
        keep = self.places.cut(garment)
        hangs_over_legs = garment.kind in ("skirt", "dress") or (garment.kind == "coat" and garment.hem < LONG_HEM)
        if garment.kind != "skirt":
            if hangs_over_legs:
                keep = np.minimum(keep, self.body.reference[:, 2] + 0.02)
            vertices = self._off_body(rest_body, self.tights, offset, _smoothing(garment))
            if garment.kind == "shoes":
                vertices = self._with_sole(vertices)
            parts.append(self._part(vertices, self.tights, keep, garment))
        if hangs_over_legs:
            flare = 0.01 + garment.looseness * (1 + 1.2 * np.clip(-self.body.reference[:, 2], 0, 1))
            vertices = self._off_body(rest_body, self.skirt, flare)
            parts.append(self._part(vertices, self.skirt, self.places.cut_below_waist(garment), garment))
        if garment.style == "hood":
            # It lies on the back, and around the neck.
            behind = self.body.reference[:, 1]
            bulge = garment.looseness + 0.012 + 0.03 * np.clip(behind / 0.05, 0, 1)
            vertices = self._off_body(rest_body, self.tights, bulge, 6)
            parts.append(self._part(vertices, self.tights, self.places.cut_collar() - 0.02 * (behind < -0.03), garment))
        return parts

    def _bag(self, rest_body: RestBody, garment: Garment, reach: np.ndarray) -> list[Part]:
        shift = (rest_body.vertices - self.body.reference)[self._on_tights].mean(axis=0)
        vertices = self._off_body(rest_body, self.tights, reach + 2 * _LAYER, 6)
        strap = self._part(vertices, self.tights, strap_field(self.places, garment), garment)
        return [bag_body(self.body, shift, garment), strap]

    def _slack(self, garment: Garment) -> np.ndarray:
        """(V,) factor of the looseness: cloth hangs off the body more towards its edges."""
        z = self.body.reference[:, 2]
        if garment.kind == "trousers":
            # Tight at the waist, so that a top hangs over it.
            below_waist = 0.15 + 0.85 * np.clip((0.06 - z) / 0.3, 0, 1)
            return below_waist + (2.2 * np.clip((-0.45 - z) / 0.45, 0, 1) if garment.style == "flared" else 0)
        if garment.kind in ("top", "dress", "coat"):
            torso = np.clip((0.45 - z) / 0.4, 0, 1.2)
            arm = np.clip(self.places.along_arm / 0.3, 0, 1.2)
            return 0.35 + 0.85 * np.where(self.places.on_arm, arm, torso)
        return np.ones(len(z))

    def _off_body(self, rest_body: RestBody, faces: np.ndarray, offset: np.ndarray, smoothing: int = 0) -> np.ndarray:
        """(V, 3) vertices of a surface `offset` (V,) metres off the body, after `smoothing` rounds of it."""
        vertices = rest_body.vertices
        if smoothing:
            vertices = vertices.copy()
            for _ in range(smoothing):
                vertices[self._on_tights] += 0.5 * (self._neighbours @ vertices - vertices)[self._on_tights]
        normals = vertex_normals(vertices, faces)
        # Smoothing draws cloth in over what bulges: it is let out again to where the body is.
        inward = np.clip(((rest_body.vertices - vertices) * normals).sum(axis=1), 0, None)
        return vertices + (offset + inward)[:, None] * normals

    def _with_sole(self, vertices: np.ndarray) -> np.ndarray:
        """Vertices of shoes with what lies under the foot let down."""
        z = self.body.reference[:, 2]
        vertices = vertices.copy()
        vertices[z < z[self._on_tights].min() + 0.012, 2] -= 0.012
        return vertices

    def _part(self, vertices: np.ndarray, faces: np.ndarray, keep: np.ndarray, garment: Garment) -> Part:
        if garment.kind == "shoes":
            left = self.body.reference[faces[:, 0], 0] > 0
            labels = np.where(left, LABEL_ID["Left-shoe"], LABEL_ID["Right-shoe"])
        else:
            labels = np.full(len(faces), LABEL_ID[_LABELS[garment.kind]])
        return Part(
            vertices,
            self.body.bone_indices,
            self.body.bone_weights,
            faces,
            labels.astype(np.uint8),
            keep,
            self.body.reference,
            self.places.cloth,
            garment.cloth,
        )


def _smoothing(garment: Garment) -> int:
    """Rounds of smoothing: the looser the cloth, the less of the body shows through it."""
    if garment.kind == "scarf":
        return 6
    return 2 + int(garment.looseness * 400) if garment.kind in ("top", "coat", "dress", "trousers") else 0


def _neighbour_mean(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """(count, count) sparse matrix that averages each vertex's neighbours; vertices without any keep their place."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.concatenate([edges, edges[:, ::-1]])
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count)).tocsr()
    adjacency.data[:] = 1.0
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    alone = sparse.diags((degree == 0).astype(np.float64))
    return (sparse.diags(1 / np.maximum(degree, 1)) @ adjacency + alone).tocsr()
