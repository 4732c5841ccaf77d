import numpy as np
import pytest

from rendered_people.person.poses import Gait, draw_gait, draw_pose

STILL = Gait(stride=1.0, arm_swing=1.0, arm_spread=0.0, lean=0.0, elbow=0.0, toe_out=0.0)


def angle(rotation):
    return np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1)))


@pytest.mark.parametrize("seed", range(20))
def test_poses_are_rotations_of_bones_that_the_body_has(seed, body):
    rng = np.random.default_rng(seed)
    pose = draw_pose(rng, draw_gait(rng))
    assert set(pose) <= set(body.bone_names)
    for rotation in pose.values():
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(np.linalg.det(rotation), 1)
    for name, most in (("head", 60), ("lowerleg01.L", 75), ("upperleg01.R", 60), ("spine05", 15)):
        assert angle(pose[name]) < most


def test_legs_step_in_turn():
    thighs = []
    for seed in range(60):
        pose = draw_pose(np.random.default_rng(seed), STILL)
        # Forward (-y) share of where the leg, which hangs down, points.
        thighs.append([-(pose[f"upperleg01.{side}"] @ [0, 0, -1])[1] for side in "LR"])
    left, right = np.array(thighs).T
    assert np.corrcoef(left, right)[0, 1] < -0.9
    assert left.std() > 0.1


def test_a_longer_stride_swings_further():
    def spread(stride):
        gait = Gait(stride, 1.0, 0.0, 0.0, 0.0, 0.0)
        return np.mean([angle(draw_pose(np.random.default_rng(s), gait)["upperleg01.L"]) for s in range(40)])

    assert spread(1.25) > spread(0.7) + 2


def test_the_same_draw_is_the_same_pose():
    first, again = (draw_pose(np.random.default_rng(3), STILL) for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_a_walk_goes_on_from_frame_to_frame_and_comes_round():
    frames = [draw_pose(np.random.default_rng(3), STILL, frame) for frame in range(26)]
    thighs = [pose["upperleg01.L"] for pose in frames]
    steps = [angle(after @ before.T) for before, after in zip(thighs, thighs[1:], strict=False)]
    assert max(steps) < 15
    assert sum(steps) > 20
    assert np.allclose(thighs[0], thighs[25])
    assert all(np.array_equal(pose["head"], frames[0]["head"]) for pose in frames)
