"""Arithmetic of meshes: triangles, normals, and vertices that follow bones.

Shapes: n vertices, F triangles, J bones, k bones a vertex.
"""

import numba
import numpy as np


def triangles(quads: np.ndarray) -> np.ndarray:
    """(2n, 3) int32 triangles of (n, 4) quads."""
    return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


@numba.njit(cache=True, nogil=True)
def skin_vertices(
    vertices: np.ndarray, bone_indices: np.ndarray, bone_weights: np.ndarray, transforms: np.ndarray
) -> np.ndarray:
    """Linear blend skinning.

    Args:
        vertices: (n, 3) float64 at rest.
        bone_indices: (n, k) int32.
        bone_weights: (n, k) float64, rows sum to 1.
        transforms: (J, 3, 4) float64.

    Returns:
        (n, 3) float64 posed vertices.
    """
    posed = np.zeros_like(vertices)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        for k in range(bone_indices.shape[1]):
            weight = bone_weights[i, k]
            if weight == 0:
                continue
            m = transforms[bone_indices[i, k]]
            for axis in range(3):
                posed[i, axis] += weight * (m[axis, 0] * x + m[axis, 1] * y + m[axis, 2] * z + m[axis, 3])
    return posed


@numba.njit(cache=True, nogil=True)
def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals of vertices, averaged over their triangles by area.

    Args:
        vertices: (n, 3) float64.
        faces: (F, 3) int32.

    Returns:
        (n, 3) float64, unit vectors; zero for a vertex without a triangle.
    """
    normals = np.zeros_like(vertices)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz
    for i in range(vertices.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2)
        if length > 0:
            normals[i] /= length
    return normals
