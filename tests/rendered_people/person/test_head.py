import numpy as np

from rendered_people.labels import LABEL_ID
from rendered_people.person.body import REFERENCE_PHENOTYPE
from rendered_people.person.head import HeadFrame


def test_a_head_frame_carries_the_reference_head_onto_the_persons(body, wearer):
    rest_body, head = wearer
    on_head = (body.limb_weights["head"] > 0.9) & (body.reference[:, 2] > 0.66)
    on_head[body.groups["body"].max() + 1 :] = False
    placed, own = head.place(body.reference[on_head]), rest_body.vertices[on_head]
    np.testing.assert_allclose(placed.mean(axis=0), own.mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(placed.std(axis=0), own.std(axis=0), atol=1e-9)
    assert np.linalg.norm(placed - own, axis=1).max() < 0.04


def test_the_reference_body_has_the_frame_of_its_own_size(body):
    head = HeadFrame(body, body.rest(REFERENCE_PHENOTYPE, {}))
    np.testing.assert_allclose(head.scale, 1, atol=0.02)


def test_what_sits_on_the_head_moves_with_it_and_below_the_chin_with_the_back(body, wearer):
    reference = np.array([[0.0, 0.0, 0.8], [0.0, 0.0, 0.66], [0.0, 0.1, 0.3]])
    part = wearer[1].part(reference, np.array([[0, 1, 2]], dtype=np.int32), LABEL_ID["Hair"], None)
    assert [body.bone_names[i] for i in part.bone_indices[0]] == ["head", "spine01"]
    np.testing.assert_allclose(part.bone_weights, [[1, 0], [1, 0], [0.2, 0.8]])
    np.testing.assert_array_equal(part.keep, 0)
    np.testing.assert_array_equal(part.labels, LABEL_ID["Hair"])
