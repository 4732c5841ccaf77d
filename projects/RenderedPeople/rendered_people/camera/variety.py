"""What sets sites apart beyond cameras and people: season, crowds, and how their detectors cut."""

from dataclasses import dataclass

from rendered_people.seeding import stream


@dataclass(frozen=True)
class Variety:
    """How one site is.

    Attributes:
        warmth: Season, 0 (winter: coats, scarves, long sleeves) to 1 (summer: shorts, bare arms).
        occluded: Share of the images in which something stands in front of the person, 0.02 to 0.35.
        box_spread: Standard deviation of each side of a box, as a share of the person's height, 0.015 to 0.09.
        least_size: Of the smallest images, as a share of the height and width asked for, 0.4 to 1.
    """

    warmth: float
    occluded: float
    box_spread: float
    least_size: float


def draw_variety(seed: int) -> Variety:
    """How the site with this seed is."""
    rng = stream(seed, "variety of a site")
    return Variety(rng.uniform(0, 1), rng.uniform(0.02, 0.35), rng.uniform(0.015, 0.09), rng.uniform(0.4, 1))
