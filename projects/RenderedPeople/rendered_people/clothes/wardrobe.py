"""Outfits: what changes while the person stays the same, and who shares what with whom.

Heights are metres on the reference body (hip joints at 0, ankles at -0.91, shoulders at 0.49).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from rendered_people.clothes.cloth import Cloth, draw_cloth
from rendered_people.seeding import stream


@dataclass(frozen=True)
class Garment:
    """One piece of clothing.

    Attributes:
        kind: One of "top", "dress", "coat", "trousers", "skirt", "shoes", "socks", "hat", "scarf" or "bag".
        cloth: What it is made of.
        sleeve: Metres from the shoulder.
        hem: Height of its lower (shoes, socks: upper) edge.
        looseness: Metres off the body.
        style: What the kind leaves open ("round", "v" or "high" neck or a "hood"; "cap", "beanie" or "brimmed" hat, or
            one of UNSEEN_HATS; "backpack" or "shoulder" bag; "open" or "closed" coat; "flared" or "straight" legs).
    """

    kind: str
    cloth: Cloth
    sleeve: float = 0.0
    hem: float = 0.0
    looseness: float = 0.006
    style: str = ""


@dataclass(frozen=True)
class Outfit:
    """Everything worn at once.

    Attributes:
        garments: From the skin outwards.
    """

    garments: tuple[Garment, ...] = field(default_factory=tuple)

    def find(self, kind: str) -> Garment | None:
        """The garment of this kind, or None."""
        return next((garment for garment in self.garments if garment.kind == kind), None)


class Wardrobe:
    """The clothes of all people.

    Args:
        seed: The site's seed.
        shared: In [0, 1], the chance that a garment comes from the common stock instead of being the wearer's own.
        stock: Garments of each sort in the common stock, 1 or more; the smaller, the more people wear the same.
        warmth: Season of the site, 0 (winter) to 1 (summer); None: all seasons at once.
    """

    def __init__(self, seed: int, shared: float, stock: int, warmth: float | None = None) -> None:
        self.warmth = warmth
        self.seed = seed
        self.shared = shared
        self.stock = stock

    def outfit(self, person: int, outfit: int, *, female: bool) -> Outfit:
        """Outfit number `outfit` of person number `person`.

        No two outfits of one person share a top or a lower part.

        Args:
            person: Whose.
            outfit: Which of theirs.
            female: Whether dresses and skirts are worn, too.

        Returns:
            The outfit.
        """
        rng = stream(self.seed, "outfit", person, outfit)
        wears_dress = rng.random() < (0.15 if female else 0.0)
        wears_skirt = rng.random() < (0.25 if female else 0.01)
        garments = [_draw_socks(rng)] if rng.random() < 0.5 else []
        garments.append(self._pick(rng, "shoes", person, outfit, _draw_shoes))
        if wears_dress:
            garments.append(self._pick(rng, "dress", person, outfit, _draw_dress))
        else:
            draw_trousers, draw_top = (partial(draw, warmth=self.warmth) for draw in (_draw_trousers, _draw_top))
            lower, draw_lower = ("skirt", _draw_skirt) if wears_skirt else ("trousers", draw_trousers)
            garments.append(self._pick(rng, lower, person, outfit, draw_lower))
            garments.append(self._pick(rng, "top", person, outfit, draw_top))
        coat, scarf, hat = _chances(self.warmth)
        for chance, sort, draw in (
            (coat, "coat", _draw_coat),
            (scarf, "scarf", _draw_scarf),
            (hat, "hat", _draw_hat),
            (0.18, "bag", _draw_bag),
        ):
            if rng.random() < chance:
                garments.append(self._pick(rng, sort, person, outfit, draw))
        return Outfit(tuple(garments))

    def _pick(
        self,
        rng: np.random.Generator,
        sort: str,
        person: int,
        outfit: int,
        draw: Callable[[np.random.Generator], Garment],
    ) -> Garment:
        """A garment of the wearer's own, or one of the common stock that their other outfits do not use."""
        if rng.random() >= self.shared:
            return draw(stream(self.seed, f"own {sort}", person, outfit))
        order = stream(self.seed, f"stock order of {sort}", person).permutation(self.stock)
        return draw(stream(self.seed, f"stock {sort}", order[outfit % self.stock]))


