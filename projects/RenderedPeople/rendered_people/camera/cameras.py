"""Cameras: where they hang, what light and scene they see, how good their pictures are."""

from dataclasses import dataclass

import numpy as np

from rendered_people.camera.occluders import Occluder, draw_occluder
from rendered_people.camera.scenes import Scene, draw_scene
from rendered_people.seeding import stream


@dataclass(frozen=True)
class Camera:
    """One fixed camera.

    Attributes:
        height: Metres above the ground.
        distance: (nearest, farthest) metres to the people; boxes are cut to the person, so that it works as the focal
            length does.
        yaw: Degrees by which people are mostly turned from the camera.
        sun: (3,) unit vector towards the main light.
        sun_colour: (3,) linear RGB of the main light.
        sky_colour: (3,) linear RGB of what comes from all sides.
        fill: (3,) unit vector towards the second light.
        fill_strength: Of the second light, 0 or more.
        white_balance: (3,) factors of red, green and blue.
        blur: Standard deviation in pixels of an image 128 pixels high.
        noise: Standard deviation at mid grey, linear light.
        quality: Of its JPEG compression, 1 to 95.
        scene: What stands behind the people.
    """

    height: float
    distance: tuple[float, float]
    yaw: float
    sun: np.ndarray
    sun_colour: np.ndarray
    sky_colour: np.ndarray
    fill: np.ndarray
    fill_strength: float
    white_balance: np.ndarray
    blur: float
    noise: float
    quality: int
    scene: Scene


@dataclass(frozen=True)
class View:
    """Where a person stands and turns in one image, and the box around them.

    Attributes:
        yaw: Degrees, 0 faces the camera.
        place: (2,) metres across and along the camera's view.
        box: (4,) margins left, top, right, bottom as shares of the person's height.
        exposure: Factor of the light.
        blur: Factor of the camera's blur.
        sun: (3,) unit vector towards the main light.
        occluder: What hides a part of the person, or None.
    """

    yaw: float
    place: np.ndarray
    box: np.ndarray
    exposure: float
    blur: float
    sun: np.ndarray
    occluder: Occluder | None


def draw_camera(seed: int, index: int) -> Camera:
    """Camera number `index` of the site with this seed."""
    rng = stream(seed, "camera", index)
    outdoors = rng.random() < 0.5
    warmth = rng.normal(0, 0.09)
    nearest = rng.uniform(3.5, 5.5)
    return Camera(
        height=rng.uniform(1.4, 3.2),
        distance=(nearest, nearest + rng.uniform(1.0, 3.0)),
        yaw=rng.uniform(-40, 40),
        sun=_direction(rng.uniform(0, 360), rng.uniform(35, 65)),
        sun_colour=rng.uniform(1.6, 2.6) * np.array([1.05, 1.0, 0.92])
        if outdoors
        else rng.uniform(0.9, 1.5) * np.ones(3),
        sky_colour=rng.uniform(0.45, 0.7) * np.array([0.92, 1.0, 1.1])
        if outdoors
        else rng.uniform(0.55, 0.8) * np.ones(3),
        fill=_direction(rng.uniform(0, 360), rng.uniform(10, 50)),
        fill_strength=rng.uniform(0.1, 0.45),
        white_balance=np.exp(np.array([warmth, 0.0, -warmth]) + rng.normal(0, 0.02, 3)),
        blur=rng.uniform(0.2, 0.6),
        noise=rng.uniform(0.004, 0.016),
        quality=int(rng.integers(60, 95)),
        scene=draw_scene(rng, outdoors),
    )


def draw_view(rng: np.random.Generator, camera: Camera, *, occluded: float = 0.08, box_spread: float = 0.035) -> View:
    """View of one image.

    Args:
        rng: Generator of the image.
        camera: What takes it.
        occluded: Share of the images in which something stands in front.
        box_spread: Standard deviation of each side of the box, as a share of the person's height.

    Returns:
        The view.
    """
    # Most people walk through a view one way; some turn round or cross it.
    yaw = rng.uniform(-180, 180) if rng.random() < 0.12 else camera.yaw + rng.normal(0, 22)
    turn = np.radians(rng.normal(0, 12))
    sun = camera.sun.copy()
    sun[:2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] @ sun[:2]
    return View(
        yaw=yaw,
        place=np.array([rng.uniform(-1.2, 1.2), rng.uniform(*camera.distance)]),
        box=rng.normal(0.035, box_spread, 4),
        exposure=np.exp(rng.normal(0, 0.1)),
        blur=np.exp(rng.normal(0, 0.25)),
        sun=sun,
        occluder=draw_occluder(rng) if rng.random() < occluded else None,
    )


def _direction(azimuth: float, elevation: float) -> np.ndarray:
    azimuth, elevation = np.radians([azimuth, elevation])
    return np.array([np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)])
