"""Times the clothes-aware ranking beside the host's evaluation and a straightforward one, on random features.

    python -m benchmarks evaluation
    python -m benchmarks.evaluation
    python -m benchmarks.evaluation --queries 10000 --gallery 1000000

The first has the rows of :mod:`benchmarks`. The second compares, in turns within one process and best of several: the
plain matrix product, the ranking of all modes from features and from distances, the host's Cython and Python
evaluation (one mode each, as they know no clothes), and one argsort per query and mode. The host's Cython code is
compiled in a temporary copy; that takes a C compiler and `pip install cython setuptools`, and is left out where they
are missing. Where the matrix of distances would not fit the limit, only the ranking from features runs. Memory is the
growth of the process while a contender runs.
"""

import argparse
import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances
from clothes_rank.rerank import rerank

from .rows import Row, compared

HOST_EVALUATION = Path(importlib.util.find_spec("fastreid").submodule_search_locations[0]) / "evaluation"
# Worker threads of BLAS libraries stay busy for some ten milliseconds after a product.
PAUSE_SECONDS = 0.2


def random_features(generator: np.random.Generator, rows: int, dim: int) -> np.ndarray:
    features = np.empty((rows, dim), np.float32)
    for start in range(0, rows, 10_000):
        generator.standard_normal(dtype=np.float32, out=features[start : start + 10_000])
    return features


def random_labels(generator: np.random.Generator, queries: int, gallery: int, people: int) -> list[np.ndarray]:
    """Labels in the order of clothes_rank: people, six cameras, three outfits."""
    return [generator.integers(0, kinds, size) for kinds in (people, 6, 3) for size in (queries, gallery)]


def argsort_mean_ap(distances: np.ndarray, labels: list[np.ndarray], mode: str) -> float:
    """Mean AP of one mode as it is usually written: sort a query's gallery, remove, look at the matches."""
    query_pids, gallery_pids, query_camids, gallery_camids, query_clothes, gallery_clothes = labels
    precisions = []
    for query in range(len(distances)):
        order = np.argsort(distances[query])
        same_person = gallery_pids[order] == query_pids[query]
        same_camera = gallery_camids[order] == query_camids[query]
        same_clothes = gallery_clothes[order] == query_clothes[query]
        removed = {
            "general": same_person & same_camera,
            "same_clothing": same_person & (same_camera | ~same_clothes),
            "clothing_change": same_person & (same_camera | same_clothes),
        }[mode]
        matches = same_person[~removed]
        if matches.any():
            ranks = np.flatnonzero(matches) + 1
            precisions.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
    return float(np.mean(precisions))


def build_host_cython(folder: Path) -> Callable | str:
    """The host's compiled evaluate_cy, built in `folder`; a message where that cannot be."""
    if importlib.util.find_spec("Cython") is None or importlib.util.find_spec("setuptools") is None:
        return "left out, needs: pip install cython setuptools"
    if not any(map(shutil.which, ("cc", "gcc", "clang", "cl"))):
        return "left out, needs a C compiler"
    shutil.copytree(HOST_EVALUATION / "rank_cylib", folder, dirs_exist_ok=True)
    # setuptools brings distutils, which the host's script imports, to where Python has none.
    script = "import setuptools, runpy; runpy.run_path('setup.py', run_name='__main__')"
    built = subprocess.run(
        [sys.executable, "-c", script, "build_ext", "--inplace"], cwd=folder, capture_output=True, text=True
    )
    libraries = [path for path in folder.glob("rank_cy*") if path.suffix in (".so", ".pyd")]
    if not libraries:
        return f"left out, it does not compile: {built.stderr.strip().splitlines()[-1:]}"
    return load("rank_cy", libraries[0]).evaluate_cy


