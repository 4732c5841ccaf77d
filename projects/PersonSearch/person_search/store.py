"""The rows of a gallery in Milvus: embedded in a file, or on a server, by one URI.

The only module that speaks to pymilvus. It knows rows, ids and expressions; what they mean is ``gallery``'s.

A gallery of name ``people`` is an alias ``people`` for its newest collection ``people_<n>``, and ``people_about``,
which holds what is known of all of it. Rewriting makes the next collection and moves the alias in one step, so that a
kill leaves the old rows or the new, never a part.
"""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from math import ceil
from typing import Any, TypeVar

import numpy as np

from .errors import GalleryError, require_package
from .filters import literal, one_of

Row = dict[str, Any]
_Result = TypeVar("_Result")

#: Rows that one request of Milvus may ask for, or find.
MOST_ROWS = 16_384
TOKEN_VARIABLE = "MILVUS_TOKEN"
# Bytes of vectors in one request: far below the 64 MiB that a server takes.
_REQUEST_BYTES = 8 * 2**20
_TEXT_BYTES = 4096
_TIMEOUT_SECONDS = 10.0
# milvus-lite turns what it holds in memory into Python's own numbers to write it, at ten times the size.
_LITE_MEMORY = {"MILVUS_LITE_MEMTABLE_MEMORY_LIMIT_BYTES": str(16 * 2**20)}
# pymilvus asks every ten seconds whether the server is alive, and milvus-lite's turns it away for asking too often
# when a request lasts minutes.
_GRPC = {"grpc.keepalive_time_ms": 310_000, "grpc.keepalive_permit_without_calls": False}
_STRONG = {"consistency_level": "Strong"}

# Galleries of this process by the file that they share: milvus-lite starts one engine for each.
_open_files: Counter[str] = Counter()
_open_lock = threading.Lock()


def is_server(uri: str) -> bool:
    """Whether a URI names a server rather than a file."""
    return uri.lower().startswith(("http://", "https://", "tcp://"))


