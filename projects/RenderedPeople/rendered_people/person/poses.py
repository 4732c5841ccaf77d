"""Poses: people walk or stand, arms swing, the head looks about."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

# At rest the arms stand off at about 45 degrees.
_ARM_DOWN = 38.0
# The left hand's knuckles at rest; its fingers curl about this line.
_KNUCKLES = np.array([0.385, 0.823, -0.419])
# Two steps take about a second; the published videos have some 25 frames in it.
_FRAMES_A_CYCLE = 25
_FINGER_JOINTS = [f"finger{finger}-{joint}" for finger in range(2, 6) for joint in (1, 2, 3)]


@dataclass(frozen=True)
class Gait:
    """How one person holds and moves their body, part of who they are.

    Attributes:
        stride: Factor around 1.
        arm_swing: Factor around 1.
        arm_spread: Degrees by which the arms stand off.
        lean: Degrees forward.
        elbow: Degrees; the lower, the more it is bent.
        toe_out: Degrees.
    """

    stride: float
    arm_swing: float
    arm_spread: float
    lean: float
    elbow: float
    toe_out: float


def draw_gait(rng: np.random.Generator) -> Gait:
    """Gait of a person, drawn from their generator."""
    return Gait(
        stride=rng.uniform(0.7, 1.25),
        arm_swing=rng.uniform(0.5, 1.4),
        arm_spread=rng.uniform(-3, 9),
        lean=rng.normal(2, 3),
        elbow=rng.uniform(-26, 2),
        toe_out=rng.uniform(-2, 10),
    )


def draw_pose(rng: np.random.Generator, gait: Gait, frame: int | None = None) -> dict[str, np.ndarray]:
    """Pose of one image.

    Args:
        rng: Generator of the image.
        gait: How the person walks.
        frame: Frame of a walk, from 0; equal generators then give one walk, step by step. None: a picture of its own,
            on which a person may stand.

    Returns:
        (3, 3) float64 rotations in the axes of the rest pose (x left, y back, z up) by bone name.
    """
    walking = rng.random() < 0.8 or frame is not None
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * (frame or 0) / _FRAMES_A_CYCLE
    stride = gait.stride * (rng.uniform(0.8, 1.1) if walking else 0.12)
    swing = gait.arm_swing * stride
    head = rng.normal(0, [6, 3, 14])
    rotations = {
        "spine05": _degrees(x=gait.lean * 0.5),
        "spine03": _degrees(x=gait.lean * 0.5, z=5 * stride * np.sin(phase)),
        "neck01": _degrees(x=head[0] * 0.5, z=head[2] * 0.5),
        "head": _degrees(x=head[0] * 0.5, y=head[1], z=head[2] * 0.5),
    }
    for side, sign, leg_phase in (("L", 1, phase), ("R", -1, phase + np.pi)):
        thigh = 24 * stride * np.sin(leg_phase)
        # The knee bends while the leg swings forward, a quarter of a cycle before the thigh is foremost.
        knee = 4 + 42 * stride * max(0.0, np.cos(leg_phase)) ** 2
        rotations[f"upperleg01.{side}"] = _degrees(x=-thigh, y=sign * 6, z=sign * gait.toe_out)
        rotations[f"lowerleg01.{side}"] = _degrees(x=knee)
        rotations[f"foot.{side}"] = _degrees(x=-0.3 * knee)
        arm = -20 * swing * np.sin(leg_phase) + rng.normal(0, 4)
        down = _ARM_DOWN - gait.arm_spread + rng.normal(0, 3)
        rotations[f"shoulder01.{side}"] = _degrees(y=sign * 0.3 * down)
        rotations[f"upperarm01.{side}"] = _degrees(x=-arm) @ _degrees(y=sign * 0.7 * down)
        rotations[f"lowerarm01.{side}"] = _degrees(x=-gait.elbow - max(0.0, arm) * 0.6 - rng.uniform(0, 6))
        curl = Rotation.from_rotvec(np.radians(rng.uniform(8, 38)) * _KNUCKLES * [1, sign, sign]).as_matrix()
        rotations.update({f"{joint}.{side}": curl for joint in _FINGER_JOINTS})
    if rng.random() < 0.08:
        # A hand is raised: someone looks at a telephone, or waves.
        side = rng.choice(["L", "R"])
        rotations[f"lowerarm01.{side}"] = _degrees(x=-rng.uniform(50, 95))
    return rotations


def _degrees(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    return Rotation.from_euler("xyz", [x, y, z], degrees=True).as_matrix()
