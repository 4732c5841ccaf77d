"""What is photographed: one image of one person in one outfit before one camera."""

from dataclasses import dataclass

FilePair = tuple[str, str]
"""Path of an image and of its parsing map."""


@dataclass(frozen=True, order=True)
class Shot:
    """One image to be rendered.

    Attributes:
        site: Position in `benchmark_sites`.
        person: Person of the site, from 0.
        outfit: Outfit of the person, from 0.
        camera: Camera of the site, from 0.
        frame: Image of the view, from 0.
        walks: Whether it is a frame of the view's one walk, and not a picture of its own.
    """

    site: int
    person: int
    outfit: int
    camera: int
    frame: int
    walks: bool = False
