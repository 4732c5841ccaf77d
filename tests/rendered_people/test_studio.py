import numpy as np
import pytest

from rendered_people.camera.variety import Variety
from rendered_people.clothes.unseen import UnseenLooks
from rendered_people.labels import LABEL_ID
from rendered_people.studio import Studio


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


@pytest.mark.parametrize(("kind", "label"), [("hair", "Hair"), ("hats", "Hat")])
def test_unseen_looks_change_those_they_are_drawn_for_alone(studio, body, kind, label):
    looks = UnseenLooks(kind, 0.5)
    other = Studio(studio.seed, studio.wardrobe, body, looks)
    shown = set()
    for person in range(4):
        before, after = (one.photograph(person, 0, 0, 0, 128, 64) for one in (studio, other))
        assert np.array_equal(before[0], after[0]) != looks.changes(studio.seed, person, 0)
        if looks.changes(studio.seed, person, 0):
            shown |= set(np.unique(after[1]))
    assert LABEL_ID[label] in shown


def test_a_site_with_smaller_images_has_maps_of_their_sizes_and_a_walk_keeps_its_size(studio, body):
    varied = Studio(studio.seed, studio.wardrobe, body, variety=Variety(0.5, 0.1, 0.03, 0.4))
    shown = [varied.photograph(0, 0, 0, frame, 96, 48) for frame in range(4)]
    sizes = {image.shape[:2] for image, _ in shown}
    assert len(sizes) > 1
    assert all(image.shape[:2] == labels.shape for image, labels in shown)
    assert all(38 <= height <= 96 and abs(height - 2 * width) <= 2 for height, width in sizes)
    assert len({varied.photograph(0, 0, 0, frame, 96, 48, walks=True)[1].shape for frame in range(3)}) == 1
    again = varied.photograph(0, 0, 0, 1, 96, 48)
    assert np.array_equal(again[0], shown[1][0])
