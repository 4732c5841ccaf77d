import numpy as np
import pytest

from rendered_people import RenderingError
from rendered_people.person.body import BodyModel, read_face_groups
from rendered_people.render.mesh import triangles


def test_face_groups_are_read_by_name(tmp_path):
    path = tmp_path / "mesh.obj"
    path.write_text("v 0 0 0\ng body\nf 1/1 2/2 3/3 4/4\ng hat\nf 2 3 4 5\ng body\nf 5/1 6/2 7/3 8/4\n")
    groups = read_face_groups(path)
    assert groups["body"].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert groups["hat"].tolist() == [[1, 2, 3, 4]]
    assert triangles(groups["hat"]).tolist() == [[1, 2, 3], [1, 3, 4]]


def test_what_anny_cannot_read_or_write_is_told_with_its_place(monkeypatch, tmp_path):
    import anny
    from safetensors import SafetensorError

    monkeypatch.setattr("anny.paths.get_anny_cache_path", lambda: tmp_path)
    for error in (OSError(28, "No space left on device"), SafetensorError("HeaderTooLarge")):

        def fail(*_, _error=error, **__):
            raise _error

        monkeypatch.setattr(anny, "Anny", fail)
        with pytest.raises(RenderingError, match=f"keeps in {tmp_path} .*; remove that folder.* ANNY_CACHE_DIR"):
            BodyModel()


def test_limbs_share_each_vertex_out(body):
    np.testing.assert_allclose(sum(body.limb_weights.values()), body.bone_weights.sum(axis=1))
    left, right = body.limb_weights["left-arm"] > 0.9, body.limb_weights["right-arm"] > 0.9
    assert body.reference[left, 0].min() > 0 > body.reference[right, 0].max()


def test_the_reference_body_stands_at_the_origin_and_looks_along_minus_y(body):
    assert abs(body.reference[:, 0].mean()) < 0.01
    assert body.reference_joints["wrist.L"][0] > 0 > body.reference_joints["wrist.R"][0]
    eyes = np.unique(np.concatenate([body.groups["helper-l-eye"], body.groups["helper-r-eye"]]))
    assert body.reference[eyes, 1].max() < -0.05


def test_a_pose_moves_what_it_names_and_leaves_the_rest(body, wearer):
    rest_body, _ = wearer
    still = body.bone_transforms(rest_body, {})
    turn = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    bent = body.bone_transforms(rest_body, {"lowerarm01.L": turn})
    moved = [name for name, a, b in zip(body.bone_names, still, bent, strict=True) if not np.allclose(a, b, atol=1e-6)]
    assert "lowerarm01.L" in moved
    assert "wrist.L" in moved
    assert not {name for name in moved if name.endswith(".R")}