def load(name: str, path: Path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def host_python() -> Callable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load("host_rank", HOST_EVALUATION / "rank.py").eval_market1501


class Contender:
    """Something to time.

    Args:
        name: for the table.   run: called without arguments.   repeats: at most so many turns.
    """

    def __init__(self, name: str, run: Callable, repeats: int):
        self.name, self.repeats = name, repeats
        self.seconds, self.growth, self.result = [], 0, None
        self._run = run

    def turn(self) -> None:
        if len(self.seconds) >= self.repeats:
            return
        time.sleep(PAUSE_SECONDS)
        before = _memory("VmRSS", reset_peak=True)
        start = time.perf_counter()
        self.result = self._run()
        self.seconds.append(time.perf_counter() - start)
        self.growth = max(self.growth, _memory("VmHWM") - before)

    @property
    def best(self) -> float:
        return min(self.seconds)


def _memory(field: str, *, reset_peak: bool = False) -> int:
    # Bytes of resident memory, now (VmRSS) or at its peak (VmHWM); 0 where the system does not tell.
    try:
        if reset_peak:
            Path("/proc/self/clear_refs").write_text("5")
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def compare(query, gallery, labels, repeats: int) -> None:
    """Times every contender in turns and prints the table and the ratios."""
    products = np.empty((len(query), len(gallery)), np.float32)
    units = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (query, gallery)]
    distances = 1.0 - units[0] @ units[1].T
    tensors = [torch.from_numpy(side) for side in (query, gallery)]
    contenders = {
        "product": Contender("matrix product, NumPy", lambda: np.matmul(query, gallery.T, out=products), repeats),
        "torch": Contender(
            "matrix product, torch", lambda: torch.mm(tensors[0], tensors[1].T, out=torch.from_numpy(products)), repeats
        ),
        "features": Contender(
            "clothes_rank, three modes", lambda: clothes_rank(query, gallery, *labels, mode=MODES), repeats
        ),
        "given": Contender(
            "clothes_rank_from_distances, three modes",
            lambda: clothes_rank_from_distances(distances, *labels, mode=MODES),
            repeats,
        ),
        "argsort": Contender(
            "argsort, three modes",
            lambda: {mode: argsort_mean_ap(distances, labels, mode) for mode in MODES},
            min(repeats, 3),
        ),
        "python": Contender(
            "host, Python, one mode", lambda: host_python()(distances, *labels[:4], max_rank=50), min(repeats, 2)
        ),
    }
    with tempfile.TemporaryDirectory() as folder:
        evaluate_cy = build_host_cython(Path(folder) / "rank_cylib")
        if callable(evaluate_cy):
            contenders["cython"] = Contender(
                "host, Cython, one mode", lambda: evaluate_cy(distances, *labels[:4], 50), min(repeats, 5)
            )
        for _ in range(repeats):
            for contender in contenders.values():
                contender.turn()

    print(f"{'contender':<44}{'best':>10}{'median':>10}{'memory':>12}")
    for contender in contenders.values():
        print(
            f"{contender.name:<44}{contender.best:>8.3f} s{np.median(contender.seconds):>8.3f} s"
            f"{contender.growth / 2**20:>8.0f} MiB"
        )
    if not callable(evaluate_cy):
        print(f"{'host, Cython, one mode':<44}{evaluate_cy}")

    fastest_product = min(contenders["product"].best, contenders["torch"].best)
    features, given = contenders["features"], contenders["given"]
    print(f"\nfrom features, three modes: {features.best / fastest_product:.2f} times the matrix product")
    print("from distances, three modes, faster than")
    for name, what in (("cython", "the host's Cython, one mode"), ("python", "the host's Python, one mode")):
        if name in contenders:
            print(f"    {what}: {contenders[name].best / given.best:.1f} times")
    print(f"    argsort, three modes: {contenders['argsort'].best / given.best:.1f} times")

    for mode in MODES:
        found = contenders["given"].result[mode].mean_ap
        others = (features.result[mode].mean_ap, contenders["argsort"].result[mode])
        spread = max(abs(found - value) for value in others)
        print(f"mAP, {mode}: {100 * found:.4f} %, all within {100 * spread:.1e}")
    for name in ("cython", "python"):
        if name in contenders:
            spread = abs(given.result["general"].mean_ap - float(np.mean(contenders[name].result[1])))
            print(f"mAP, general, {contenders[name].name}: within {100 * spread:.1e}")


