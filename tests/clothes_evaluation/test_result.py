"""A result's file, and the host's dict of it."""

import dataclasses
import json
import re

import pytest
from fastreid.evaluation.testing import flatten_results_dict

from clothes_evaluation import EvaluationResult, ResultError
from clothes_evaluation.protocol import Checkpoint, QueryExpansion, Reranking
from clothes_evaluation.rank_scores import Spread


@pytest.fixture
def result(made_up):
    """Two modes with figures, one without a pair."""
    draws = Spread.of([made_up.scores(0.2, 0.4), made_up.scores(0.4, 0.4)])
    return made_up.result(
        {
            "general": made_up.mode(made_up.scores(0.75, 0.5), verification={1e-4: 0.125}),
            "clothing_change": made_up.mode(made_up.scores(0.5, 0.25), single_shot=draws),
        },
        checkpoint=Checkpoint.at("model_final.pth"),
        draw_seed=0,
        joined_weights=(1.0, 0.5),
        software={"torch": "2.6"},
    )


def test_flat_is_the_hosts_dict(result):
    flat = result.flat()
    assert list(flat)[:10] == [
        *(f"general/{name}" for name in ("Rank-1", "Rank-5", "Rank-10", "Rank-20", "mAP", "mINP")),
        *("general/queries", "general/left_out", "same_clothing/queries", "same_clothing/left_out"),
    ]
    assert (flat["general/Rank-1"], flat["general/mAP"], flat["general/mINP"]) == (75.0, 50.0, 25.0)
    assert (flat["general/queries"], flat["general/left_out"]) == (7, 2)
    # As the host gives it, a share.
    assert flat["general/TPR@FPR=1e-04"] == 0.125
    assert flat["clothing_change/single_shot/Rank-1"] == pytest.approx(30.0)
    assert flat["clothing_change/single_shot/Rank-1_std"] == pytest.approx(14.142, abs=1e-3)
    assert flat["metric"] == (50.0 + 25.0) / 2
    assert flatten_results_dict(flat) == flat
    assert all(isinstance(value, int | float) for value in flat.values())


def test_a_mode_without_a_pair_has_counts_alone(result):
    found = {key: value for key, value in result.flat().items() if key.startswith("same_clothing")}
    assert found == {"same_clothing/queries": 0, "same_clothing/left_out": 9}


@pytest.mark.parametrize("mode", ["clothing_change", "same_clothing", "general"])
def test_metric_is_of_the_mode_asked_for_or_of_general(result, mode):
    found = dataclasses.replace(result, metric_mode=mode)
    assert found.scored_mode == ("general" if mode == "same_clothing" else mode)
    assert found.metric == (37.5 if mode == "clothing_change" else 62.5)


def test_without_any_pair_there_is_no_metric(made_up):
    result = made_up.result({})
    assert result.scored_mode is None
    assert result.metric is None
    assert "metric" not in result.flat()


def test_of_one_draw_no_deviation_is_told(result, made_up):
    one = made_up.mode(made_up.scores(0.5, 0.25), single_shot=Spread.of([made_up.scores(0.2, 0.4)]))
    flat = dataclasses.replace(result, modes={**result.modes, "clothing_change": one}).flat()
    assert flat["clothing_change/single_shot/mAP"] == 40.0
    assert not [key for key in flat if key.endswith("_std")]


@pytest.mark.parametrize(
    ("protocol", "part"),
    [
        ({"reranking": Reranking(20, 6, 0.3)}, "re-ranked"),
        ({"query_expansion": QueryExpansion(1, 5, 3.0)}, "expanded"),
        (
            {"query_expansion": QueryExpansion(1, 5, 3.0), "reranking": Reranking(20, 6, 0.3)},
            "expanded_and_re-ranked",
        ),
    ],
)
def test_figures_that_do_not_compare_have_another_key(made_up, protocol, part):
    mode = made_up.mode(made_up.scores(0.75, 0.5), verification={1e-4: 0.125})
    flat = made_up.result({"general": mode}, **protocol).flat()
    assert flat[f"general/{part}/mAP"] == 50.0
    assert flat[f"general/{part}/TPR@FPR=1e-04"] == 0.125
    assert flat["general/queries"] == 7
    assert flat["metric"] == 62.5
    assert not {"general/mAP", "general/TPR@FPR=1e-04"} & set(flat)


def test_a_mode_that_was_not_scored_cannot_be_the_metrics(result):
    with pytest.raises(ValueError, match="expected upside_down among them"):
        dataclasses.replace(result, metric_mode="upside_down")


def test_what_is_saved_is_loaded(result, tmp_path):
    path = tmp_path / "results_PRCC.json"
    result.save(path)
    assert EvaluationResult.load(path) == result
    assert [file.name for file in tmp_path.iterdir()] == ["results_PRCC.json"]
    written = json.loads(path.read_text())
    assert written["modes"]["same_clothing"]["scores"] is None
    assert written["modes"]["clothing_change"]["scores"]["mean_ap"] == 0.25
    assert written["protocol"]["checkpoint"] == {"file": "model_final.pth", "chosen": "final"}


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(ResultError, match=r"nothing\.json does not exist"):
        EvaluationResult.load(tmp_path / "nothing.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is broken .*evaluate again"),
        ('{"format": "ifd eval', "is broken .*evaluate again"),
        ("[1, 2]", "holds no evaluation result"),
        ('{"speed": 3}', "holds no evaluation result"),
        ('{"clothing_change/mAP": 3.0, "metric": 2.0}', r"was written by version 0\.1.*evaluate again"),
        ('{"format": "ifd evaluation result", "version": 7}', "has version 7 of its format, expected 1"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, text, message):
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ResultError, match=re.escape(str(path)) + f" {message}"):
        EvaluationResult.load(path)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("modes/general/scores/mean_ap", None),
        ("modes/general/scores/mean_ap", 50.0),
        ("modes/general/scores/mean_ap", float("nan")),
        ("modes/general/scores/mean_ap", "0.5"),
        ("modes/general/scores/cmc", {"1": 0.5}),
        ("modes/general/queries", -1),
        ("protocol/metric", "manhattan"),
        ("protocol/checkpoint/chosen", "by luck"),
        ("metric_mode", "upside_down"),
    ],
)
def test_a_broken_value_is_named(result, tmp_path, where, value):
    path = tmp_path / "results.json"
    result.save(path)
    written = json.loads(path.read_text())
    *folders, name = where.split("/")
    inner = written
    for folder in folders:
        inner = inner[folder]
    inner[name] = value
    path.write_text(json.dumps(written))
    with pytest.raises(ResultError, match=re.escape(str(path)) + r" is broken \(") as told:
        EvaluationResult.load(path)
    if where != "metric_mode":
        assert where.split("/")[-1] in str(told.value) or "cmc" in str(told.value)
