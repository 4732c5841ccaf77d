import numpy as np

from rendered_people.labels import LABEL_ID


def test_the_same_image_twice_has_the_same_pixels_and_another_frame_has_others(studio):
    first = studio.photograph(0, 0, 0, 0, 64, 32)
    studio.photograph(1, 1, 2, 5, 64, 32)
    again = studio.photograph(0, 0, 0, 0, 64, 32)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], studio.photograph(0, 0, 0, 1, 64, 32)[0])


def test_labels_follow_what_is_worn(studio):
    named = {"top": "Upper-clothes", "coat": "Coat", "trousers": "Pants", "skirt": "Skirt", "dress": "Dress"}
    for person in range(6):
        identity, _, _ = studio._dressed(person, 0)
        garments = studio.wardrobe.outfit(person, 0, female=identity.is_female).garments
        worn = {LABEL_ID[named[g.kind]] for g in garments if g.kind in named}
        found = set()
        for frame in range(3):
            found |= set(np.unique(studio.photograph(person, 0, 0, frame, 128, 64)[1]))
        assert found & {LABEL_ID[name] for name in named.values()} <= worn
        assert found & worn
        assert found & {LABEL_ID["Face"], LABEL_ID["Hair"], LABEL_ID["Hat"]}
