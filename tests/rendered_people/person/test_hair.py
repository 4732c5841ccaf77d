from dataclasses import replace

import numpy as np

from rendered_people.labels import LABEL_ID
from rendered_people.person.hair import UNSEEN_KINDS, draw_hair_style, hair_parts


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


def test_unseen_cuts_are_hair_of_other_shapes(body, wearer):
    bald = replace(draw_hair_style(np.random.default_rng(0), female=True, age=0.3, darkness=0.3), kind="crew")
    ordinary = hair_parts(body, *wearer, bald)
    extents = {"crew": np.ptp(ordinary[0].vertices[ordinary[0].keep > 0], axis=0)}
    for kind in UNSEEN_KINDS:
        style = replace(bald, kind=kind, thickness=0.08 if kind == "mohawk" else 0.014, length=0.3)
        parts = hair_parts(body, *wearer, style)
        assert {int(label) for part in parts for label in part.labels} == {LABEL_ID["Hair"]}
        extents[kind] = np.ptp(np.concatenate([part.vertices[part.keep >= 0] for part in parts]), axis=0)
    across, _, up = np.array([extents["pigtails"], extents["mohawk"], extents["beehive"]]).T
    assert across[0] > extents["crew"][0] + 0.05
    assert up[1] > extents["crew"][2] + 0.04
    assert up[2] > extents["crew"][2] + 0.06