def measure(quick: bool) -> list[Row]:
    """See :mod:`benchmarks`: three modes beside the bare matrix product, and beside the host's one mode."""
    queries, gallery_size, people = (300, 1500, 75) if quick else (3368, 15913, 751)
    generator = np.random.default_rng(0)
    query = random_features(generator, queries, 512)
    gallery = random_features(generator, gallery_size, 512)
    labels = random_labels(generator, queries, gallery_size, people)
    products = np.empty((queries, gallery_size), np.float32)
    distances = 1.0 - query @ gallery.T
    case = f"{queries} x {gallery_size} x 512"
    rows = [
        compared(
            case,
            "three modes from features / matrix product",
            lambda: clothes_rank(query, gallery, *labels, mode=MODES),
            lambda: np.matmul(query, gallery.T, out=products),
            turns=5,
        )
    ]
    with tempfile.TemporaryDirectory() as folder:
        evaluate_cy = build_host_cython(Path(folder) / "rank_cylib")
        if callable(evaluate_cy):
            rows.append(
                compared(
                    case,
                    "three modes from distances / the host's, one mode",
                    lambda: clothes_rank_from_distances(distances, *labels, mode=MODES),
                    lambda: evaluate_cy(distances, *labels[:4], 50),
                    turns=3,
                )
            )
        else:
            print(f"the host's Cython {evaluate_cy}", file=sys.stderr)
    return rows


def rank_only(query, gallery, labels) -> None:
    """Times the ranking from features alone and prints its memory."""
    contender = Contender("clothes_rank, three modes", lambda: clothes_rank(query, gallery, *labels, mode=MODES), 1)
    contender.turn()
    work = 2.0 * len(query) * len(gallery) * query.shape[1]
    print(
        f"{contender.name}: {contender.best:.1f} s, {work / contender.best / 1e9:.0f} GFLOP/s of products, "
        f"{contender.growth / 2**20:.0f} MiB above the features' {(query.nbytes + gallery.nbytes) / 2**20:.0f} MiB"
    )
    for mode, result in contender.result.items():
        print(f"mAP, {mode}: {100 * result.mean_ap:.4f} %, {result.num_queries} queries")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--queries", type=int, default=3368)
    parser.add_argument("--gallery", type=int, default=15913)
    parser.add_argument("--people", type=int, default=751)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=15, help="turns of each contender; fewer of the slow ones")
    parser.add_argument("--rerank", type=int, default=3000, help="queries and gallery images to re-rank; 0 for none")
    parser.add_argument("--matrix-limit", type=int, default=4096, help="MiB a matrix of distances may take")
    options = parser.parse_args()

    generator = np.random.default_rng(0)
    query = random_features(generator, options.queries, options.dim)
    gallery = random_features(generator, options.gallery, options.dim)
    labels = random_labels(generator, options.queries, options.gallery, options.people)
    print(
        f"{options.queries} x {options.gallery} x {options.dim}, {options.people} people; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__}, "
        f"{torch.get_num_threads()} threads"
    )
    # Compiles the loops, or loads them from their cache.
    small = [side[:50] for side in labels]
    clothes_rank(query[:50], gallery[:50], *small, mode=MODES)
    clothes_rank_from_distances(np.zeros((50, 50), np.float32), *small, mode=MODES)

    if 4 * options.queries * options.gallery > options.matrix_limit * 2**20:
        rank_only(query, gallery, labels)
    else:
        compare(query, gallery, labels, options.repeats)
    if options.rerank:
        centres = random_features(generator, max(1, options.rerank // 20), options.dim)
        sides = [
            centres[generator.integers(0, len(centres), options.rerank)]
            + random_features(generator, options.rerank, options.dim)
            for _ in range(2)
        ]
        rerank(*(side[:50] for side in sides))
        contender = Contender("rerank", lambda: rerank(*sides), 1)
        contender.turn()
        print(
            f"rerank, {options.rerank} x {options.rerank}: {contender.best:.1f} s, {contender.growth / 2**20:.0f} MiB"
        )


if __name__ == "__main__":
    main()
