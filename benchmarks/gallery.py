"""Times a gallery of person_search, embedded in a file and behind milvus-lite's server, beside faiss in memory.

    python -m benchmarks gallery
    python -m benchmarks.gallery
    python -m benchmarks.gallery --pictures 20000 --dim 256 --index
    python -m benchmarks.gallery --index --uri http://127.0.0.1:19530      # a Milvus that runs there

The first has the rows of :mod:`benchmarks`, exact search in the file alone. Vectors are random people: a centre each,
and pictures around it whose similarity to each other is about that of good descriptors. Each gallery is filled in a
process of its own, so that memory is that process's peak; the server's memory is the server's. Exact search is
checked against faiss's flat index, recall measured against it. Times are the median over the queries, one query at a
time.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from person_search import Gallery, Space

from .rows import Row, compared

PICTURES_A_PERSON = 10
CAMERAS = 8
# Noise against a centre's length of 1: two pictures of one person have a similarity of about 1 / (1 + NOISE**2).
NOISE = 0.8
TOP = 10
NAME = "benchmark"


def random_people(pictures: int, dim: int, seed: int = 0) -> np.ndarray:
    """(pictures, dim) float32 of length 1; picture n is of person n // PICTURES_A_PERSON."""
    generator = np.random.default_rng(seed)
    vectors = generator.standard_normal((-(-pictures // PICTURES_A_PERSON), dim), np.float32)
    vectors = vectors.repeat(PICTURES_A_PERSON, 0)[:pictures]
    for start in range(0, pictures, 10_000):
        block = vectors[start : start + 10_000]
        block += NOISE * generator.standard_normal(block.shape, np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return vectors


def queries_of(vectors: np.ndarray, count: int) -> np.ndarray:
    """Further pictures of people of the gallery."""
    generator = np.random.default_rng(1)
    chosen = vectors[generator.choice(len(vectors), count, replace=False)]
    moved = chosen + NOISE * generator.standard_normal(chosen.shape, np.float32) / np.sqrt(vectors.shape[1])
    queries: np.ndarray = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return queries


def seconds(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def peak_mib(pid: int | str = "self") -> float:
    """Peak resident memory of a process; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def median_seconds(search: Callable[[np.ndarray], Any], queries: np.ndarray) -> float:
    """Of one query after the other, once the first has warmed up what there is to warm up."""
    search(queries[0])
    return float(np.median([seconds(lambda query=query: search(query)) for query in queries]))


def median_search(gallery: Gallery, queries: np.ndarray, **filters: Any) -> float:
    return median_seconds(lambda query: gallery.search(query, top=TOP, **filters), queries)


def found_by(gallery: Gallery, queries: np.ndarray) -> np.ndarray:
    """(queries, TOP) numbers of the pictures found."""
    return np.array([[int(hit.picture.source or -1) for hit in hits] for hits in gallery.search_many(queries, top=TOP)])


class Figures(dict[str, float]):
    """What was measured, told as soon as it is."""

    def __setitem__(self, name: str, value: float) -> None:
        super().__setitem__(name, value)
        print(f"    {name} {value:.4g}", file=sys.stderr, flush=True)


def figures(uri: str, options: argparse.Namespace, server: int | None) -> dict[str, float]:
    """Fills and searches one gallery, and says how long that took; ``server`` is the server's process."""
    import faiss

    vectors = random_people(options.pictures, options.dim)
    queries = queries_of(vectors, options.queries)
    flat = faiss.IndexFlatIP(options.dim)
    flat.add(vectors)
    nearest = flat.search(queries, TOP)[1]
    result = Figures()
    result["faiss"] = median_seconds(lambda query: flat.search(query[None], TOP), queries)
    before = peak_mib()
    numbers = np.arange(options.pictures)
    with Gallery(uri, Space(options.dim, "benchmark"), name=NAME) as gallery:
        result["add"] = seconds(
            lambda: gallery.add(
                vectors=vectors,
                camera=[f"camera {number % CAMERAS}" for number in numbers],
                time=(numbers * 0.5).tolist(),
                person=[f"person {number // PICTURES_A_PERSON}" for number in numbers],
                source=[str(number) for number in numbers],
            )
        )
        result["add"] += seconds(gallery.flush)
    result["memory to add"] = peak_mib() - before
    result["server"] = 0.0 if server is None else peak_mib(server)
    start = time.perf_counter()
    gallery = Gallery(uri, name=NAME)
    result["open"] = time.perf_counter() - start
    found = found_by(gallery, queries)
    result["recall"] = float((found[:, :, None] == nearest[:, None]).any(2).mean())
    result["search"] = median_search(gallery, queries)
    result["one camera"] = median_search(gallery, queries, cameras="camera 3")
    result["remove and erase"] = seconds(lambda: gallery.remove(person="person 1"))
    kept = ~np.isin(nearest // PICTURES_A_PERSON, 1)
    if options.index:
        result["make index"] = seconds(gallery.build_index)
        result["search, HNSW"] = median_search(gallery, queries)
        same = (found_by(gallery, queries)[:, :, None] == nearest[:, None]).any(1)
        result["recall, HNSW"] = float(same[kept].mean())
    gallery.close()
    result["memory in all"] = peak_mib() - before
    result["server in all"] = 0.0 if server is None else peak_mib(server)
    return dict(result)


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`: exact search in a gallery in a file beside faiss's flat index in memory."""
    import faiss

    pictures, dim = (500, 64) if quick else (20_000, 512)
    vectors = random_people(pictures, dim)
    query = queries_of(vectors, 1)
    flat = faiss.IndexFlatIP(dim)
    flat.add(vectors)
    with (
        tempfile.TemporaryDirectory(prefix="gallery") as folder,
        Gallery(str(Path(folder, "file.db")), Space(dim, "benchmark")) as gallery,
    ):
        gallery.add(vectors=vectors, source=[str(number) for number in range(pictures)])
        gallery.flush()
        return [
            compared(
                f"{pictures} x {dim}, one query",
                "exact search in a file / faiss's flat index",
                lambda: gallery.search(query[0], top=TOP),
                lambda: flat.search(query, TOP),
                turns=15,
            )
        ]


def memory_to_search(uri: str, dim: int) -> float:
    """Peak MiB of a process that opens a gallery and searches it, above that of its imports."""
    import milvus_lite  # noqa: F401
    import pymilvus  # noqa: F401

    before = peak_mib()
    with Gallery(uri, name=NAME) as gallery:
        gallery.search(np.ones(dim, np.float32))
    return peak_mib() - before


def in_own_process(uri: str, options: argparse.Namespace, server: int | None) -> dict[str, float]:
    """What ``figures`` measures in a fresh process, and ``memory_to_search`` in another."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        result = pool.submit(figures, uri, options, server).result()
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        result["memory to search"] = pool.submit(memory_to_search, uri, options.dim).result()
    return result


@contextmanager
def loopback_server(folder: Path) -> Iterator[tuple[str, int]]:
    """URI and process id of milvus-lite's server, for this machine alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "1"]
    # As a gallery sets it for itself in a file: what is in memory is written in smaller parts.
    environment = {**os.environ, "MILVUS_LITE_MEMTABLE_MEMORY_LIMIT_BYTES": str(16 * 2**20)}
    command = [sys.executable, "-m", "milvus_lite", "server", *where]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        process.wait()


def dropped(uri: str) -> None:
    """Leaves nothing of the benchmark on a server."""
    from pymilvus import MilvusClient

    client = MilvusClient(uri, token=os.environ.get("MILVUS_TOKEN", ""))
    with contextlib.suppress(Exception):
        client.drop_alias(NAME)
    for collection in client.list_collections():
        if collection.startswith(f"{NAME}_"):
            client.drop_collection(collection)
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--index", action="store_true", help="also make the HNSW index, which takes minutes")
    parser.add_argument("--uri", help="of a server of Milvus, to measure in the place of milvus-lite")
    parser.add_argument("--json", help="file to write the figures to")
    options = parser.parse_args()

    import milvus_lite
    import pymilvus

    print(
        f"{options.pictures:,} x {options.dim}, {options.queries} queries, top {TOP}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, milvus-lite {milvus_lite.__version__}, "
        f"pymilvus {pymilvus.__version__}, {len(os.sched_getaffinity(0))} cores"
    )
    folder = Path(tempfile.mkdtemp(prefix="gallery"))
    results = {}
    size = 0
    try:
        if options.uri:
            dropped(options.uri)
            results["Milvus"] = in_own_process(options.uri, options, None)
            dropped(options.uri)
        else:
            results["embedded"] = in_own_process(str(folder / "file.db"), options, None)
            with loopback_server(folder / "server.db") as (uri, pid):
                results["server"] = in_own_process(uri, options, pid)
            size = sum(path.stat().st_size for path in (folder / "file.db").rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder)

    names = list(dict.fromkeys(name for result in results.values() for name in result))
    print(f"\n{'':<20}" + "".join(f"{where:>14}" for where in results))
    for name in names:
        unit = "" if "recall" in name else (" MiB" if "memory" in name or "server" in name else " s")
        print(f"{name:<20}" + "".join(f"{result[name]:>10.4g}{unit:<4}" for result in results.values()))
    if size:
        alone = options.pictures * options.dim * 4
        print(f"\nthe file: {size / 2**20:.0f} MiB; its vectors alone: {alone / 2**20:.0f} MiB")
    for where, result in results.items():
        ratios = {name: result[name] / result["faiss"] for name in ("search", "search, HNSW") if name in result}
        print(
            f"{where}: " + ", ".join(f"{name} {ratio:.0f} times faiss's flat index" for name, ratio in ratios.items())
        )
        print(f"{where}: {options.pictures / result['add']:,.0f} pictures a second added")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
