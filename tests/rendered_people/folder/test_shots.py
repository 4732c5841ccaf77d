import dataclasses

import pytest

from rendered_people.folder.shots import Shot


def test_shots_are_ordered_as_the_benchmark_is_filled():
    """By site, person, outfit, camera and frame; a view's pictures before the frames of its walk that stand there."""
    ordered = [
        Shot(0, 0, 0, 0, 0),
        Shot(0, 0, 0, 0, 0, walks=True),
        Shot(0, 0, 0, 0, 1),
        Shot(0, 0, 0, 1, 0),
        Shot(0, 0, 1, 0, 0),
        Shot(0, 1, 0, 0, 0),
        Shot(1, 0, 0, 0, 0),
    ]
    assert sorted({*ordered}) == ordered


def test_a_picture_and_a_frame_of_a_walk_are_two_images():
    picture, frame = Shot(0, 1, 2, 3, 4), Shot(0, 1, 2, 3, 4, walks=True)
    assert picture != frame
    assert len({picture: "a", frame: "b"}) == 2
    assert Shot(0, 1, 2, 3, 4) == picture
    assert hash(Shot(0, 1, 2, 3, 4)) == hash(picture)


def test_a_shot_stays_what_it_is():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Shot(0, 0, 0, 0, 0).frame = 1
