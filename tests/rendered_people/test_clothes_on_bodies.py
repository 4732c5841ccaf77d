import numpy as np
import pytest

from rendered_people.body import vertex_normals
from rendered_people.cloth import PATTERNS, draw_cloth
from rendered_people.garments import Tailor
from rendered_people.hair import draw_hair_style, hair_parts
from rendered_people.head import HeadFrame
from rendered_people.labels import LABEL_ID
from rendered_people.people import draw_person
from rendered_people.wardrobe import Garment, Outfit


@pytest.fixture(scope="module")
def tailor(body):
    return Tailor(body)


@pytest.fixture(scope="module")
def wearer(body):
    person = draw_person(0, 0)
    rest_body = body.rest(person.phenotype, person.shape_changes)
    return rest_body, HeadFrame(body, rest_body)


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


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cloth_is_a_function_of_place_with_plausible_colours(pattern):
    material = cloth(1, patterns=(pattern,))
    rng = np.random.default_rng(0)
    reference, place = rng.uniform(-0.5, 0.5, (500, 3)), rng.uniform(-0.5, 0.5, (500, 2))
    colours = material.albedo(reference, place)
    assert colours.shape == (500, 3)
    assert colours.min() > 0
    assert colours.max() < 1.2
    np.testing.assert_array_equal(material.albedo(reference[:7], place[:7]), colours[:7])
    spread = colours.std(axis=0).max() / material.colours.mean()
    assert (spread > 0.15) == (pattern not in ("plain", "print")) or pattern in ("print", "dots")


def test_hair_is_of_the_head_and_gives_way_to_hats(body, wearer):
    kinds = set()
    for seed in range(80):
        style = draw_hair_style(np.random.default_rng(seed), female=seed % 2 == 0, age=0.3, darkness=0.3)
        if style.kind in kinds:
            continue
        kinds.add(style.kind)
        parts = hair_parts(body, *wearer, style)
        assert (style.kind == "bald") == (not parts)
        covered = hair_parts(body, *wearer, style, Garment("hat", cloth(), style="cap"))
        for bare, under in zip(parts, covered, strict=True):
            assert set(np.unique(bare.labels)) == {LABEL_ID["Hair"]}
            assert (under.keep <= bare.keep).all()
            assert (under.keep[bare.reference[:, 2] > 0.8] < 0).all()
    assert len(kinds) >= 12
