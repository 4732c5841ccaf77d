from collections import Counter

import numpy as np
import pytest

from rendered_people.clothes.wardrobe import Wardrobe


def seeds(wardrobe, people, outfits, kind):
    """Noise seeds, unique to a garment, of all garments of a kind: (person, outfit) -> seed."""
    found = {}
    for person in range(people):
        for outfit in range(outfits):
            garment = wardrobe.outfit(person, outfit, female=False).find(kind)
            if garment is not None:
                found[person, outfit] = garment.cloth.seed
    return found


def test_without_sharing_every_garment_is_its_owners_own():
    for kind in ("top", "trousers", "shoes"):
        found = seeds(Wardrobe(0, 0.0, 5), 20, 3, kind)
        assert len(set(found.values())) == len(found)


def test_with_full_sharing_all_garments_come_from_the_stock():
    for kind in ("top", "trousers", "shoes", "coat"):
        assert len(set(seeds(Wardrobe(0, 1.0, 5), 30, 3, kind).values())) == 5


@pytest.mark.parametrize("shared", [0.0, 0.5, 1.0])
def test_no_two_outfits_of_a_person_share_a_top(shared):
    found = seeds(Wardrobe(1, shared, 3), 40, 3, "top")
    assert all(len({found[person, outfit] for outfit in range(3)}) == 3 for person in range(40))


def test_the_share_of_shared_garments_follows_the_knob():
    counts = [
        np.mean([count > 1 for count in (lambda c: [c[s] for s in c.elements()])(Counter(found.values()))])
        for found in (seeds(Wardrobe(0, shared, 4), 60, 2, "top") for shared in (0.1, 0.4, 0.8))
    ]
    assert counts[0] < 0.25 < counts[1] < 0.6 < counts[2]


def test_dresses_are_for_those_who_wear_them():
    wardrobe = Wardrobe(0, 0.5, 5)
    assert not any(wardrobe.outfit(person, 0, female=False).find("dress") for person in range(60))
    worn = [wardrobe.outfit(person, 0, female=True) for person in range(60)]
    assert any(outfit.find("dress") for outfit in worn)
    assert all((outfit.find("dress") is None) == (outfit.find("top") is not None) for outfit in worn)
    assert all(
        (outfit.find("dress") is None) != (not outfit.find("trousers") and not outfit.find("skirt")) for outfit in worn
    )


def test_garments_come_from_the_skin_outwards():
    order = ["socks", "shoes", "trousers", "skirt", "dress", "top", "coat", "scarf", "hat", "bag"]
    wardrobe = Wardrobe(0, 0.5, 5)
    seen = set()
    for person in range(80):
        kinds = [garment.kind for garment in wardrobe.outfit(person, 0, female=person % 2 == 0).garments]
        assert [order.index(kind) for kind in kinds] == sorted(order.index(kind) for kind in kinds)
        seen.update(kinds)
    assert seen == set(order)


def test_a_season_dresses_its_site():
    def shares(warmth):
        wardrobe = Wardrobe(0, 0.5, 5, warmth)
        outfits = [wardrobe.outfit(person, 0, female=person % 2 == 0) for person in range(200)]
        worn = {
            kind: np.mean([outfit.find(kind) is not None for outfit in outfits]) for kind in ("coat", "scarf", "hat")
        }
        tops = [top for outfit in outfits if (top := outfit.find("top"))]
        legs = [trousers for outfit in outfits if (trousers := outfit.find("trousers"))]
        bare = np.mean([top.sleeve < 0.25 for top in tops])
        return {**worn, "bare arms": bare, "shorts": np.mean([trousers.hem > -0.6 for trousers in legs])}

    winter, all_seasons, summer = shares(0.0), shares(None), shares(1.0)
    for cold in ("coat", "scarf", "hat"):
        assert winter[cold] > all_seasons[cold] > summer[cold]
    for warm in ("bare arms", "shorts"):
        assert winter[warm] < all_seasons[warm] < summer[warm]
    assert winter["shorts"] == 0
    assert summer["coat"] < 0.1
