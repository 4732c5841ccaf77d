"""From numbers to an image: who, in which outfit, before which camera, which frame."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from rendered_people.camera.cameras import draw_camera, draw_view
from rendered_people.camera.sensor import develop
from rendered_people.camera.variety import Variety
from rendered_people.clothes.garments import Tailor
from rendered_people.clothes.unseen import UnseenLooks
from rendered_people.clothes.wardrobe import Wardrobe
from rendered_people.person.body import BodyModel, RestBody
from rendered_people.person.hair import hair_parts
from rendered_people.person.head import HeadFrame
from rendered_people.person.people import Person, draw_person
from rendered_people.person.poses import draw_pose
from rendered_people.person.skin import glasses_part, skin_parts
from rendered_people.render.figure import Figure
from rendered_people.render.renderer import expose
from rendered_people.seeding import stream


class Studio:
    """Renders any image of a benchmark; equal arguments give equal pixels.

    Args:
        seed: The site's seed.
        wardrobe: Who wears what.
        body: The body model; loaded when not given.
        looks: Who is shown with a hair cut or a hat that is drawn for nobody else.
        variety: How the site is, beyond its cameras and people; None: as all are.
    """

    def __init__(
        self,
        seed: int,
        wardrobe: Wardrobe,
        body: BodyModel | None = None,
        looks: UnseenLooks | None = None,
        variety: Variety | None = None,
    ) -> None:
        self.variety = variety
        self.seed = seed
        self.wardrobe = wardrobe
        self.looks = looks
        self.body = body or BodyModel()
        self._tailor = Tailor(self.body)
        self._camera = lru_cache(maxsize=None)(lambda index: draw_camera(seed, index))
        # Frames of one outfit come one after another; keeping more figures would only cost memory.
        self._dressed = lru_cache(maxsize=1)(self._dress)
        self._undressed = lru_cache(maxsize=1)(self._embody)

    def photograph(
        self, person: int, outfit: int, camera: int, frame: int, height: int, width: int, *, walks: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Takes one picture.

        Args:
            person: Number of the person.
            outfit: Number of one of their outfits.
            camera: Number of the camera.
            frame: Number of the picture.
            height: Pixels.
            width: Pixels.
            walks: Whether the picture is a frame of a walk, of which all else than the phase of the gait and the noise
                of the sensor is equal in all frames; else a picture of its own.

        Returns:
            Image (H, W, 3) uint8, sRGB, and LIP labels (H, W) uint8; smaller than asked for where the site has smaller
            ones.
        """
        identity, rest_body, figure = self._dressed(person, outfit)
        shown = (person, outfit, camera)
        rng = stream(self.seed, "walk", *shown) if walks else stream(self.seed, "image", *shown, frame)
        pose = draw_pose(rng, identity.gait, frame if walks else None)
        transforms = self.body.bone_transforms(rest_body, pose)
        setting = self._camera(camera)
        if self.variety is None:
            view = draw_view(rng, setting)
        else:
            view = draw_view(rng, setting, occluded=self.variety.occluded, box_spread=self.variety.box_spread)
            # A walk keeps its size, as it keeps its box.
            sizes = stream(self.seed, "size", *shown, 0 if walks else frame)
            share = sizes.uniform(self.variety.least_size, 1)
            height, width = round(height * share), round(width * share)
        light, labels = expose(figure, transforms, setting, view, height, width)
        if walks:
            rng = stream(self.seed, "frame of a walk", *shown, frame)
        return develop(light, setting, view, rng), labels

    def _embody(self, person: int) -> tuple[Person, RestBody, HeadFrame]:
        identity = draw_person(self.seed, person)
        rest_body = self.body.rest(identity.phenotype, identity.shape_changes)
        return identity, rest_body, HeadFrame(self.body, rest_body)

    def _dress(self, person: int, outfit: int) -> tuple[Person, RestBody, Figure]:
        identity, rest_body, head = self._undressed(person)
        clothes = self.wardrobe.outfit(person, outfit, female=identity.is_female)
        if self.looks is not None:
            clothes = self.looks.clothes(self.seed, person, outfit, clothes)
            hair = self.looks.hair(self.seed, person, outfit, identity.hair)
            identity = replace(identity, hair=hair)
        parts = skin_parts(self.body, rest_body, identity, self._tailor.hidden_skin(clothes))
        parts += hair_parts(self.body, rest_body, head, identity.hair, under_hat=clothes.find("hat") is not None)
        if identity.face.glasses != "none":
            parts.append(glasses_part(head, identity.face))
        parts += self._tailor.parts(rest_body, head, clothes, identity.hair.thickness)
        return identity, rest_body, Figure(parts)
