"""The parametric body: anny's mesh with MakeHuman's helper surfaces, bones and skinning weights as numpy arrays.

Shapes: V = 19,158 vertices of the base mesh, J bones, B poses. Metres, z up; at rest the body faces -y.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from rendered_people.errors import RenderingError
from rendered_people.person.shape_controls import SHAPE_CONTROLS
from rendered_people.render.mesh import skin_vertices

if TYPE_CHECKING:
    import torch

TIGHTS_GROUP = "helper-tights"
SKIRT_GROUP = "helper-skirt"
# A body in the middle of every phenotype's range: places on the body (a hem, a brow) are named by its coordinates.
REFERENCE_PHENOTYPE = {
    "gender": 0.4,
    "age": 0.667,
    "muscle": 0.5,
    "weight": 0.5,
    "height": 0.5,
    "proportions": 0.5,
    "african": 1 / 3,
    "asian": 1 / 3,
    "caucasian": 1 / 3,
}
# Rest vertices are rounded to a micrometre: sums of blend shapes differ in the last bits between processors.
REST_DECIMALS = 6


@dataclass(frozen=True)
class RestBody:
    """One person's body before it is posed.

    Attributes:
        vertices: (V, 3) float64, metres.
        bone_poses: (1, J, 4, 4) tensor, as anny gives and takes it.
    """

    vertices: np.ndarray
    bone_poses: "torch.Tensor"


def require_anny() -> None:
    """Checks that the package `anny` is installed.

    Raises:
        ImportError: It is not; the message names the extra that brings it.
    """
    if find_spec("anny") is None:
        raise ImportError(
            "rendering people needs the package 'anny', which is not installed; "
            'install it with: pip install "fastreid-ifd[render]"'
        )


class BodyModel:
    """anny's body, loaded once and shared by all people.

    Args:
        lock: Held while anny loads; processes that load at once need one, since the first fills anny's cache on disk.

    Raises:
        ImportError: `anny` is not installed; the message names the extra that brings it.
        RenderingError: What `anny` keeps on disk is damaged, or cannot be written.

    Attributes:
        bone_names: J names.
        bone_indices: (V, k) int32, bones that move a vertex.
        bone_weights: (V, k) float64, how much; rows sum to 1.
        groups: Quads (n, 4) int32 of the base mesh by group name.
        reference: (V, 3) float64, the reference body in anny's identity pose.
        reference_joints: (3,) float64 place of each bone's head on the reference body, by bone name.
    """

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        require_anny()
        import anny
        import torch
        from anny.paths import get_anny_cache_path, get_anny_root_dir
        from safetensors import SafetensorError

        self._torch = torch
        # "original" skips a decomposition that pays off only for much larger batches than ours.
        with lock or nullcontext():
            try:
                self._model = anny.Anny(
                    topology="anny-full",
                    phenotypes="all",
                    local_changes=list(SHAPE_CONTROLS),
                    skinning_method="lbs",
                    phenotype_blendshapes="original",
                )
            except (OSError, SafetensorError) as error:
                raise RenderingError(
                    f"anny could not read or write the body shapes that it keeps in {get_anny_cache_path()} ({error}); "
                    "remove that folder, free 1 GB there, or name another in ANNY_CACHE_DIR"
                ) from error
        self.bone_names = tuple(self._model.bone_labels)
        self.bone_indices = self._model.vertex_bone_indices.numpy().astype(np.int32)
        self.bone_weights = self._model.vertex_bone_weights.numpy().astype(np.float64)
        self.groups = read_face_groups(get_anny_root_dir() / "data/mpfb2/3dobjs/base.obj")
        reference = self.rest(REFERENCE_PHENOTYPE, {})
        # The identity pose, not the rest vertices: it puts the root joint of every body at the origin.
        transforms = self.bone_transforms(reference, {})
        self.reference = skin_vertices(reference.vertices, self.bone_indices, self.bone_weights, transforms)
        heads = reference.bone_poses[0, :, :3, 3].numpy()
        heads = np.einsum("jab,jb->ja", transforms[:, :, :3], heads) + transforms[:, :, 3]
        self.reference_joints = dict(zip(self.bone_names, heads, strict=True))

    @cached_property
    def limb_weights(self) -> dict[str, np.ndarray]:
        """(V,) float64 arrays by limb name: the share of a vertex's skinning weight that lies on the limb's bones."""
        limb_of_bone = [_limb_of_bone(name) for name in self.bone_names]
        weights = {}
        for limb in ("head", "torso", "left-arm", "right-arm", "left-leg", "right-leg"):
            on_limb = np.array([name == limb for name in limb_of_bone])
            weights[limb] = (self.bone_weights * on_limb[self.bone_indices]).sum(axis=1)
        return weights

    def rest(self, phenotype: Mapping[str, float], shape_changes: Mapping[str, float]) -> RestBody:
        """Body of one person at rest.

        Args:
            phenotype: Values of anny's phenotypes by name, each in [0, 1].
            shape_changes: Values of local changes (see SHAPE_CONTROLS) by label, each in [-1, 1].

        Returns:
            The body.
        """
        with self._torch.inference_mode():
            output = self._model(phenotype_kwargs=phenotype, local_changes_kwargs=shape_changes)
        vertices = np.round(output["rest_vertices"][0].numpy(), REST_DECIMALS)
        return RestBody(vertices, output["rest_bone_poses"])

    def bone_transforms(self, rest_body: RestBody, rotations: Mapping[str, np.ndarray]) -> np.ndarray:
        """Transforms that carry rest vertices into a pose.

        Args:
            rest_body: The body at rest.
            rotations: (3, 3) rotations in the axes of the rest pose by bone name; other bones stay.

        Returns:
            (J, 3, 4) float64.
        """
        pose = np.tile(np.eye(4), (1, len(self.bone_names), 1, 1))
        for name, rotation in rotations.items():
            pose[0, self.bone_names.index(name), :3, :3] = rotation
        with self._torch.inference_mode():
            transforms, _ = self._model.get_bone_transforms(
                self._torch.from_numpy(pose), rest_body.bone_poses, pose_parameterization="local-ref"
            )
        return np.ascontiguousarray(transforms[0, :, :3, :].numpy())


def read_face_groups(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Quads of an OBJ file by group name: (n, 4) int32 vertex indices, from 0."""
    groups: dict[str, list[list[int]]] = {}
    group = ""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("g "):
                group = line.split()[1]
            elif line.startswith("f "):
                corners = [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
                groups.setdefault(group, []).append(corners)
    return {name: np.array(quads, dtype=np.int32) for name, quads in groups.items()}


def _limb_of_bone(name: str) -> str:
    side = {"L": "left", "R": "right"}.get(name.rsplit(".", 1)[-1], "")
    stem = name.split(".")[0]
    if stem.startswith(("neck", "head", "eye")):
        return "head"
    if stem.startswith(("upperarm", "lowerarm", "wrist", "finger", "metacarpal")):
        return f"{side}-arm"
    if stem.startswith(("upperleg", "lowerleg", "foot", "toe")):
        return f"{side}-leg"
    return "torso"
