import numpy as np

from rendered_people.person.people import draw_person
from rendered_people.person.shape_controls import LINKED_CONTROLS


def test_a_person_depends_on_seed_and_index_alone():
    first, again = draw_person(0, 5), draw_person(0, 5)
    assert first.phenotype == again.phenotype
    assert first.shape_changes == again.shape_changes
    np.testing.assert_array_equal(first.skin, again.skin)
    assert draw_person(0, 6).phenotype != first.phenotype
    assert draw_person(1, 5).phenotype != first.phenotype


def test_values_lie_in_the_ranges_that_the_body_knows():
    for index in range(60):
        person = draw_person(2, index)
        assert all(0 <= value <= 1 for value in person.phenotype.values())
        assert all(-1 <= value <= 1 for value in person.shape_changes.values())
        assert (person.skin > 0).all()
        assert (person.skin < 1).all()


def test_both_sides_of_a_face_agree():
    changes = draw_person(0, 0).shape_changes
    for labels in LINKED_CONTROLS:
        assert len({changes[label] for label in labels}) == 1


def test_people_differ_in_what_stays_visible_in_other_clothes():
    people = [draw_person(0, index) for index in range(50)]
    assert len({person.hair.kind for person in people}) > 8
    assert len({person.face.beard_kind for person in people}) > 3
    assert np.std([person.skin.mean() for person in people]) > 0.1
    assert 10 < sum(person.is_female for person in people) < 40


def test_shapes_reach_the_mesh(body):
    first, second = (body.rest(p.phenotype, p.shape_changes).vertices for p in (draw_person(0, 0), draw_person(0, 1)))
    assert first.shape == (19158, 3)
    assert np.abs(first - second).max() > 0.02
