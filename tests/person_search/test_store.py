import logging
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from person_search import Gallery, GalleryError, MissingPackageError, Space
from person_search.store import Store, is_server

SPACE = Space(8, "f")


def test_uris():
    assert is_server("http://host:19530")
    assert is_server("HTTPS://host")
    assert not is_server("people.db")
    assert not is_server("/http/people.db")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("people", "expected a file ending .db"),
        ("absent/people.db", "there is no folder"),
        ("file.db", "is no gallery of this milvus-lite"),
    ],
)
def test_files_that_cannot_be_galleries(tmp_path, name, message):
    (tmp_path / "file.db").write_text("of an older milvus-lite")
    with pytest.raises(GalleryError, match=message):
        Store(str(tmp_path / name), "people")


def test_a_gallery_is_one_process_at_a_time(uri):
    with Gallery(uri, SPACE):
        program = f"""
        from person_search import Gallery, GalleryError
        try:
            Gallery({uri!r})
        except GalleryError as error:
            print(error)
        """
        ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert "is open in another process" in ended.stdout
    assert "milvus-lite server" in ended.stdout
    # No traceback of milvus-lite's.
    assert ended.stderr == ""


def test_the_file_is_its_owners_alone(uri):
    import os

    with Gallery(uri, SPACE):
        assert os.stat(uri).st_mode & 0o077 == 0


def test_the_file_is_free_after_the_last_gallery_is_closed(uri):
    first, second = Gallery(uri, SPACE), Gallery(uri, SPACE)
    first.close()
    first.close()
    second.add(vectors=np.eye(8))
    second.close()
    ended = subprocess.run(
        [sys.executable, "-c", f"from person_search import Gallery; print(len(Gallery({uri!r})))"],
        capture_output=True,
        text=True,
    )
    assert ended.stdout.split() == ["8"]


def test_a_server_that_does_not_answer(monkeypatch, caplog):
    pytest.importorskip("pymilvus")
    monkeypatch.setattr("person_search.store._TIMEOUT_SECONDS", 0.5)
    with caplog.at_level(logging.CRITICAL), pytest.raises(GalleryError, match="Gallery http://127.0.0.1:1: "):
        Store("http://127.0.0.1:1", "people")


def test_the_token_comes_from_the_environment(monkeypatch):
    pymilvus = pytest.importorskip("pymilvus")
    given = {}

    class Client:
        def __init__(self, **options):
            given.update(options)

        def get_server_version(self):
            return "2.6.0"

        def has_collection(self, name):
            return False

        def close(self):
            pass

    monkeypatch.setattr(pymilvus, "MilvusClient", Client)
    monkeypatch.setenv("MILVUS_TOKEN", "root:secret")
    store = Store("http://127.0.0.1:19530", "people")
    store.close()
    assert given["token"] == "root:secret"
    assert not store.lite


def test_without_pymilvus_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(MissingPackageError, match=r'needs the package pymilvus.*"fastreid-ifd\[search\]"'):
        Store(str(tmp_path / "people.db"), "people")


def test_a_gallery_that_was_not_made_to_its_end(uri, monkeypatch):
    def killed(*arguments, **options):
        raise KeyboardInterrupt

    import pymilvus

    for step in ("create_collection", "upsert", "create_alias"):
        with monkeypatch.context() as patched:
            patched.setattr(pymilvus.MilvusClient, step, killed)
            with pytest.raises(KeyboardInterrupt):
                Gallery(uri, SPACE)
        with pytest.raises(GalleryError, match="There is no gallery"):
            Gallery(uri)
    with Gallery(uri, SPACE) as gallery:
        gallery.add(vectors=np.eye(8))
        assert len(gallery) == 8


@pytest.mark.parametrize("rows", [1, 7, 1000])
def test_scanning_gives_every_row_once(uri, monkeypatch, rows):
    # More rows than one request may find are asked for in halves.
    monkeypatch.setattr("person_search.store.MOST_ROWS", 10)
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    with Gallery(uri, SPACE) as gallery:
        gallery.add(vectors=vectors, person=[str(number) for number in range(60)])
        parts = list(gallery._store.scan(["person"], rows))
    ids = [row["id"] for part in parts for row in part]
    assert ids == sorted(set(ids))
    assert sorted(int(row["person"]) for part in parts for row in part) == list(range(60))