class Store:
    """A gallery's rows.

    Args:
        uri: file ending ``.db``, made where it does not exist if its folder does; or ``http://host:19530``, with the
            token in MILVUS_TOKEN where the server asks for one.
        name: of the gallery on it: a letter or _, then letters, digits and _.

    Attributes:
        lite: whether milvus-lite answers, embedded or as a server.

    Raises:
        GalleryError: the file is another process's or no gallery, or the server does not answer.
        MissingPackageError: pymilvus or milvus-lite is not installed.
    """

    def __init__(self, uri: str, name: str):
        if not (name.isascii() and name.isidentifier()):
            raise GalleryError(f"Gallery name {name!r}; expected a letter or _, then letters, digits and _.")
        self.uri, self.name, self._about = uri, name, f"{name}_about"
        self._file: str | None = None
        self._client = self._connect()
        try:
            self.lite = str(self._ask(self._client.get_server_version)).startswith("milvus_lite")
            for collection in (self._about, name):
                # A collection with an index is not searchable after reopening until it is loaded.
                if self._ask(self._client.has_collection, collection):
                    self._ask(self._client.load_collection, collection)
        except BaseException:
            self.close()
            raise

    # --- opening and closing

    def _connect(self) -> Any:
        if is_server(self.uri):
            client = require_package("pymilvus", "search", "A gallery").MilvusClient
            token = os.environ.get(TOKEN_VARIABLE, "")
            return self._ask(client, uri=self.uri, token=token, timeout=_TIMEOUT_SECONDS, grpc_options=_GRPC)
        path = os.path.abspath(os.path.expanduser(self.uri))
        if not path.endswith(".db"):
            raise GalleryError(f"Gallery {self.uri}; expected a file ending .db, or http://host:19530.")
        if not os.path.isdir(os.path.dirname(path)):
            raise GalleryError(f"Gallery {self.uri}: there is no folder {os.path.dirname(path)}. Make it first.")
        if os.path.exists(path) and not os.path.isdir(path):
            raise GalleryError(
                f"Gallery {self.uri} is no gallery of this milvus-lite, whose galleries are folders. Name another."
            )
        for variable, value in _LITE_MEMORY.items():
            os.environ.setdefault(variable, value)
        client = require_package("pymilvus", "search", "A gallery").MilvusClient
        require_package("milvus_lite", "search", "A gallery in a file")
        with _open_lock:
            # What it holds is nobody else's business.
            os.makedirs(path, mode=0o700, exist_ok=True)
            with _reason_of_lite() as reasons:
                try:
                    connected = client(path, grpc_options=_GRPC)
                except Exception as error:
                    raise GalleryError(self._why_not(reasons, error)) from error
            _open_files[path] += 1
            self._file = path
        return connected

    def _why_not(self, reasons: list[BaseException], error: Exception) -> str:
        reason = reasons[-1] if reasons else error
        if type(reason).__name__ == "DataDirLockedError":
            return (
                f"Gallery {self.uri} is open in another process. Close that one, or let both speak to a server: "
                f"milvus-lite server --data-dir {self.uri} --host 127.0.0.1 --max-workers 1, and "
                "http://127.0.0.1:19530 in the file's place."
            )
        return f"Gallery {self.uri} cannot be opened ({reason})."

    def close(self) -> None:
        """Writes what is in memory and frees the file; a second call does nothing."""
        client, self._client = getattr(self, "_client", None), None
        if client is not None:
            client.close()
        path, self._file = self._file, None
        if path is None:
            return
        with _open_lock:
            _open_files[path] -= 1
            if not _open_files[path]:
                del _open_files[path]
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(path)

    def _ask(self, request: Callable[..., _Result], *arguments: Any, **options: Any) -> _Result:
        """What Milvus answers; its errors, without their codes, as ours."""
        exceptions = require_package("pymilvus", "search", "A gallery").exceptions
        try:
            return request(*arguments, **options)
        except exceptions.MilvusException as error:
            raise GalleryError(f"Gallery {self.uri}: {error.message or error}.") from error

    # --- what is known of the gallery

    def exists(self) -> bool:
        """Whether the gallery has been made, to its end."""
        return bool(self._ask(self._client.has_collection, self.name))

    def create(self, dim: int, facts: dict[str, str]) -> None:
        """Makes the gallery, or what an interrupted call left to make.

        Args:
            dim: length of a vector.
            facts: by kind, what is noted of it before it can be seen to exist.
        """
        if not self._ask(self._client.has_collection, self._about):
            self._make(self._about, 2, [("key", 128), ("kind", 32), ("value", _TEXT_BYTES)])
        for kind, value in facts.items():
            self.note(kind, value)
        first = f"{self.name}_1"
        if not self._ask(self._client.has_collection, first):
            self._make_people(first, dim)
        if not self.exists():
            self._ask(self._client.create_alias, first, self.name)

    def _make_people(self, collection: str, dim: int) -> None:
        texts = [("id", 32), *((name, 512) for name in ("camera", "person", "clothes", "tracklet"))]
        self._make(collection, dim, [*texts, ("source", _TEXT_BYTES)], times=["time"])

    def _make(self, collection: str, dim: int, texts: list[tuple[str, int]], times: Sequence[str] = ()) -> None:
        pymilvus = require_package("pymilvus", "search", "A gallery")
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        for position, (field, length) in enumerate(texts):
            schema.add_field(field, pymilvus.DataType.VARCHAR, max_length=length, is_primary=position == 0)
        for field in times:
            schema.add_field(field, pymilvus.DataType.INT64)
        schema.add_field("vector", pymilvus.DataType.FLOAT_VECTOR, dim=dim)
        # milvus-lite searches exactly without an index; with a flat one it would hold every vector twice.
        parameters = None if self.lite else self._index_parameters("FLAT", {})
        self._ask(self._client.create_collection, collection, schema=schema, index_params=parameters, **_STRONG)

    def facts(self) -> dict[str, list[str]]:
        """All that is noted, by kind, each kind in order."""
        found: dict[str, list[str]] = {}
        rows = self._ask(
            self._client.query,
            self._about,
            filter='kind != ""',
            output_fields=["kind", "value"],
            limit=MOST_ROWS,
            **_STRONG,
        )
        for row in rows:
            found.setdefault(row["kind"], []).append(row["value"])
        return {kind: sorted(values) for kind, values in found.items()}

    def note(self, kind: str, value: str) -> None:
        """Notes the one fact of a kind, in the place of the old."""
        self._ask(self._client.upsert, self._about, [_fact(kind, kind, value)])

    def note_all(self, kind: str, values: Iterable[str]) -> None:
        """Notes facts of which there may be many; what is noted already stays noted once."""
        facts = [
            _fact(f"{kind}:{blake2b(value.encode(), digest_size=16).hexdigest()}", kind, value) for value in values
        ]
        if facts:
            self._ask(self._client.upsert, self._about, facts)

    def forget(self, kind: str) -> None:
        """Removes the facts of one kind."""
        keys = self._ask(
            self._client.query, self._about, filter=one_of("kind", [kind]), output_fields=["key"], limit=MOST_ROWS,
            **_STRONG,
        )  # fmt: skip
        if keys:
            self._ask(self._client.delete, self._about, ids=[row["key"] for row in keys])

    # --- rows

    def rows_a_request(self, dim: int) -> int:
        """How many rows with vectors go into one request."""
        return max(1, min(4096, _REQUEST_BYTES // (4 * dim)))

    def count(self, collection: str | None = None) -> int:
        """How many rows there are."""
        found = self._ask(self._client.query, collection or self.name, filter="", output_fields=["count(*)"], **_STRONG)
        return int(found[0]["count(*)"])

    def upsert(self, rows: list[Row], collection: str | None = None) -> None:
        """Writes rows, all or none of them; of a known id, in the place of the old."""
        if rows:
            self._ask(self._client.upsert, collection or self.name, rows)

    # Each takes a collection; None: the gallery's.

    def by_id(self, ids: Sequence[str], fields: Sequence[str], collection: str | None = None) -> dict[str, Row]:
        """The rows of these ids that there are, by id."""
        found: dict[str, Row] = {}
        for start in range(0, len(ids), 1024):
            some = list(ids[start : start + 1024])
            rows = self.find(one_of("id", some), fields, collection=collection)
            found.update((row["id"], row) for row in rows)
        return found

    def find(self, expression: str, fields: Sequence[str], collection: str | None = None) -> list[Row]:
        """Rows that an expression holds for, at most MOST_ROWS of them, in no order."""
        found = self._ask(
            self._client.query,
            collection or self.name,
            filter=expression,
            output_fields=["id", *fields],
            limit=MOST_ROWS,
            **_STRONG,
        )
        return list(found)

    def scan(self, fields: Sequence[str], rows: int = 4096, collection: str | None = None) -> Iterator[list[Row]]:
        """All rows, in parts by their ids' beginnings, in order of these.

        An id is a hash, so equal spans of beginnings hold about equal numbers of rows, and a part can be asked for
        without the parts before it.

        Args:
            fields: of each row beside its id.
            rows: about how many a part.
        """
        parts = max(1, ceil(self.count(collection) / rows))
        for part in range(parts):
            yield from self._between(part * 2**32 // parts, (part + 1) * 2**32 // parts, fields, collection)

    def _between(self, start: int, stop: int, fields: Sequence[str], collection: str | None) -> Iterator[list[Row]]:
        span = f"id >= {literal(f'{start:08x}')}"
        if stop < 2**32:
            span += f" and id < {literal(f'{stop:08x}')}"
        rows = self.find(span, fields, collection)
        if len(rows) == MOST_ROWS and stop - start > 1:
            middle = (start + stop) // 2
            yield from self._between(start, middle, fields, collection)
            yield from self._between(middle, stop, fields, collection)
        elif rows:
            yield sorted(rows, key=lambda row: row["id"])

    def search(
        self, vectors: np.ndarray, limit: int, expression: str, fields: Sequence[str], effort: int
    ) -> list[list[Row]]:
        """The rows nearest to each vector, the nearest first.

        Args:
            vectors: (N, D) float32 of length 1.
            limit: at most so many each.
            expression: that they hold for; empty: any.
            fields: of each row beside ``id`` and ``score``, the product of the two vectors.
            effort: of an index, at least ``limit``: the more, the fewer near rows are missed.
        """
        found = self._ask(
            self._client.search,
            self.name,
            data=list(vectors),
            limit=limit,
            filter=expression,
            output_fields=list(fields),
            anns_field="vector",
            search_params={"metric_type": "IP", "params": {"ef": max(effort, limit)}},
            **_STRONG,
        )
        return [[{"id": hit["id"], "score": hit["distance"], **hit["entity"]} for hit in hits] for hits in found]

    def flush(self) -> None:
        """Writes what is in memory: milvus-lite searches its memory slowly."""
        self._ask(self._client.flush, self.name)

    def delete(self, ids: Sequence[str]) -> None:
        """Takes rows out; of milvus-lite's file their bytes go with ``rewrite``."""
        for start in range(0, len(ids), 1024):
            self._ask(self._client.delete, self.name, ids=list(ids[start : start + 1024]))

    # --- rewriting and index

    def rewrite(self, dim: int, fields: Sequence[str], report: Callable[[int], None] = lambda rows: None) -> None:
        """Makes what was deleted unreadable.

        milvus-lite merges its files only as they grow many, until when a deleted row's bytes stay in them; so all that
        is left is copied to a new collection and the old one's folder removed. A server of Milvus is told to merge, and
        removes the old files after its own time.

        Args:
            dim: length of a vector.
            fields: of each row, without id and vector.
            report: called with the number of rows copied since.
        """
        if not self.lite:
            self._ask(self._client.flush, self.name)
            self._ask(self._client.compact, self.name)
            return
        old = self._collection()
        for collection in self._collections():
            # What a kill left of an earlier rewriting.
            if collection != old:
                self._ask(self._client.drop_collection, collection)
        new = f"{self.name}_{self._number(old) + 1}"
        self._make_people(new, dim)
        copied: set[str] = set()
        for rows in self.scan([*fields, "vector"], self.rows_a_request(dim)):
            self.upsert(rows, new)
            copied.update(row["id"] for row in rows)
            report(len(rows))
        self._ask(self._client.flush, new)
        self._ask(self._client.alter_alias, new, self.name)
        self._follow(old, copied, fields)
        self._ask(self._client.drop_collection, old)

    def _follow(self, old: str, copied: set[str], fields: Sequence[str]) -> None:
        """Does to the new collection what another client did to the old one while it was copied."""
        if not is_server(self.uri):
            return
        left = {row["id"] for rows in self.scan([], collection=old) for row in rows}
        self.delete(sorted(copied - left))
        missing = sorted(left - copied)
        for start in range(0, len(missing), 256):
            rows = self.by_id(missing[start : start + 256], [*fields, "vector"], old)
            self.upsert(list(rows.values()))

    def build_index(self, parameters: dict[str, int]) -> None:
        """Makes an HNSW index, in the place of what there is.

        Args:
            parameters: M and efConstruction.
        """
        self._replace_index("HNSW", parameters)

    def drop_index(self) -> None:
        """Searches exactly again."""
        self._replace_index(None if self.lite else "FLAT", {})

    def _replace_index(self, kind: str | None, parameters: dict[str, int]) -> None:
        collection = self._collection()
        self._ask(self._client.flush, collection)
        if self._ask(self._client.list_indexes, collection):
            self._ask(self._client.release_collection, collection)
            self._ask(self._client.drop_index, collection, index_name="vector")
        if kind is not None:
            self._ask(self._client.create_index, collection, self._index_parameters(kind, parameters))
        self._ask(self._client.load_collection, collection)

    def _index_parameters(self, kind: str, parameters: dict[str, int]) -> Any:
        index = self._client.prepare_index_params()
        index.add_index("vector", index_type=kind, index_name="vector", metric_type="IP", params=parameters)
        return index

    def _collection(self) -> str:
        return str(self._ask(self._client.describe_alias, self.name)["collection_name"])

    def _collections(self) -> list[str]:
        names = self._ask(self._client.list_collections)
        return [name for name in names if name.startswith(f"{self.name}_") and name[len(self.name) + 1 :].isdigit()]

    def _number(self, collection: str) -> int:
        return int(collection[len(self.name) + 1 :])


def _fact(key: str, kind: str, value: str) -> Row:
    # Milvus takes no rows without a vector.
    return {"key": key, "kind": kind, "value": value, "vector": [0.0, 0.0]}


@contextmanager
def _reason_of_lite() -> Iterator[list[BaseException]]:
    """Catches the exception that milvus-lite logs, with its traceback, where it tells its caller nothing."""
    reasons: list[BaseException] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None:
            reasons.append(record.exc_info[1])
        return False

    logger = logging.getLogger("milvus_lite.server_manager")
    logger.addFilter(keep)
    try:
        yield reasons
    finally:
        logger.removeFilter(keep)
