"""The gallery: pictures of people as vectors, with where and when they were seen; found by photo."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np

from .decisions import Decision
from .errors import GalleryError, LabelsError, ModelFileError, OtherModelError
from .filters import NO_TIME, Filters, literal
from .labels import TEXT_LABELS, as_datetime, natural_order
from .model import Model, Space, VectorSpace
from .photos import Photo, PhotoLike, as_photo
from .pictures import FIELDS, Entry, Picture, check_ids, entries, picture_of
from .search_index import EFFORT, PARAMETERS, SearchIndex, measure_recall
from .store import MOST_ROWS, Row, Store

FORMAT = "1"
#: Images that one batch embeds and writes.
BATCH = 64
Report = Callable[[int], None]


@dataclass(frozen=True)
class Hit:
    """A picture found.

    Attributes:
        picture: which.
        score: similarity to the query in -1 to 1, the cosine of their vectors.
        decision: what the score means; None where the model is not calibrated, or not at hand.
    """

    picture: Picture
    score: float
    decision: Decision | None = None


class Added(NamedTuple):
    """What adding did.

    Attributes:
        new: pictures that were not there.
        changed: that were there with other labels.
        present: that were there as they are.
    """

    new: int = 0
    changed: int = 0
    present: int = 0

    def and_then(self, other: "Added") -> "Added":
        """Both together."""
        return Added(*(one + another for one, another in zip(self, other, strict=True)))


@dataclass(frozen=True)
class Stats:
    """What is known of a gallery without reading all of it.

    Attributes:
        uri, name: of the gallery.
        pictures: how many.
        dim, fingerprint: of the model.
        cameras: that pictures have been added from, in order: 2 before 10.
        days: on which pictures were taken, in UTC, in order; empty where no times are known.
        folders: that were indexed, in order.
        index: None where every search compares all pictures.
        to_erase: whether bytes of removed pictures may still lie in the file, see ``Gallery.erase``.
    """

    uri: str
    name: str
    pictures: int
    dim: int
    fingerprint: str
    cameras: tuple[str, ...]
    days: tuple[date, ...]
    folders: tuple[str, ...]
    index: SearchIndex | None
    to_erase: bool


def _unreported(pictures: int) -> None:
    """For callers who show no progress."""


class Gallery:
    """Pictures of people as vectors in a database.

        with Gallery("people.db", load_model("model.onnx")) as gallery:
            gallery.add(["a.jpg", "b.jpg"], camera="entrance", time=["2026-11-24T15:30:00", "2026-11-24T15:31:00"])
            for hit in gallery.search("photo.jpg", top=10, not_cameras=["entrance"]):
                print(hit.score, hit.decision, hit.picture.source)

    Threads may share it.

    Args:
        uri: file ending ``.db``, one process at a time; or ``http://host:19530`` of Milvus, standalone or distributed,
            or of ``milvus-lite server``. The server's token, where it has one, is read from MILVUS_TOKEN.
        model: whose vectors it holds: a Model, or a Space for vectors made elsewhere. The gallery is made where it does
            not exist. None: an existing gallery, to be searched by vectors or pictures of its own.
        name: of the gallery on that file or server.

    Attributes:
        uri, name: as given.
        space: of its vectors.
        lite: whether milvus-lite answers, in this process or as a server, and not Milvus.

    Raises:
        OtherModelError: the gallery holds another model's vectors.
        GalleryError: the file or server cannot be opened, or there is no such gallery and no model to make it for.
        MissingPackageError: pymilvus or milvus-lite is not installed.
    """

    def __init__(self, uri: str, model: Model | VectorSpace | None = None, *, name: str = "people"):
        self.uri, self.name = uri, name
        self._model: Model | None = model if callable(model) else None
        self._writing = threading.RLock()
        self._store = Store(uri, name)
        self.lite = self._store.lite
        try:
            self.space = self._enter(model)
            self._noted = {kind: set(values) for kind, values in self._store.facts().items()}
        except BaseException:
            self._store.close()
            raise

    def _enter(self, model: VectorSpace | None) -> Space:
        if not self._store.exists():
            if model is None:
                raise GalleryError(
                    f"There is no gallery {self.name!r} at {self.uri}. Make it by indexing a folder with a model."
                )
            about = {"format": FORMAT, "dim": model.dim, "fingerprint": model.fingerprint}
            self._store.create(model.dim, {"model": json.dumps(about)})
        (text,) = self._store.facts()["model"]
        about = json.loads(text)
        if about["format"] != FORMAT:
            raise GalleryError(
                f"Gallery {self.uri} is of format {about['format']}, this version reads {FORMAT}: index into a new one."
            )
        space = Space(about["dim"], about["fingerprint"])
        if model is not None:
            self._check(model.fingerprint, space)
        return space

    def _check(self, fingerprint: str, space: Space) -> None:
        if fingerprint != space.fingerprint:
            raise OtherModelError(
                f"Gallery {self.uri} holds vectors of the model with fingerprint {space.fingerprint[:12]}, and these "
                f"are of {fingerprint[:12]}: they cannot be compared. Use that model, or index into a new gallery."
            )

    def __enter__(self) -> "Gallery":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._store.count()

    def close(self) -> None:
        """Writes what is in memory and frees the file."""
        self._store.close()

    # --- adding

    def add(
        self,
        images: Sequence[PhotoLike] | None = None,
        *,
        vectors: np.ndarray | None = None,
        fingerprint: str | None = None,
        ids: Sequence[str] | None = None,
        maps: Sequence[np.ndarray] | None = None,
        map_system: str | None = None,
        camera: Any = None,
        time: Any = None,
        person: Any = None,
        clothes: Any = None,
        tracklet: Any = None,
        source: Any = None,
    ) -> Added:
        """Adds pictures, in batches that are there whole or not at all.

        A picture is known by its bytes: one that is there already is not embedded again, and takes the labels given
        now. So a call that was cut off can be repeated, as often as one likes.

        Args:
            images: N of what ``as_photo`` takes: paths, bytes, PIL images, arrays. The model makes their vectors.
            vectors: (N, D) of any length but 0, in the place of images.
            fingerprint: of the model that made these vectors, to be sure that it is the gallery's.
            ids: N ids of these vectors' photos (``Photo.id``); None: from the vectors' bytes.
            maps, map_system: of the images, see ``Model``.
            camera, person, clothes, tracklet, source: text, one for all, or N; None where unknown. See ``Picture``.
            time: one for all, or N: datetime, seconds since 1970 or ISO 8601, UTC where no zone is said; None.

        Raises:
            OtherModelError: the vectors are another model's.
            ModelFileError: images without a model, or the model needs maps.
            PhotoError: an image cannot be read; the batches before its own are added.
            LabelsError: a label is too long, or no time.
            ValueError: lengths that differ, or vectors that are not finite, are 0 or of another length than D.
        """
        if fingerprint is not None:
            self._check(fingerprint, self.space)
        labels = {"camera": camera, "time": time, "person": person, "clothes": clothes, "tracklet": tracklet}
        if images is not None and vectors is None and ids is None:
            return self._add_images(images, maps, map_system, {**labels, "source": source})
        if images is None and vectors is not None:
            return self._add_vectors(np.asarray(vectors), ids, {**labels, "source": source})
        raise ValueError("expected images, or vectors with or without their ids")

    def _add_vectors(self, vectors: np.ndarray, ids: Sequence[str] | None, labels: dict[str, Any]) -> Added:
        step = self._store.rows_a_request(self.space.dim)
        parts = [slice(start, start + step) for start in range(0, max(len(vectors), 1), step)]
        # All of them before the first is written, part by part, as the whole may be large.
        own = [Photo(row.tobytes()).id for part in parts for row in self.checked(vectors[part])]
        known = own if ids is None else check_ids(ids)
        if len(known) != len(vectors):
            raise ValueError(f"{len(known)} ids for {len(vectors)} vectors; expected one each")
        given = entries(known, **labels)
        added = Added()
        for part in parts:
            added = added.and_then(self.put(given[part], self.checked(vectors[part]).__getitem__))
        return added

    def _add_images(
        self,
        images: Sequence[PhotoLike],
        maps: Sequence[np.ndarray] | None,
        map_system: str | None,
        labels: dict[str, Any],
    ) -> Added:
        if maps is not None and len(maps) != len(images):
            raise ValueError(f"{len(maps)} maps for {len(images)} images; expected one each")
        # Checked for all before the first is read.
        given = entries(["0" * 32] * len(images), **labels)
        added = Added()
        for start in range(0, len(images), BATCH):
            photos = [as_photo(image) for image in images[start : start + BATCH]]
            of_part = None if maps is None else maps[start : start + BATCH]

            def embed(
                places: list[int], photos: list[Photo] = photos, maps: Sequence[np.ndarray] | None = of_part
            ) -> np.ndarray:
                chosen = None if maps is None else [maps[place] for place in places]
                return self.embed([photos[place] for place in places], chosen, map_system)

            part = given[start : start + BATCH]
            named = [Entry(photo.id, entry.source, entry.labels) for photo, entry in zip(photos, part, strict=True)]
            added = added.and_then(self.put(named, embed))
        return added

    def put(self, given: Sequence[Entry], embed: Callable[[list[int]], np.ndarray]) -> Added:
        """Adds one batch of photos, whole or not at all, asking for the vectors of those alone that are not there.

        Args:
            given: N entries. Of one id that comes twice the last counts.
            embed: takes places in ``given`` and returns (number of places, D) vectors.

        Raises:
            ValueError: see ``checked``.
        """
        last = {entry.id: place for place, entry in enumerate(given)}
        with self._writing:
            there = self._store.by_id(list(last), FIELDS)
            rows = {one: given[place].row() for one, place in last.items()}
            new = [one for one in last if one not in there]
            changed = [one for one in there if any(there[one][name] != rows[one][name] for name in FIELDS)]
            if new:
                vectors = self.checked(embed([last[one] for one in new]))
                for one, vector in zip(new, vectors, strict=True):
                    rows[one]["vector"] = vector
            if changed:
                for one, row in self._store.by_id(changed, ["vector"]).items():
                    rows[one]["vector"] = np.asarray(row["vector"], np.float32)
            written = [{"id": one, **rows[one]} for one in (*new, *changed)]
            self._note_seen(written)
            self._store.upsert(written)
        return Added(len(new), len(changed), len(given) - len(new) - len(changed))

    def flush(self) -> None:
        """Writes what is in memory to the disk; worth it after many pictures, which are then searched faster."""
        with self._writing:
            self._store.flush()

    def missing(self, ids: Sequence[str]) -> list[bool]:
        """Which of some photos the gallery does not hold."""
        there = self._store.by_id(check_ids(ids), [])
        return [one not in there for one in ids]

    def _note_seen(self, rows: list[Row]) -> None:
        # Before the rows themselves: what is noted may have no picture yet, but no picture goes unnoted.
        self._note_new("camera", {row["camera"] for row in rows if row["camera"]})
        times = (as_datetime(row["time"]) for row in rows if row["time"] != NO_TIME)
        self._note_new("day", {time.date().isoformat() for time in times if time is not None})

    def note_folder(self, folder: str) -> None:
        """Notes a folder that pictures were indexed from, whose files a page may show."""
        self._note_new("folder", [folder])

    def _note_new(self, kind: str, values: Iterable[str]) -> None:
        noted = self._noted.setdefault(kind, set())
        new = set(values) - noted
        self._store.note_all(kind, new)
        noted.update(new)

    def checked(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors of length 1.

        Args:
            vectors: (N, D).

        Returns:
            (N, D) float32.

        Raises:
            ValueError: another shape, or a vector that is not finite or 0.
        """
        vectors = np.asarray(vectors, np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != self.space.dim:
            raise ValueError(f"vectors of shape {vectors.shape}; expected (N, {self.space.dim})")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise ValueError("a vector that is not finite, or 0, has no direction to compare")
        unit: np.ndarray = vectors / lengths
        return unit

    def embed(
        self, photos: Sequence[Photo], maps: Sequence[np.ndarray] | None = None, map_system: str | None = None
    ) -> np.ndarray:
        """(N, D) float32 vectors of photos by the gallery's model.

        Raises:
            ModelFileError: the gallery was opened without its model, or the model needs maps.
            PhotoError: a photo cannot be read, or a map does not fit.
        """
        if self._model is None:
            raise ModelFileError(
                f"Gallery {self.uri} was opened without its model, which images need; give it the model."
            )
        return self._model([photo.image() for photo in photos], maps, map_system=map_system)

    # --- searching

    def search(
        self,
        query: "PhotoLike | Picture",
        *,
        top: int = 10,
        map: np.ndarray | None = None,
        map_system: str | None = None,
        fingerprint: str | None = None,
        **filters: Any,
    ) -> list[Hit]:
        """The pictures most similar to a query, the most similar first.

        Args:
            query: (D,) vector of floats; a picture of this gallery, which is then not among those found; or an image,
                of what ``as_photo`` takes.
            top: at most so many, 1 to 16,384.
            map, map_system: of an image, where the model needs it.
            fingerprint: of the model that made a vector, to be sure that it is the gallery's.
            **filters: of :class:`~person_search.filters.Filters`.

        Raises:
            OtherModelError: the vector is another model's.
            GalleryError: the picture is not there (any more).
            ModelFileError: an image without a model, or without the map that the model needs.
            PhotoError: an image that cannot be read.
            LabelsError: a filter's text that is no time.
            ValueError: ``top`` outside its range, or a vector of another length.
        """
        if fingerprint is not None:
            self._check(fingerprint, self.space)
        if isinstance(query, Picture):
            hits = self.search_many(self.vectors([query.id]), top=min(top + 1, MOST_ROWS), **filters)[0]
            return [hit for hit in hits if hit.picture.id != query.id][:top]
        if isinstance(query, np.ndarray) and query.ndim == 1:
            vectors = query[None]
        else:
            vectors = self.embed([as_photo(query)], None if map is None else [map], map_system)
        return self.search_many(vectors, top=top, **filters)[0]

    def search_many(self, vectors: np.ndarray, *, top: int = 10, **filters: Any) -> list[list[Hit]]:
        """As ``search``, for (N, D) vectors at once; a list of hits for each."""
        if not 1 <= top <= MOST_ROWS:
            raise ValueError(f"top {top}; expected 1 to {MOST_ROWS:,}")
        expression = Filters(**filters).expression()
        found = self._store.search(self.checked(vectors), top, expression, FIELDS, EFFORT)
        return [[self._hit(row) for row in rows] for rows in found]

    def _hit(self, row: Row) -> Hit:
        score = float(row["score"])
        decisions = None if self._model is None else self._model.decisions
        return Hit(picture_of(row), score, None if decisions is None else decisions.decide(score))

    def vectors(self, ids: Sequence[str]) -> np.ndarray:
        """(N, D) float32 vectors of pictures.

        Raises:
            GalleryError: one is not there.
        """
        rows = self._store.by_id(check_ids(ids), ["vector"])
        absent = [one for one in ids if one not in rows]
        if absent:
            raise GalleryError(f"Gallery {self.uri} holds no picture {absent[0]}; was it removed?")
        return np.array([rows[one]["vector"] for one in ids], np.float32).reshape(len(ids), self.space.dim)

    def pictures(self, ids: Sequence[str]) -> list[Picture | None]:
        """What is known of pictures; None for one that is not there."""
        rows = self._store.by_id(check_ids(ids), FIELDS)
        return [picture_of(rows[one]) if one in rows else None for one in ids]

    def sample(self, count: int) -> list[Picture]:
        """Some pictures: those of the smallest ids, which are hashes, so a random sample that stays the same."""
        if count < 1:
            return []
        found: list[Row] = []
        for rows in self._store.scan(FIELDS, count):
            found += sorted(rows, key=lambda row: str(row["id"]))
            if len(found) >= count:
                break
        return [picture_of(row) for row in found[:count]]

    # --- removing

    def remove(
        self,
        ids: Sequence[str] | None = None,
        *,
        person: str | None = None,
        source: str | None = None,
        erase: bool = True,
        report: Report = _unreported,
    ) -> int:
        """Removes pictures: by id, of a person, or from a source. No search finds them any more.

        Args:
            ids, person, source: which; one of the three.
            erase: also take their bytes out of the file, see ``erase``.
            report: see ``erase``.

        Returns:
            how many there were.

        Raises:
            ValueError: none or several of the three.
            LabelsError: a person or source without a name.
        """
        if sum(one is not None for one in (ids, person, source)) != 1:
            raise ValueError("expected ids, person or source, one of the three")
        if "" in (person, source):
            # In the rows it stands for unknown: all that nobody labelled would go.
            raise LabelsError("A person or source without a name; expected one as search prints it.")
        removed = 0
        with self._writing:
            if ids is not None:
                removed = self._take_out(list(self._store.by_id(check_ids(ids), [])))
            else:
                field, value = ("person", person) if person is not None else ("source", source)
                wanted = f"{field} == {literal(str(value))}"
                while found := self._store.find(wanted, []):
                    removed += self._take_out([row["id"] for row in found])
            if removed and erase:
                self.erase(report)
        return removed

    def _take_out(self, ids: list[str]) -> int:
        if ids:
            # First: what a kill leaves in the file must not be forgotten.
            self._store.note("erase", "pending")
            self._store.delete(ids)
        return len(ids)

    def erase(self, report: Report = _unreported) -> None:
        """Takes the bytes of removed pictures out of the file, by writing it anew.

        That takes a gallery in a file about as long as adding the vectors of all its pictures, and making its index,
        where it has one, once more: the index holds the vectors too. A kill meanwhile leaves it as it was. Milvus is
        told to compact, and removes the old files after the time that it is configured for.

        Args:
            report: called with the number of pictures written since.
        """
        with self._writing:
            index = self.stats().index
            self._store.rewrite(self.space.dim, FIELDS, report)
            if index is not None and self.lite:
                self.build_index()
            self._store.forget("erase")

    # --- index and statistics

    def build_index(self) -> SearchIndex:
        """Makes an index (HNSW) for galleries too large to compare all pictures, and measures what it finds."""
        with self._writing:
            start = monotonic()
            self._store.build_index(PARAMETERS)
            seconds = monotonic() - start
            recall, queries = measure_recall(self._store, self.space.dim)
            index = SearchIndex("HNSW", len(self), recall, queries, round(seconds, 1))
            self._store.note("index", json.dumps(asdict(index)))
        return index

    def drop_index(self) -> None:
        """Compares every picture with every query again."""
        with self._writing:
            self._store.drop_index()
            self._store.forget("index")

    def stats(self) -> Stats:
        """What is known of the gallery without reading all of it."""
        facts = self._store.facts()
        index = facts.get("index")
        return Stats(
            uri=self.uri,
            name=self.name,
            pictures=len(self),
            dim=self.space.dim,
            fingerprint=self.space.fingerprint,
            cameras=tuple(sorted(facts.get("camera", ()), key=natural_order)),
            days=tuple(date.fromisoformat(day) for day in facts.get("day", ())),
            folders=tuple(facts.get("folder", ())),
            index=SearchIndex(**json.loads(index[0])) if index else None,
            to_erase="erase" in facts,
        )

    @property
    def folders(self) -> tuple[str, ...]:
        """That were indexed, in order; without counting the pictures, which takes milvus-lite a look at each."""
        return tuple(self._store.facts().get("folder", ()))

    def count_by(self, label: str, report: Report = _unreported) -> dict[str | None, int]:
        """How many pictures have each value of a label, the most frequent first. Reads the whole gallery.

        Args:
            label: camera, person, clothes or tracklet.
            report: called with the number of pictures read since.
        """
        if label not in TEXT_LABELS:
            raise ValueError(f"label {label!r}; expected one of {', '.join(TEXT_LABELS)}")
        counts: Counter[str | None] = Counter()
        for rows in self._store.scan([label]):
            counts.update(row[label] or None for row in rows)
            report(len(rows))
        return dict(counts.most_common())

    def labelled(self, most: int, report: Report = _unreported) -> tuple[list[Picture], np.ndarray]:
        """Pictures whose person is known, and their vectors, for calibration.

        Args:
            most: at most so many: those of the smallest ids, which are hashes, so a random sample.
            report: called with the number of pictures read since.

        Returns:
            N pictures and (N, D) float32.
        """
        found: list[Row] = []
        for rows in self._store.scan([*FIELDS, "vector"], self._store.rows_a_request(self.space.dim)):
            found += [row for row in rows if row["person"]][: most - len(found)]
            report(len(rows))
            if len(found) == most:
                break
        vectors = np.array([row["vector"] for row in found], np.float32).reshape(len(found), self.space.dim)
        return [picture_of(row) for row in found], vectors
