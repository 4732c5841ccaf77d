import numpy as np
import pytest

from rendered_people.clothes.unseen import LOOKS, UNSEEN_HATS, UnseenLooks
from rendered_people.clothes.wardrobe import Outfit, Wardrobe, _draw_hat
from rendered_people.person.hair import UNSEEN_KINDS, draw_hair_style

WARDROBE = Wardrobe(0, 0.5, 5)


def style(seed=0, *, female=True):
    return draw_hair_style(np.random.default_rng(seed), female=female, age=0.3, darkness=0.3)


@pytest.mark.parametrize("kind", LOOKS)
def test_who_changes_follows_the_share_and_grows_with_it(kind):
    def changed(share):
        looks = UnseenLooks(kind, share)
        return {(p, o) for p in range(60) for o in range(3) if looks.changes(7, p, o)}

    few, most, all_of_them = changed(1 / 3), changed(2 / 3), changed(1)
    assert few < most < all_of_them
    assert len(all_of_them) == 180
    assert len(few) == pytest.approx(60, abs=25)
    if kind == "hair":
        assert {p for p, _ in few} == {p for p in range(60) if {(p, 0), (p, 1), (p, 2)} <= few}


def test_a_cut_is_of_a_kind_that_nobody_has_and_is_the_persons_in_every_outfit():
    looks = UnseenLooks("hair", 1.0)
    cuts = [looks.hair(7, person, 0, style()) for person in range(40)]
    assert {cut.kind for cut in cuts} == set(UNSEEN_KINDS)
    ordinary = {style(seed, female=bool(seed % 2)).kind for seed in range(300)}
    assert not ordinary & set(UNSEEN_KINDS)
    again = looks.hair(7, 3, 2, style())
    assert (again.kind, again.seed, again.colour.tolist()) == (cuts[3].kind, cuts[3].seed, cuts[3].colour.tolist())
    assert UnseenLooks("hair", 1.0, seed=1).hair(7, 3, 0, style()).seed != cuts[3].seed


def test_a_hat_is_of_a_style_that_nobody_wears_and_takes_the_place_of_another():
    looks = UnseenLooks("hats", 1.0)
    hats = []
    for person in range(40):
        before = WARDROBE.outfit(person, 0, female=False)
        after = looks.clothes(7, person, 0, before)
        hats.append(after.find("hat").style)
        assert after.garments[:-1] == tuple(garment for garment in before.garments if garment.kind != "hat")
    assert set(hats) == set(UNSEEN_HATS)
    assert not {_draw_hat(np.random.default_rng(seed)).style for seed in range(100)} & set(UNSEEN_HATS)


def test_who_does_not_change_keeps_what_they_have():
    hair, outfit = style(), Outfit()
    for kind in LOOKS:
        none = UnseenLooks(kind, 0.0)
        assert none.hair(7, 0, 0, hair) is hair
        assert none.clothes(7, 0, 0, outfit) is outfit
    assert UnseenLooks("hats", 1.0).hair(7, 0, 0, hair) is hair
    assert UnseenLooks("hair", 1.0).clothes(7, 0, 0, outfit) is outfit
