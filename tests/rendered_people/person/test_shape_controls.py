from rendered_people.person.shape_controls import LINKED_CONTROLS, SHAPE_CONTROLS


def test_every_control_is_one_that_the_body_knows(body):
    changes = dict.fromkeys(SHAPE_CONTROLS, 0.0)
    assert len(changes) == len(SHAPE_CONTROLS), "a control is named twice"
    assert body.rest({}, changes).vertices.shape == (19158, 3)


def test_pairs_are_of_the_left_and_right_side():
    for labels, spread in LINKED_CONTROLS.items():
        assert 0 < spread <= 0.6
        assert len(labels) == 1 or [label[0] for label in labels] == ["l", "r"]
        assert len({label.split("-", 1)[1] for label in labels}) == 1
