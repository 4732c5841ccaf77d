"""The package knows arrays alone: nothing above it in the house is imported, and little beside NumPy."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np

import clothes_rank

ABOVE = (
    "datasets_ext",
    "exported_model",
    "fastreid",
    "fastreid_compat",
    "fastreid_runs",
    "ifd",
    "people_parsing",
    "person_search",
    "rendered_people",
)
# pyarrow for Parquet tables alone, where it is installed.
ALLOWED = {"faiss", "numba", "numpy", "pyarrow", "scipy", "threadpoolctl", "torch"}

ALONE = f"""
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABOVE!r}:
            raise ImportError(name + " is above clothes_rank")

sys.meta_path.insert(0, Blocker())
import clothes_rank
for module in pkgutil.walk_packages(clothes_rank.__path__, "clothes_rank."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import runpy
sys.argv = ["clothes_rank", sys.argv[1]]
runpy.run_module("clothes_rank", run_name="__main__")
"""


def test_it_works_where_nothing_above_it_is_installed(tmp_path):
    features, pids = np.eye(4, dtype=np.float32), np.array([1, 1, 2, 2])
    path = tmp_path / "features.npz"
    np.savez(path, query_features=features, gallery_features=features, query_pids=pids, gallery_pids=pids)
    done = subprocess.run([sys.executable, "-c", ALONE, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "general, multi-shot, chance" in done.stdout


def test_it_imports_what_is_declared_and_no_more():
    found = set()
    for path in Path(clothes_rank.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.partition(".")[0])
    assert found - set(sys.stdlib_module_names) == ALLOWED


def test_its_types_are_public():
    assert (Path(clothes_rank.__file__).parent / "py.typed").exists()
