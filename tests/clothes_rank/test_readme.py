"""What the README shows is what happens."""

import ast
import re

import numpy as np
import pytest

from clothes_rank import MODES, clothes_rank
from clothes_rank.__main__ import arguments, main


@pytest.fixture(scope="module")
def readme(pytestconfig):
    return (pytestconfig.rootpath / "projects" / "ClothesRank" / "README.md").read_text()


def test_its_python_runs(readme):
    generator = np.random.default_rng(0)
    names = {}
    for side, size in (("query", 10), ("gallery", 30)):
        names[f"{side}_features"] = generator.standard_normal((size, 4))
        for label in ("pids", "camids", "clothes", "tracklets"):
            names[f"{side}_{label}"] = generator.integers(0, 3, size)
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, names)
    assert names["results"]["clothing_change"].num_queries > 0
    assert list(names["reranked"]) == list(MODES)


@pytest.fixture
def example():
    """The query and the five images of its example, at growing angles to the query."""
    angles = np.arange(1, 6) / 10
    return {
        "query_features": np.array([[1.0, 0.0]]),
        "gallery_features": np.stack([np.cos(angles), np.sin(angles)], axis=1),
        "query_pids": np.array([1]),
        "gallery_pids": np.array([2, 1, 1, 2, 1]),
        "query_camids": np.array([0]),
        "gallery_camids": np.array([1, 0, 1, 1, 1]),
        "query_clothes": np.array([10]),
        "gallery_clothes": np.array([20, 10, 11, 20, 10]),
    }


def test_its_example_in_numbers(readme, example):
    assert "AP: general (1/2 + 2/4) / 2 = 0.5, same_clothing 1/3, clothing_change 1/2. INP: 2/4, 1/3, 1/2." in readme
    results = clothes_rank(**example, mode=MODES)
    for mode, ap, inp in zip(MODES, (0.5, 1 / 3, 1 / 2), (2 / 4, 1 / 3, 1 / 2), strict=True):
        assert (results[mode].mean_ap, results[mode].mean_inp) == (ap, inp)
        assert results[mode].cmc[0] == 0


def test_its_output_is_what_the_command_prints(readme, example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.savez("features.npz", **example)
    main(arguments(["features.npz"]))
    printed = "".join(f"    {line}".rstrip() + "\n" for line in capsys.readouterr().out.splitlines())
    assert printed in readme


def test_every_trap_has_its_test(readme, pytestconfig):
    rows = [line for line in readme.splitlines() if line.startswith("| ") and "::test_" in line]
    assert len(rows) == 13
    for row in rows:
        file = None
        for named in re.findall(r"`([^`]*test_\w+)`", row.split("|")[4]):
            named_file, _, test = named.rpartition("::")
            file = named_file or file
            tree = ast.parse((pytestconfig.rootpath / file).read_text())
            assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, named