def _chances(warmth: float | None) -> tuple[float, float, float]:
    """Of a coat, a scarf and a hat."""
    if warmth is None:
        return 0.25, 0.08, 0.12
    cold = 1 - warmth
    return 0.02 + 0.78 * cold, 0.35 * cold**2, 0.08 + 0.3 * cold**2


def _draw_top(rng: np.random.Generator, warmth: float | None = None) -> Garment:
    shares = np.array([0.08, 0.37, 0.1, 0.25, 0.2])
    if warmth is not None:
        shares = warmth * np.array([0.25, 0.6, 0.1, 0.03, 0.02]) + (1 - warmth) * np.array([0, 0.02, 0.03, 0.5, 0.45])
    sleeve = rng.choice([0.015, 0.17, 0.3, 0.52, 0.55], p=shares)
    return Garment(
        "top",
        draw_cloth(rng),
        sleeve=sleeve + rng.normal(0, 0.012),
        hem=rng.uniform(-0.14, 0.02),
        looseness=rng.uniform(0.009, 0.03),
        style=str(rng.choice(["round", "v", "high", "hood"], p=[0.5, 0.2, 0.15, 0.15])),
    )


def _draw_dress(rng: np.random.Generator) -> Garment:
    return Garment(
        "dress",
        draw_cloth(rng),
        sleeve=rng.choice([0.02, 0.15, 0.5]),
        hem=rng.uniform(-0.62, -0.3),
        looseness=rng.uniform(0.006, 0.012),
        style=str(rng.choice(["round", "v"])),
    )


def _draw_skirt(rng: np.random.Generator) -> Garment:
    return Garment("skirt", draw_cloth(rng), hem=rng.uniform(-0.75, -0.28), looseness=rng.uniform(0.0, 0.03))


def _draw_trousers(rng: np.random.Generator, warmth: float | None = None) -> Garment:
    patterned = rng.random() < 0.12
    cloth = draw_cloth(rng, ("pinstripes", "checks", "camouflage") if patterned else ("plain",), sober=True)
    if rng.random() < (0.2 if warmth is None else 0.55 * warmth):
        return Garment(
            "trousers", cloth, hem=rng.uniform(-0.52, -0.27), looseness=rng.uniform(0.01, 0.03), style="straight"
        )
    style = str(rng.choice(["straight", "flared"], p=[0.75, 0.25]))
    return Garment("trousers", cloth, hem=rng.uniform(-0.93, -0.84), looseness=rng.uniform(0.004, 0.024), style=style)


def _draw_shoes(rng: np.random.Generator) -> Garment:
    hem = rng.choice([-0.885, -0.85, -0.66], p=[0.55, 0.3, 0.15])
    cloth = replace(draw_cloth(rng, ("plain",), sober=True), sole=-0.965)
    return Garment("shoes", cloth, hem=hem, looseness=rng.uniform(0.008, 0.014))


def _draw_socks(rng: np.random.Generator) -> Garment:
    cloth = draw_cloth(rng, ("plain", "stripes"), sober=True)
    return Garment("socks", cloth, hem=rng.uniform(-0.84, -0.7), looseness=0.003)


def _draw_coat(rng: np.random.Generator) -> Garment:
    hem = rng.choice([-0.05, -0.1, -0.45], p=[0.45, 0.25, 0.3]) + rng.normal(0, 0.02)
    cloth = draw_cloth(rng, ("plain", "plain", "checks", "tartan", "block", "camouflage"), sober=rng.random() < 0.6)
    style = str(rng.choice(["open", "closed"]))
    if style == "closed":
        cloth = replace(cloth, seam=True)
    return Garment("coat", cloth, sleeve=0.55, hem=hem, looseness=rng.uniform(0.03, 0.038), style=style)


def _draw_scarf(rng: np.random.Generator) -> Garment:
    return Garment("scarf", draw_cloth(rng, ("plain", "stripes", "checks", "tartan")), looseness=0.02)


def _draw_hat(rng: np.random.Generator) -> Garment:
    style = str(rng.choice(["cap", "beanie", "brimmed"], p=[0.5, 0.35, 0.15]))
    return Garment("hat", draw_cloth(rng, ("plain", "stripes")), looseness=0.012, style=style)


def _draw_bag(rng: np.random.Generator) -> Garment:
    style = str(rng.choice(["backpack", "shoulder"]))
    return Garment("bag", draw_cloth(rng, ("plain", "block"), sober=True), style=style)
