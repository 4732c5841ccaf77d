"""A posed figure in a scene: the light that reaches the camera, and the parsing map from the same hits.

Shapes: (H, W) pixels, S x S samples each; m samples that hit the figure.
"""

from functools import reduce

import numba
import numpy as np

from rendered_people.camera.cameras import Camera, View
from rendered_people.camera.occluders import hide
from rendered_people.render.figure import Figure
from rendered_people.render.rasterizer import rasterize
from rendered_people.render.shading import crumple, face_viewer, interpolate, light
from rendered_people.render.shadows import ShadowMap

_SAMPLES = 2
_UP = np.array([0.0, 0.0, 1.0])


def expose(
    figure: Figure, transforms: np.ndarray, camera: Camera, view: View, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Light from a person and the scene behind.

    Args:
        figure: Who stands there.
        transforms: (J, 3, 4) float64 of the bones.
        camera: What takes it.
        view: Where the person stands in it.
        height: Of the image, pixels.
        width: Of the image, pixels.

    Returns:
        light: (H, W, 3) float64, linear RGB.
        labels: (H, W) uint8, LIP labels; each pixel has that of most of its samples.
    """
    vertices, normals = figure.pose(transforms)
    turn = np.radians(view.yaw)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    vertices = vertices @ rotation.T + [*view.place, 0]
    normals = normals @ rotation.T

    eye = np.array([0.0, 0.0, camera.height])
    axes = _look_at(eye, np.array([*view.place, 0.9]))
    in_camera = (vertices - eye) @ axes.T
    inverse_depth = 1 / in_camera[:, 2]
    plane = in_camera[:, :2] * inverse_depth[:, None]
    corner, extent = _box(plane[figure.keep >= 0], view.box, height / width)
    grid = np.array([width, height]) * _SAMPLES
    screen = (plane - corner) / extent * grid
    hits, barycentric, _ = rasterize(screen, inverse_depth, figure.keep, figure.faces, grid[1], grid[0])

    shadow = ShadowMap(vertices, figure, view.sun)
    covered = hits >= 0
    seen = np.zeros((*hits.shape, 3))
    # By place: masks of three dimensions take a multiple of that.
    there = np.flatnonzero(covered)
    seen.reshape(-1, 3)[there] = _shade(
        figure, vertices, normals, hits.ravel()[there], barycentric.reshape(-1, 3)[there], eye, camera, view, shadow
    )
    behind = _background(camera, view, eye, axes, corner, extent, height, width, shadow)
    share = _added(_samples(covered.astype(np.float64)))[..., None] / _SAMPLES**2
    seen = _added(_samples(seen)) / _SAMPLES**2 + (1 - share) * behind
    labels = np.where(covered, figure.labels[hits], 0).astype(np.uint8)
    labels = _most_frequent(np.stack(_samples(labels), axis=-1))
    if view.occluder is not None:
        seen, labels = hide(seen, labels, view.occluder, 0.4 * camera.sun_colour + 0.8 * camera.sky_colour)
    return seen, labels


def _samples(grid: np.ndarray) -> list[np.ndarray]:
    """The S * S images (H, W, ...) that each hold one sample of every pixel of a grid (S * H, S * W, ...)."""
    return [grid[row::_SAMPLES, column::_SAMPLES] for row in range(_SAMPLES) for column in range(_SAMPLES)]


def _added(images: list[np.ndarray]) -> np.ndarray:
    return reduce(np.add, images)


def _look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """(3, 3) rows right, down, forward of a camera at `eye` that looks at `target`."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, _UP)
    right /= np.linalg.norm(right)
    return np.stack([right, -np.cross(right, forward), forward])


def _box(plane: np.ndarray, margins: np.ndarray, aspect: float) -> tuple[np.ndarray, np.ndarray]:
    """Corner (2,) and extent (2,) on the image plane of the box cut around the points (n, 2)."""
    low, high = (np.array([f(plane[:, 0]), f(plane[:, 1])]) for f in (np.min, np.max))
    size = high - low
    low, high = low - margins[:2] * size[1], high + margins[2:] * size[1]
    centre, tall = (low + high) / 2, high[1] - low[1]
    extent = np.array([tall / aspect, tall])
    return centre - extent / 2, extent


def _shade(
    figure: Figure,
    vertices: np.ndarray,
    normals: np.ndarray,
    hits: np.ndarray,
    barycentric: np.ndarray,
    eye: np.ndarray,
    camera: Camera,
    view: View,
    shadow: ShadowMap,
) -> np.ndarray:
    """(m, 3) linear light from the samples that hit triangles `hits` (m,) at `barycentric` (m, 3)."""
    points, normal, reference, cloth = (
        interpolate(attributes, figure.faces, hits, barycentric)
        for attributes in (vertices, normals, figure.reference, figure.cloth)
    )
    albedo = np.empty((len(hits), 3))
    gloss = np.empty(len(hits))
    part = figure.part_of_face[hits]
    for index in np.unique(part):
        here = np.flatnonzero(part == index)
        material = figure.parts[index].material
        albedo[here] = material.albedo(reference[here], cloth[here])
        gloss[here] = material.gloss
        if material.folds:
            normal[here] = crumple(normal[here], reference[here], material.folds)
    face_viewer(points, normal, eye)
    lit = shadow.lit(points + 0.01 * normal)
    return light(
        albedo,
        gloss,
        points,
        normal,
        lit,
        eye,
        view.sun,
        camera.sun_colour,
        camera.sky_colour,
        camera.fill,
        camera.fill_strength,
    )


def _background(
    camera: Camera,
    view: View,
    eye: np.ndarray,
    axes: np.ndarray,
    corner: np.ndarray,
    extent: np.ndarray,
    height: int,
    width: int,
    shadow: ShadowMap,
) -> np.ndarray:
    """(H, W, 3) linear light of the scene behind the figure."""
    x = corner[0] + (np.arange(width) + 0.5) / width * extent[0]
    y = corner[1] + (np.arange(height) + 0.5) / height * extent[1]
    plane = np.stack([*np.meshgrid(x, y), np.ones((height, width))], axis=-1).reshape(-1, 3)
    colours, ground = camera.scene.look(eye, plane @ axes)
    lit = np.ones(len(colours))
    on_ground = np.isfinite(ground[:, 0])
    lit[on_ground] = shadow.lit(ground[on_ground])
    arriving = lit[:, None] * view.sun[2] * camera.sun_colour * 0.5 + 0.9 * camera.sky_colour
    return (colours * arriving).reshape(height, width, 3)


@numba.njit(cache=True, nogil=True)
def _most_frequent(samples: np.ndarray) -> np.ndarray:
    """(H, W) label of most of the (H, W, S * S) samples; where two tie, one of the person goes before background."""
    height, width, count = samples.shape
    best = np.empty((height, width), samples.dtype)
    for row in range(height):
        for column in range(width):
            most = -1
            for candidate in samples[row, column]:
                score = 1 if candidate > 0 else 0
                for other in samples[row, column]:
                    if other == candidate:
                        score += 2
                if score > most:
                    most = score
                    best[row, column] = candidate
    return best
