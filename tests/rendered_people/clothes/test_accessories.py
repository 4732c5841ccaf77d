import numpy as np
import pytest

from rendered_people.clothes.accessories import bag_body, hat_parts, strap_field
from rendered_people.clothes.cloth import draw_cloth
from rendered_people.clothes.cuts import BodyMap
from rendered_people.clothes.wardrobe import Garment
from rendered_people.labels import LABEL_ID

CLOTH = draw_cloth(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("style", "parts"), [("beanie", 1), ("cap", 2), ("brimmed", 2), ("bucket", 2), ("sun", 2), ("helmet", 1)]
)
def test_hats_lie_over_the_hair_and_some_have_a_brim(body, wearer, style, parts):
    def crown(hair):
        found = hat_parts(body, *wearer, Garment("hat", CLOTH, looseness=0.012, style=style), hair)
        assert len(found) == parts
        assert {int(label) for part in found for label in part.labels} == {LABEL_ID["Hat"]}
        return found

    def height(part):
        on_top = np.unique(part.faces)
        return np.linalg.norm(part.vertices - wearer[0].vertices, axis=1)[on_top] if part.keep.size else None

    flat, thick = crown(0.0)[0], crown(0.02)[0]
    np.testing.assert_allclose(height(thick) - height(flat), 0.02, atol=1e-6)
    np.testing.assert_allclose(height(crown(0.5)[0]), height(thick), atol=1e-9, err_msg="no hat is blown up by an afro")


def test_a_caps_peak_looks_forward_and_a_brim_goes_round(body, wearer):
    def y(style):
        return hat_parts(body, *wearer, Garment("hat", CLOTH, style=style), 0.0)[1].reference[:, 1]

    assert y("cap").max() < -0.035
    assert y("brimmed").max() > 0.05


@pytest.mark.parametrize("style", ["backpack", "shoulder"])
def test_bags_hang_on_the_trunk_and_are_background_to_lip(body, style):
    garment, places = Garment("bag", CLOTH, style=style), BodyMap(body)
    strap = strap_field(places, garment) >= 0
    assert strap.any()
    assert not (strap & (places.on_arm | places.on_head)).any()
    part = bag_body(body, np.array([0.0, 0.0, 0.1]), garment)
    assert set(part.labels.tolist()) == {LABEL_ID["Background"]}
    np.testing.assert_allclose(part.vertices - part.reference, [[0, 0, 0.1]] * len(part.vertices))
    np.testing.assert_array_equal(part.bone_weights, 1)
    centre = part.reference.mean(axis=0)
    assert (centre[1] > 0.1) == (style == "backpack")
    assert (abs(centre[0]) > 0.1) == (style == "shoulder")


def test_a_backpack_has_two_straps_and_a_shoulder_bag_one(body):
    places = BodyMap(body)
    x = places.reference[:, 0]
    level = np.abs(places.reference[:, 2] - 0.4) < 0.03
    pair = strap_field(places, Garment("bag", CLOTH, style="backpack")) >= 0
    single = strap_field(places, Garment("bag", CLOTH, style="shoulder")) >= 0
    assert (x[pair & level] > 0).any()
    assert (x[pair & level] < 0).any()
    assert len(np.unique(np.sign(x[single & level]))) == 1
