"""What the page asks of gallery and model."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image

from ..errors import GalleryError, PhotoError
from ..gallery import Gallery, Hit
from ..maps import MapFolder, ParserMaps
from ..model import Model
from ..photos import Photo, decode_map
from ..pictures import Picture
from .bounds import Bounds
from .files import folder_of, path_below, photo_of
from .overlays import as_jpeg, with_attention, with_mask
from .queries import Queries, Query

logger = logging.getLogger("person_search.page")


class Busy(Exception):
    """Too many wait for the model."""


class SearchService:
    """Gallery, model and where maps come from, for many visitors at once.

    Args:
        gallery: opened with its model.
        model: the model.
        maps: of the gallery's own pictures; None: there are none.
        parser: makes the maps of photos that come without; None: those photos bring theirs.
        bounds: what one visitor may ask for.
    """

    def __init__(
        self,
        gallery: Gallery,
        model: Model,
        maps: MapFolder | None = None,
        parser: ParserMaps | None = None,
        bounds: Bounds | None = None,
    ):
        self.gallery, self.model = gallery, model
        self.bounds = bounds or Bounds()
        self._maps, self._parser = maps, parser
        self._queries = Queries()
        self._begun_with: list[str] = []
        self._computing = threading.Lock()
        self._waiting = threading.BoundedSemaphore(self.bounds.waiting)

    @property
    def asks_for_maps(self) -> bool:
        """Whether a photo has to bring its parsing map."""
        return self.model.needs_maps and self._parser is None

    def ask_photo(self, content: bytes, labels: bytes | None = None) -> Query:
        """A query by a photo that was sent.

        Args:
            content: an image file.
            labels: its parsing map, a PNG; None or empty where it comes without.

        Raises:
            PhotoError: no photo, too many pixels, or no map where the model needs one.
            Busy: too many wait.
        """
        photo = Photo(content, "that was sent")
        image = photo.image(self.bounds.pixels)
        (known,) = self.gallery.pictures([photo.id])
        query = self._look(secrets.token_urlsafe(16), image, self._labels(image, labels, known), known, "your photo")
        logger.info("search by photo %s", photo.id[:12])
        return query

    def ask_picture(self, picture_id: str) -> Query:
        """A query by a picture of the gallery.

        Raises:
            GalleryError: there is none of this id.
            Busy: too many wait.
        """
        kept = self._queries.get(picture_id)
        (picture,) = self.gallery.pictures([picture_id])
        if picture is None:
            raise GalleryError(f"There is no picture {picture_id} in this gallery (any more).")
        if kept is not None:
            return kept
        logger.info("search by picture %s", picture_id[:12])
        try:
            image = self.photo(picture).image(self.bounds.pixels)
            return self._look(picture_id, image, self._labels(image, None, picture), picture, "this picture")
        except PhotoError:
            # Its file or its map is gone; its vector is not.
            (vector,) = self.gallery.vectors([picture_id])
            return self._queries.keep(Query(picture_id, vector, {}, picture, "this picture"))

    def asked(self, key: str) -> Query | None:
        """The query of a key; None where it is forgotten."""
        return self._queries.get(key)

    def photo(self, picture: Picture) -> Photo:
        """The photo of a picture of the gallery.

        Raises:
            PhotoError: it is not below an indexed folder, or another photo by now.
        """
        return photo_of(picture, self.gallery.folders)

    def hits(self, query: Query, top: int, **filters: Any) -> list[Hit]:
        """The pictures most similar to a query, itself left out; arguments as of ``Gallery.search``."""
        own = None if query.picture is None else query.picture.id
        found = self.gallery.search(query.vector, top=min(top, self.bounds.top) + 1, **filters)
        return [hit for hit in found if hit.picture.id != own][: min(top, self.bounds.top)]

    def start(self, count: int) -> list[Picture]:
        """Some pictures of the gallery to begin with, by chance but always the same."""
        # A sample takes milvus-lite a look at every picture; those that are known by id take none.
        kept = [picture for picture in self.gallery.pictures(self._begun_with) if picture is not None]
        if len(kept) < count:
            kept = self.gallery.sample(count)
            self._begun_with = [picture.id for picture in kept]
        return kept[:count]

    def _look(
        self, key: str, image: Image.Image, labels: tuple[np.ndarray, str | None], picture: Picture | None, name: str
    ) -> Query:
        with self._turn():
            seen = self.model.look(image, labels[0] if self.model.needs_maps else None, map_system=labels[1])
        views = {"photo": as_jpeg(image)}
        if seen.mask is not None:
            views["mask"] = as_jpeg(with_mask(image, seen.mask))
        if seen.attention is not None:
            views["attention"] = as_jpeg(with_attention(image, seen.attention))
        return self._queries.keep(Query(key, seen.vector, views, picture, name))

    def _labels(self, image: Image.Image, sent: bytes | None, picture: Picture | None) -> tuple[np.ndarray, str | None]:
        nothing = np.zeros((0, 0), np.uint8)
        if not self.model.needs_maps:
            return nothing, None
        if sent:
            return decode_map(sent, image.size, "that was sent"), None if self._maps is None else self._maps.system
        source = None if picture is None else picture.source
        folder = folder_of(source, self.gallery.folders)
        if self._maps is not None and source is not None and folder is not None:
            return self._maps([path_below(source, folder)], [image])[0], self._maps.system
        if self._parser is not None:
            with self._turn():
                return self._parser(["sent"], [image])[0], self._parser.system
        raise PhotoError(
            "This model looks at clothing masks: send the photo's parsing map with it, a PNG of labels of its size, or "
            "start the page with --parser."
        )

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One at a time goes through the model; a bounded number waits."""
        if not self._waiting.acquire(blocking=False):
            raise Busy
        try:
            if not self._computing.acquire(timeout=self.bounds.wait_seconds):
                raise Busy
            try:
                yield
            finally:
                self._computing.release()
        finally:
            self._waiting.release()


def jpeg_of(photo: Photo, pixels: int) -> bytes:
    """A photo as JPEG for a browser."""
    return as_jpeg(photo.image(pixels))
