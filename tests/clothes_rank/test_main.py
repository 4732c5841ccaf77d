"""The command, for a file of anybody's features."""

import json
import subprocess
import sys

import numpy as np
import pytest

from clothes_rank import MODES, Labels, Retrieval
from clothes_rank.__main__ import arguments, main
from clothes_rank.camera_centering import center_by_camera
from clothes_rank.feature_files import FeatureFileError
from clothes_rank.rerank import rerank


@pytest.fixture(scope="module")
def arrays():
    generator = np.random.default_rng(0)
    centres = generator.standard_normal((6, 12))
    made = {}
    for side, size in (("query", 20), ("gallery", 60)):
        pids = generator.integers(0, 6, size)
        made[f"{side}_features"] = (centres[pids] + generator.standard_normal((size, 12))).astype(np.float32)
        made[f"{side}_pids"] = pids
        made[f"{side}_camids"] = generator.integers(0, 3, size)
        made[f"{side}_clothes"] = 10 * pids + generator.integers(0, 2, size)
    return made


@pytest.fixture
def file(arrays, tmp_path):
    np.savez(tmp_path / "features.npz", **arrays)
    return str(tmp_path / "features.npz")


def sides(arrays):
    return [
        Labels(*(arrays[f"{side}_{name}"] for name in ("pids", "camids", "clothes"))) for side in ("query", "gallery")
    ]


def retrieval(arrays, **options):
    return Retrieval(arrays["query_features"], arrays["gallery_features"], *sides(arrays), **options)


def printed(capsys, *given):
    main(arguments(list(given)))
    return capsys.readouterr().out


def cells(text):
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {row[0]: row[1:] for row in rows[2:]}


def test_every_mode_with_chance_and_the_protocols_name(capsys, file, arrays):
    text = printed(capsys, file)
    ranked, chance = retrieval(arrays).rank(), retrieval(arrays).chance(MODES)
    found = cells(text)
    assert list(found) == [f"{mode}, multi-shot{more}" for mode in MODES for more in ("", ", chance")]
    for mode in MODES:
        row = found[f"{mode}, multi-shot"]
        assert row[0] == f"{100 * ranked[mode].cmc[0]:.2f}"
        assert row[4:6] == [f"{100 * ranked[mode].mean_ap:.2f}", f"{100 * ranked[mode].mean_inp:.2f}"]
        assert row[6:] == [str(ranked[mode].num_queries), str(ranked[mode].num_skipped)]
        assert found[f"{mode}, multi-shot, chance"][4] == f"{100 * chance[mode].mean_ap:.2f}"
    assert text.splitlines()[:2] == [
        f"{file}: queries 20, gallery images 60, dimensions 12",
        "protocol: multi-shot (the whole gallery), cosine distance; per cent",
    ]
    assert "note" not in text


def test_single_shot_is_told_apart_by_name(capsys, file, arrays):
    text = printed(capsys, file, "--protocol", "single-shot", "--draws", "3", "--seed", "5", "--modes", "general")
    expected = retrieval(arrays).single_shot("general", draws=3, seed=5)["general"]
    assert list(cells(text)) == ["general, single-shot", "general, single-shot, chance"]
    assert cells(text)["general, single-shot"][4] == (
        f"{100 * expected.mean_ap:.2f} ± {100 * expected.mean_ap_std:.2f}"
    )
    assert "single-shot (one random gallery image a person, 3 draws, seed 5)" in text


def test_re_ranked_figures_have_rows_of_that_name(capsys, file, arrays):
    plain = cells(printed(capsys, file, "--modes", "general"))
    text = printed(capsys, file, "--modes", "general", "--rerank", "--k1", "8", "--k2", "3", "--lambda", "0.2")
    found = cells(text)
    distances = rerank(arrays["query_features"], arrays["gallery_features"], k1=8, k2=3, lambda_value=0.2)
    expected = Retrieval.from_distances(distances, *sides(arrays)).rank("general")["general"]
    assert {name: row for name, row in found.items() if "re-ranked" not in name} == plain
    assert (
        found["general, multi-shot, re-ranked"][4] == f"{100 * expected.mean_ap:.2f}" != plain["general, multi-shot"][4]
    )
    assert "re-ranked rows with k1 8, k2 3, lambda 0.2" in text


def test_camera_centered_figures_have_rows_of_that_name(capsys, file, arrays, tmp_path):
    plain = cells(printed(capsys, file, "--modes", "general"))
    text = printed(capsys, file, "--modes", "general", "--center-cameras")
    found = cells(text)
    centered = center_by_camera(
        arrays["query_features"], arrays["gallery_features"], arrays["query_camids"], arrays["gallery_camids"]
    )
    expected = Retrieval(*centered, *sides(arrays), metric="cosine").rank("general")["general"]
    assert {name: row for name, row in found.items() if "camera-centered" not in name} == plain
    assert found["general, multi-shot, camera-centered"][4] == f"{100 * expected.mean_ap:.2f}"
    assert found["general, multi-shot, camera-centered"][4] != plain["general, multi-shot"][4]
    assert "less each camera's mean" in text
    without = {name: value for name, value in arrays.items() if "camids" not in name}
    np.savez(tmp_path / "without.npz", **without)
    with pytest.raises(FeatureFileError, match="--center-cameras needs camera labels"):
        main(arguments([str(tmp_path / "without.npz"), "--center-cameras"]))


