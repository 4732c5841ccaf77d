import numpy as np
import pytest

from rendered_people.clothes.cloth import draw_cloth
from rendered_people.clothes.garments import Tailor
from rendered_people.clothes.wardrobe import Garment, Outfit
from rendered_people.labels import LABEL_ID
from rendered_people.render.mesh import vertex_normals


@pytest.fixture(scope="module")
def tailor(body):
    return Tailor(body)


def cloth(seed=0, **options):
    return draw_cloth(np.random.default_rng(seed), **options)


def parts_of(tailor, wearer, *garments):
    return tailor.parts(*wearer, Outfit(garments), 0.02)


def test_longer_sleeves_and_legs_hide_more_skin(tailor):
    def hidden(*garments):
        return tailor.hidden_skin(Outfit(garments)) > 0

    short = hidden(Garment("top", cloth(), sleeve=0.1, hem=0.0), Garment("trousers", cloth(), hem=-0.4))
    long = hidden(Garment("top", cloth(), sleeve=0.5, hem=0.0), Garment("trousers", cloth(), hem=-0.9))
    assert (long | ~short).all()
    assert long.sum() > short.sum() > 0
    on_head = tailor.body.limb_weights["head"] > 0.5
    assert not long[on_head].any()


def test_garments_lie_outside_the_skin_they_hide(tailor, wearer, body):
    top = Garment("top", cloth(), sleeve=0.5, hem=-0.05, looseness=0.01, style="round")
    (part,) = parts_of(tailor, wearer, top)
    moved = np.linalg.norm(part.vertices - wearer[0].vertices, axis=1)[np.unique(part.faces)]
    assert 0.003 < np.median(moved) < 0.05


@pytest.mark.parametrize(
    ("garment", "labels"),
    [
        (Garment("top", cloth()), {"Upper-clothes"}),
        (Garment("top", cloth(), style="hood"), {"Upper-clothes"}),
        (Garment("dress", cloth(), hem=-0.4), {"Dress"}),
        (Garment("coat", cloth(), sleeve=0.5, hem=-0.4, style="open"), {"Coat"}),
        (Garment("trousers", cloth(), hem=-0.9, style="flared"), {"Pants"}),
        (Garment("skirt", cloth(), hem=-0.5), {"Skirt"}),
        (Garment("shoes", cloth(), hem=-0.88), {"Left-shoe", "Right-shoe"}),
        (Garment("socks", cloth(), hem=-0.7), {"Socks"}),
        (Garment("scarf", cloth()), {"Scarf"}),
        (Garment("hat", cloth(), style="cap"), {"Hat"}),
        (Garment("hat", cloth(), style="beanie"), {"Hat"}),
        (Garment("hat", cloth(), style="brimmed"), {"Hat"}),
        (Garment("bag", cloth(), style="backpack"), {"Background"}),
        (Garment("bag", cloth(), style="shoulder"), {"Background"}),
    ],
)
def test_every_garment_has_its_lip_label(tailor, wearer, garment, labels):
    parts = parts_of(tailor, wearer, garment)
    assert {label for part in parts for label in np.unique(part.labels)} == {LABEL_ID[name] for name in labels}
    for part in parts:
        assert np.isfinite(part.vertices).all()
        assert (part.keep[part.faces] >= 0).any()
        np.testing.assert_allclose(part.bone_weights.sum(axis=1)[np.unique(part.faces)], 1, atol=1e-6)


@pytest.mark.parametrize(
    "pair",
    [
        (Garment("trousers", cloth(), hem=-0.9, looseness=0.03), Garment("top", cloth(), hem=-0.1, looseness=0.002)),
        (Garment("socks", cloth(), hem=-0.7, looseness=0.004), Garment("shoes", cloth(), hem=-0.88, looseness=0.004)),
    ],
)
def test_outer_layers_clear_inner_ones(tailor, wearer, pair):
    inner, outer = parts_of(tailor, wearer, *pair)
    both = np.intersect1d(np.unique(inner.faces), np.unique(outer.faces))
    both = both[(inner.keep[both] > 0) & (outer.keep[both] > 0)]
    normals = vertex_normals(wearer[0].vertices, tailor.tights)[both]
    height = [((part.vertices - wearer[0].vertices)[both] * normals).sum(axis=1) for part in (inner, outer)]
    assert len(both) > 20
    assert (height[1] > height[0]).all()
