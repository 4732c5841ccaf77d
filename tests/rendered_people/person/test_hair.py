import numpy as np

from rendered_people.labels import LABEL_ID
from rendered_people.person.hair import draw_hair_style, hair_parts


def test_hair_is_of_the_head_and_gives_way_to_hats(body, wearer):
    kinds = set()
    for seed in range(80):
        style = draw_hair_style(np.random.default_rng(seed), female=seed % 2 == 0, age=0.3, darkness=0.3)
        if style.kind in kinds:
            continue
        kinds.add(style.kind)
        parts = hair_parts(body, *wearer, style)
        assert (style.kind == "bald") == (not parts)
        covered = hair_parts(body, *wearer, style, under_hat=True)
        for bare, under in zip(parts, covered, strict=True):
            assert set(np.unique(bare.labels)) == {LABEL_ID["Hair"]}
            assert (under.keep <= bare.keep).all()
            assert (under.keep[bare.reference[:, 2] > 0.8] < 0).all()
    assert len(kinds) >= 12