def test_json(capsys, file, arrays):
    given = (file, "--json", "--metric", "euclidean", "--rerank", "--modes", "clothing_change")
    found = json.loads(printed(capsys, *given))
    expected = retrieval(arrays, metric="euclidean").rank("clothing_change")["clothing_change"]
    assert found["protocol"] == {
        "name": "multi-shot",
        "metric": "euclidean",
        "re-ranking": {"k1": 20, "k2": 6, "lambda": 0.3},
    }
    assert (found["queries"], found["gallery_images"], found["dimensions"], found["notes"]) == (20, 60, 12, [])
    assert list(found["modes"]) == ["clothing_change"]
    assert list(found["modes"]["clothing_change"]) == ["plain", "chance", "re-ranked"]
    plain = found["modes"]["clothing_change"]["plain"]
    assert plain["mean_ap"] == expected.mean_ap
    assert plain["cmc"]["5"] == expected.cmc[4]
    assert (plain["queries"], plain["left_out"]) == (expected.num_queries, expected.num_skipped)


def test_json_of_single_shot(capsys, file):
    found = json.loads(printed(capsys, file, "--json", "--protocol", "single-shot"))
    assert found["protocol"] == {"name": "single-shot", "metric": "cosine", "draws": 10, "seed": 0}
    assert found["modes"]["general"]["plain"]["deviation"]["mean_ap"] > 0


def test_what_is_unknown_is_said_and_what_it_allows_is_scored(capsys, arrays, tmp_path):
    path = str(tmp_path / "features.npz")
    known = {key: value for key, value in arrays.items() if key.endswith(("features", "pids"))}
    np.savez(path, **known, query_cameras=np.zeros(20))
    text = printed(capsys, path)
    apart = Retrieval(
        arrays["query_features"],
        arrays["gallery_features"],
        Labels(arrays["query_pids"], np.arange(20)),
        Labels(arrays["gallery_pids"], 20 + np.arange(60)),
    ).rank("general")["general"]
    assert list(cells(text)) == ["general, multi-shot", "general, multi-shot, chance"]
    assert cells(text)["general, multi-shot"][4] == f"{100 * apart.mean_ap:.2f}"
    assert "note: no camera labels: every image counts as seen by a camera of its own" in text
    assert "note: no clothes labels: same_clothing and clothing_change are left out" in text
    assert "note: not used: query_cameras" in text
    assert json.loads(printed(capsys, path, "--json"))["notes"][2] == "not used: query_cameras"
    with pytest.raises(FeatureFileError, match="mode clothing_change needs clothes labels"):
        main(arguments([path, "--modes", "clothing_change"]))


def test_a_mode_without_a_pair_has_no_figure(capsys, arrays, tmp_path):
    path = str(tmp_path / "features.npz")
    np.savez(path, **{**arrays, "query_clothes": arrays["query_pids"], "gallery_clothes": arrays["gallery_pids"]})
    text = printed(capsys, path)
    assert cells(text)["clothing_change, multi-shot"] == ["-"] * 6 + ["0", "20"]
    assert cells(text)["clothing_change, multi-shot, chance"] == ["-"] * 6 + ["", ""]
    assert "note: no query has a match in clothing_change mode: there is nothing to score" in text
    for protocol in ("multi-shot", "single-shot"):
        found = json.loads(printed(capsys, path, "--json", "--protocol", protocol))
        assert found["modes"]["clothing_change"]["plain"]["mean_ap"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"query_features": np.ones((20, 5), np.float32)}, "query features have 5 dimensions and gallery features 12"),
        ({"query_features": np.ones(20)}, r"query_features has shape \(20,\), expected"),
        ({"query_features": np.ones((20, 12), int)}, "query_features has dtype int64, expected floating point"),
        ({"query_features": np.full((20, 12), np.nan)}, "query features hold NaN or infinite values"),
        ({"query_features": np.zeros((20, 12))}, "query features are all zero in row 0"),
        ({"query_features": np.ones((0, 12))}, "query_features is empty"),
        ({"query_pids": np.zeros(19, int)}, r"query_pids has shape \(19,\), expected \(20,\)"),
        ({"gallery_clothes": np.zeros(60)}, "gallery_clothes has dtype float64, expected integers"),
    ],
)
def test_arrays_that_do_not_fit_are_named_with_their_file(arrays, tmp_path, changed, message):
    path = str(tmp_path / "features.npz")
    np.savez(path, **{**arrays, **changed})
    with pytest.raises(FeatureFileError, match=f"features.npz: {message}"):
        main(arguments([path]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--protocol", "single-shot", "--rerank"], "--rerank does not go with single-shot"),
        (["--protocol", "single-shot", "--center-cameras"], "--center-cameras does not go with single-shot"),
        (["--draws", "0"], "'0', expected a whole number of at least 1"),
        (["--seed", "-1"], "'-1', expected a whole number of at least 0"),
        (["--k1", "x"], "'x', expected a whole number of at least 1"),
        (["--lambda", "2"], "'2', expected a number from 0 to 1"),
        (["--lambda", "nan"], "'nan', expected a number from 0 to 1"),
        (["--modes", "cloth_change"], "invalid choice: 'cloth_change'"),
        (["--metric", "l2"], "invalid choice: 'l2'"),
    ],
)
def test_options_out_of_range(capsys, given, message):
    with pytest.raises(SystemExit) as ended:
        arguments(["features.npz", *given])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def run(*given):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "clothes_rank", *given], capture_output=True, text=True, check=False
    )


def test_the_command_itself(file, tmp_path):
    """With every warning an error: what NumPy has deprecated would show."""
    done = run(file, "--rerank")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(cells(done.stdout)) == 9
    refused = run(str(tmp_path / "\x1b[31mabsent.npz"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"error: {tmp_path}/\\x1b[31mabsent.npz does not exist\n"
