import numpy as np
import pytest

from rendered_people.clothes.cloth import draw_cloth
from rendered_people.clothes.cuts import NOWHERE, BodyMap
from rendered_people.clothes.wardrobe import Garment


@pytest.fixture(scope="module")
def places(body):
    return BodyMap(body)


def garment(kind, **settings):
    return Garment(kind, draw_cloth(np.random.default_rng(0)), **settings)


def test_places_are_told_apart(places):
    assert not (places.on_arm & places.on_leg).any()
    assert not (places.on_arm & places.on_head).any()
    for part in (places.on_arm, places.on_leg, places.on_head):
        assert 500 < part.sum() < len(part) / 2


def test_along_an_arm_metres_grow_towards_the_wrist(places):
    along, x = places.along_arm, np.abs(places.reference[:, 0])
    assert (along[~places.on_arm] < 0).all()
    assert np.corrcoef(along[places.on_arm], x[places.on_arm])[0, 1] > 0.9
    assert 0.5 < along.max() < 0.9


@pytest.mark.parametrize("kind", ["top", "dress", "coat"])
def test_a_top_ends_at_hem_sleeve_and_neck(places, kind):
    cut = places.cut(garment(kind, sleeve=0.3, hem=-0.1, style="round"))
    z, worn = places.reference[:, 2], cut >= 0
    assert worn.any()
    assert (z[worn & ~places.on_arm] >= -0.1).all()
    assert (places.along_arm[worn & places.on_arm] <= 0.3).all()
    assert (z[worn] < 0.6).all()
    longer = places.cut(garment(kind, sleeve=0.5, hem=-0.3, style="round"))
    assert (longer >= cut).all()


@pytest.mark.parametrize("style", ["round", "v", "high", "hood"])
def test_necklines_differ_and_only_the_high_one_reaches_the_throat(places, style):
    cut = places.cut(garment("top", sleeve=0.3, hem=0.0, style=style))
    front = (places.reference[:, 1] < -0.03) & (np.abs(places.reference[:, 0]) < 0.02) & (cut >= 0)
    top = places.reference[front, 2].max()
    assert {"v": 0.4 < top < 0.5, "high": top > 0.58}.get(style, 0.5 < top < 0.58)


def test_an_open_coat_leaves_the_front_bare_and_a_closed_one_does_not(places):
    middle = (np.abs(places.reference[:, 0]) < 0.03) & (places.reference[:, 1] < -0.05)
    middle &= (places.reference[:, 2] > 0.1) & (places.reference[:, 2] < 0.4) & ~places.on_arm
    assert middle.sum() > 10
    assert (places.cut(garment("coat", sleeve=0.5, hem=-0.1, style="open"))[middle] < 0).all()
    assert (places.cut(garment("coat", sleeve=0.5, hem=-0.1, style="closed"))[middle] >= 0).all()


def test_trousers_shoes_and_scarves_stay_where_they_belong(places):
    z = places.reference[:, 2]
    trousers = places.cut(garment("trousers", hem=-0.9)) >= 0
    assert not (trousers & places.on_arm).any()
    assert z[trousers].min() >= -0.9
    shoes = places.cut(garment("shoes", hem=-0.85)) >= 0
    assert shoes.any()
    assert (shoes <= places.on_leg).all()
    assert z[shoes].max() <= -0.85
    scarf = places.cut(garment("scarf")) >= 0
    assert scarf.any()
    assert z[scarf].min() > 0.5
    np.testing.assert_array_equal(places.cut(garment("shoes", hem=-0.85))[~places.on_leg], NOWHERE)


def test_skirts_hang_from_the_waist_and_coats_below_it(places):
    z = places.reference[:, 2]
    skirt = places.cut_below_waist(garment("skirt", hem=-0.5)) >= 0
    coat = places.cut_below_waist(garment("coat", hem=-0.5)) >= 0
    assert z[skirt].max() > z[coat].max()
    assert min(z[skirt].min(), z[coat].min()) >= -0.5
