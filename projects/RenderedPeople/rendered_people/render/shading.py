"""Light on the samples that hit a figure.

Shapes: m samples, V vertices, F triangles, A attributes of a vertex.
"""

import numba
import numpy as np

from rendered_people.noise import value_noise

# Folds are this many to a metre, and longer downwards than across.
_FOLDS_PER_METRE = np.array([16.0, 16.0, 6.0])


@numba.njit(cache=True, nogil=True)
def interpolate(attributes: np.ndarray, faces: np.ndarray, hits: np.ndarray, barycentric: np.ndarray) -> np.ndarray:
    """(m, A) attributes at hits: attributes (V, A), faces (F, 3) int32, hits (m,) int32, barycentric (m, 3)."""
    result = np.empty((hits.shape[0], attributes.shape[1]))
    for i in range(hits.shape[0]):
        a, b, c = faces[hits[i], 0], faces[hits[i], 1], faces[hits[i], 2]
        u, v, w = barycentric[i, 0], barycentric[i, 1], barycentric[i, 2]
        for k in range(attributes.shape[1]):
            result[i, k] = u * attributes[a, k] + v * attributes[b, k] + w * attributes[c, k]
    return result


@numba.njit(cache=True, nogil=True)
def face_viewer(points: np.ndarray, normals: np.ndarray, eye: np.ndarray) -> None:
    """Makes normals (m, 3) at points (m, 3) unit vectors on the side that the eye (3,) sees; cloth has two sides."""
    for i in range(points.shape[0]):
        length, towards = 0.0, 0.0
        for k in range(3):
            length += normals[i, k] ** 2
            towards += normals[i, k] * (eye[k] - points[i, k])
        scale = 1 / (np.sqrt(length) + 1e-12)
        if towards < 0:
            scale = -scale
        for k in range(3):
            normals[i, k] *= scale


@numba.njit(cache=True, nogil=True)
def light(
    albedo: np.ndarray,
    gloss: np.ndarray,
    points: np.ndarray,
    normals: np.ndarray,
    lit: np.ndarray,
    eye: np.ndarray,
    sun: np.ndarray,
    sun_colour: np.ndarray,
    sky_colour: np.ndarray,
    fill: np.ndarray,
    fill_strength: float,
) -> np.ndarray:
    """Light that leaves samples towards the eye.

    Args:
        albedo: (m, 3) linear RGB.
        gloss: (m,) in [0, 1].
        points: (m, 3) places in space.
        normals: (m, 3) unit vectors on the side of the eye.
        lit: (m,) 0 in the shadow, 1 elsewhere.
        eye: (3,) place of the camera.
        sun: (3,) unit vector towards the main light.
        sun_colour: (3,) linear RGB of the main light.
        sky_colour: (3,) linear RGB of what comes from all sides.
        fill: (3,) unit vector towards the second light.
        fill_strength: Of the second light, 0 or more.

    Returns:
        (m, 3) linear RGB.
    """
    result = np.empty_like(albedo)
    for i in range(points.shape[0]):
        to_sun, to_fill, length = 0.0, 0.0, 0.0
        for k in range(3):
            to_sun += normals[i, k] * sun[k]
            to_fill += normals[i, k] * fill[k]
            length += (eye[k] - points[i, k]) ** 2
        length = np.sqrt(length)
        along, size = 0.0, 0.0
        for k in range(3):
            halfway = (eye[k] - points[i, k]) / length + sun[k]
            along += normals[i, k] * halfway
            size += halfway * halfway
        shine = max(0.0, along / (np.sqrt(size) + 1e-12))
        shine = shine * shine
        shine = shine * shine * shine
        shine = 0.25 * gloss[i] * lit[i] * shine * shine * shine * shine
        direct = 0.55 * lit[i] * max(0.0, to_sun)
        around = 0.65 + 0.35 * normals[i, 2]
        second = fill_strength * max(0.0, to_fill)
        for k in range(3):
            arriving = direct * sun_colour[k] + around * sky_colour[k] + second
            result[i, k] = albedo[i, k] * arriving + shine * sun_colour[k]
    return result


def crumple(normals: np.ndarray, reference: np.ndarray, strength: float) -> np.ndarray:
    """Normals (m, 3) bent by folds: a smooth random field over places (m, 3) on the body, as strong as `strength`."""
    place = reference * _FOLDS_PER_METRE
    # The folds lie where the body bends, not in the cloth: every garment has the same.
    bend = np.stack([value_noise(place, axis) for axis in range(3)], axis=1) - 0.5
    return normals + strength * bend
