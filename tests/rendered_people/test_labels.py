from rendered_people.labels import LABEL_ID, LIP_LABELS


def test_there_are_twenty_lip_labels():
    assert len(LIP_LABELS) == len(set(LIP_LABELS)) == 20
    assert [LABEL_ID[n] for n in ("Background", "Hat", "Hair", "Face", "Right-shoe")] == [0, 1, 2, 13, 19]
