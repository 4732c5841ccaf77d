import numpy as np
import pytest

from rendered_people.disturb import KINDS, STRENGTHS


def test_kinds_and_strengths():
    assert list(KINDS) == ["blur", "low-light", "occlusion", "crop", "parser", "hair", "hats"]
    assert STRENGTHS == (1, 2, 3)
    assert [name for name, kind in KINDS.items() if kind.spoil is None] == ["hair", "hats"]


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.spoil is not None])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_what_a_kind_is_said_to_change_is_what_it_changes(name, strength):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 32, 3), dtype=np.uint8)
    labels = np.zeros((64, 32), dtype=np.uint8)
    labels[10:30, 8:24], labels[30:60, 8:24] = 5, 9
    found = KINDS[name].spoil(image, labels, np.random.default_rng(1), strength)
    changes = [not np.array_equal(one, other) for one, other in zip(found, (image, labels), strict=True)]
    assert changes == [KINDS[name].changes_image, KINDS[name].changes_map]
