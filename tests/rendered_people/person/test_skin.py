from dataclasses import replace

import numpy as np
import pytest

from rendered_people.labels import LABEL_ID
from rendered_people.person.people import draw_person
from rendered_people.person.skin import EyeMaterial, PlainMaterial, SkinMaterial, beard_field, glasses_part, skin_parts

LIPS, CHIN, CHEEK = (0.0, -0.14, 0.666), (0.0, -0.13, 0.637), (0.05, -0.1, 0.70)


def albedo(person, *places):
    reference = np.array(places)
    return SkinMaterial(person).albedo(reference, reference[:, [0, 2]])


@pytest.fixture(scope="module")
def person():
    found = draw_person(0, 0)
    return replace(found, face=replace(found.face, beard_kind="none", freckles=0.0, lip_redness=1.0, blush=0.0))


def test_lips_are_red_and_hands_are_plain_skin(person):
    lips, cheek = albedo(person, LIPS, CHEEK)
    assert lips[0] / lips[1] > 1.5 * cheek[0] / cheek[1]
    hand = albedo(person, (0.6, 0.0, 0.0))[0]
    np.testing.assert_allclose(hand / person.skin, hand[0] / person.skin[0])
    assert 0.95 < hand[0] / person.skin[0] < 1.05


def test_beards_have_the_colour_of_the_hair_where_they_grow(person):
    bearded = replace(person, face=replace(person.face, beard_kind="full"))
    hair = person.hair.natural_colour
    before, after = albedo(person, CHIN)[0], albedo(bearded, CHIN)[0]
    assert np.linalg.norm(after - 0.9 * hair) < 0.2 * np.linalg.norm(before - 0.9 * hair)
    forehead = (0.0, -0.13, 0.79)
    np.testing.assert_array_equal(albedo(person, forehead), albedo(bearded, forehead))


@pytest.mark.parametrize("kind", ["none", "stubble", "moustache", "goatee", "full"])
def test_beard_fields_are_strengths(kind):
    x, z = np.meshgrid(np.linspace(0, 0.08, 30), np.linspace(0.6, 0.8, 40))
    field = beard_field(x.ravel(), z.ravel(), np.full(x.size, -0.12), kind)
    assert field.min() >= 0
    assert field.max() <= 1
    assert (field.max() > 0.3) == (kind != "none")
    assert not field[z.ravel() > 0.75].any(), "no beard grows above the cheeks"


def test_eyes_have_pupil_iris_and_white():
    material = EyeMaterial(np.array([0.1, 0.3, 0.5]))
    reference = np.array([[0.0314, -0.1, 0.7423], [-0.0314, -0.1, 0.7423 + 0.006], [0.0314 + 0.01, -0.1, 0.7423]])
    np.testing.assert_allclose(material.albedo(reference, reference[:, :2]), [[0.01] * 3, [0.1, 0.3, 0.5], [0.72] * 3])


def test_plain_is_plain():
    np.testing.assert_array_equal(
        PlainMaterial(np.arange(3.0)).albedo(np.zeros((2, 3)), np.zeros((2, 2))), [[0, 1, 2]] * 2
    )


def test_skin_is_labelled_by_limb_and_cut_where_it_is_hidden(body, wearer, person):
    hidden = np.where(body.reference[:, 2] < 0, 0.1, -0.1)
    skin, eyes = skin_parts(body, wearer[0], person, hidden)
    names = {"Face", "Left-arm", "Right-arm", "Left-leg", "Right-leg"}
    assert set(np.unique(skin.labels)) == {LABEL_ID[name] for name in names}
    centre = body.reference[skin.faces].mean(axis=1)
    for name in ("arm", "leg"):
        assert centre[skin.labels == LABEL_ID[f"Left-{name}"], 0].min() > 0
        assert centre[skin.labels == LABEL_ID[f"Right-{name}"], 0].max() < 0
    np.testing.assert_array_equal(skin.keep, -hidden)
    assert (eyes.keep == 0).all()


@pytest.mark.parametrize("glasses", ["round", "square"])
def test_glasses_sit_before_the_eyes_on_both_sides_alike(wearer, person, glasses):
    part = glasses_part(wearer[1], replace(person.face, glasses=glasses))
    assert set(np.unique(part.labels)) == {LABEL_ID["Sunglasses"]}
    assert part.faces.max() == len(part.vertices) - 1
    mirrored = part.reference * [-1, 1, 1]
    apart = np.linalg.norm(part.reference[:, None] - mirrored, axis=2)
    assert apart.min(axis=1).max() < 1e-6
    front = part.reference[part.reference[:, 1] < -0.12]
    assert front[:, 2].min() > 0.70
    assert front[:, 2].max() < 0.77
