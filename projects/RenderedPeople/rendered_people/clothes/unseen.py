"""Looks that no ordinary rendering has: hair cuts and hats whose geometry is kept out of training."""

from dataclasses import dataclass, replace

import numpy as np

from rendered_people.clothes.cloth import draw_cloth
from rendered_people.clothes.wardrobe import Garment, Outfit
from rendered_people.colours import hex_colour
from rendered_people.person.hair import UNSEEN_KINDS, HairStyle
from rendered_people.seeding import stream

LOOKS = ("hair", "hats")
UNSEEN_HATS = ("bucket", "sun", "helmet")
_COLOURS = ("#0d0b0a", "#3a2213", "#8a5a2b", "#dcc08a", "#a3461d", "#b3123a", "#2447a8", "#2f8f5b")


@dataclass(frozen=True)
class UnseenLooks:
    """Who is shown with a hair cut or a hat that the ordinary rendering has nowhere.

    A cut is a person's, in all of their images, so that it tells them apart as any hair does; a hat is an outfit's.

    Attributes:
        kind: "hair" or "hats".
        share: In [0, 1], of the people who get a cut, or of the outfits that get a hat. Those of a smaller share are
            among those of a larger one, and look alike in both.
        seed: 0 or more, of the draw.
    """

    kind: str
    share: float
    seed: int = 0

    def changes(self, site_seed: int, person: int, outfit: int) -> bool:
        """Whether a person in an outfit looks other than in the ordinary rendering."""
        return self._drawn(self.kind, site_seed, person, outfit) is not None

    def hair(self, site_seed: int, person: int, outfit: int, style: HairStyle) -> HairStyle:
        """The hair to show in the place of a person's own.

        Args:
            site_seed: Seed of the person's site.
            person: Of the site.
            outfit: Of the person.
            style: Their own hair.

        Returns:
            A cut of a kind that is drawn nowhere else, in a colour of its own; their own where it does not change.
        """
        rng = self._drawn("hair", site_seed, person, outfit)
        if rng is None:
            return style
        kind = str(rng.choice(UNSEEN_KINDS))
        colour = hex_colour(str(rng.choice(_COLOURS))) * np.exp(rng.normal(0, 0.1))
        return replace(
            style,
            kind=kind,
            colour=colour,
            thickness={"mohawk": rng.uniform(0.06, 0.09), "beehive": 0.022, "pigtails": 0.014}[kind],
            length=rng.uniform(0.22, 0.36) if kind == "pigtails" else 0.0,
            hairline=rng.uniform(-0.006, 0.012),
            curl=rng.uniform(0, 0.25),
            seed=int(rng.integers(2**31)),
        )

    def clothes(self, site_seed: int, person: int, outfit: int, clothes: Outfit) -> Outfit:
        """The outfit to show in the place of one.

        Args:
            site_seed: Seed of the wearer's site.
            person: Of the site.
            outfit: Of the person.
            clothes: What is worn.

        Returns:
            The same with a hat of a style that is drawn nowhere else, in the place of any other; as it is where it does
            not change.
        """
        rng = self._drawn("hats", site_seed, person, outfit)
        if rng is None:
            return clothes
        style = str(rng.choice(UNSEEN_HATS))
        hat = Garment("hat", draw_cloth(rng, ("plain", "stripes", "checks")), looseness=0.014, style=style)
        return Outfit((*(garment for garment in clothes.garments if garment.kind != "hat"), hat))

    def _drawn(self, kind: str, site_seed: int, person: int, outfit: int) -> np.random.Generator | None:
        """What a look of a kind is drawn from; None where there is none, or this is another kind's."""
        if self.kind != kind:
            return None
        rng = (
            stream(site_seed, "unseen hair", self.seed, person)
            if kind == "hair"
            else stream(site_seed, "unseen hat", self.seed, person, outfit)
        )
        return rng if rng.random() < self.share else None
