"""One gallery, several clients: milvus-lite's server on this machine alone."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from person_search import Gallery, OtherModelError, Space

SPACE = Space(8, "f")


def unit(count, seed=0):
    vectors = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(URI, folder) of a server bound to the loopback."""
    pytest.importorskip("milvus_lite")
    folder = tmp_path_factory.mktemp("server") / "people.db"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "milvus_lite", "server", *where], stdout=subprocess.DEVNULL)
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}", folder
    process.terminate()
    process.wait()


def test_two_clients_see_what_each_other_adds(server):
    uri, _ = server
    with Gallery(uri, SPACE, name="two") as first, Gallery(uri, SPACE, name="two") as second:
        first.add(vectors=unit(5), camera="a")
        assert len(second) == 5
        assert second.search(unit(5)[3])[0].score == pytest.approx(1, abs=1e-6)
        second.add(vectors=unit(5, 1), camera="b")
        assert {hit.picture.camera for hit in first.search(unit(1)[0])} == {"a", "b"}
        assert first.stats().cameras == ("a", "b")
        assert first.add(vectors=unit(5, 1), camera="b") == (0, 0, 5)
        with pytest.raises(OtherModelError):
            Gallery(uri, Space(8, "g"), name="two")


def test_two_processes_add_at_once(server):
    uri, _ = server
    Gallery(uri, SPACE, name="many").close()
    program = """
import sys
import numpy as np
from person_search import Gallery, Space
uri, seed = sys.argv[1], int(sys.argv[2])
gallery = Gallery(uri, Space(8, "f"), name="many")
for number in range(20):
    # Half of what each adds the other adds as well.
    generator = np.random.default_rng([number, seed if number % 2 else 0])
    gallery.add(vectors=generator.normal(size=(25, 8)), camera=f"c{seed}")
"""
    with ThreadPoolExecutor() as pool:
        call = lambda seed: subprocess.run([sys.executable, "-c", program, uri, str(seed)]).returncode  # noqa: E731
        assert list(pool.map(call, (1, 2))) == [0, 0]
    with Gallery(uri, name="many") as gallery:
        assert len(gallery) == 10 * 25 + 2 * 10 * 25
        assert sum(gallery.count_by("camera").values()) == len(gallery)


def test_a_person_removed_by_one_client_is_gone_for_the_other(server):
    uri, folder = server
    with Gallery(uri, SPACE, name="gone") as first, Gallery(uri, SPACE, name="gone") as second:
        first.add(vectors=unit(9), person=[f"p{number % 3}" for number in range(9)])
        assert second.remove(person="p1") == 3
        assert len(first) == 6
        assert first.count_by("person") == {"p0": 3, "p2": 3}
        assert sorted(name for name in os.listdir(folder / "collections") if name.startswith("gone")) == [
            "gone_2",
            "gone_about",
        ]
        first.add(vectors=unit(1, 4))
        assert len(second) == 7


def test_what_another_client_does_during_an_erasure_is_kept(server):
    uri, _ = server
    with Gallery(uri, SPACE, name="busy") as first, Gallery(uri, SPACE, name="busy") as second:
        first.add(vectors=unit(40), person=[f"p{number % 4}" for number in range(40)])
        first._store.rows_a_request = lambda dim: 10

        def meanwhile(pictures, calls=[]):  # noqa: B006
            calls.append(pictures)
            if len(calls) == 2:
                second.add(vectors=unit(6, 7), person="new")
                second.remove(person="p3", erase=False)

        first.remove(person="p0", report=meanwhile)
        counts = first.count_by("person")
        assert counts == {"p1": 10, "p2": 10, "new": 6}
        assert second.count_by("person") == counts
