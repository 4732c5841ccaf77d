"""Sums over seeds worked out by hand."""

import math

import pytest

from fastreid_runs.seeds import by_dataset, summarize, words_about


def test_mean_and_sample_deviation_of_each_key():
    summary = summarize([{"mAP": 10.0, "queries": 7}, {"mAP": 14.0, "queries": 7}])
    assert summary["mAP"] == {"mean": 12.0, "std": pytest.approx(math.sqrt(8))}
    assert summary["queries"] == {"mean": 7.0, "std": 0.0}


def test_one_seed_has_no_spread():
    assert summarize([{"mAP": 10.0}]) == {"mAP": {"mean": 10.0, "std": None}}


def test_data_sets_are_told_apart_where_there_are_several():
    assert by_dataset({"PRCC": {"mAP": 1.0}}) == {"mAP": 1.0}
    assert by_dataset({"PRCC": {"mAP": 1.0}, "LTCC": {"mAP": 2.0}}) == {"PRCC/mAP": 1.0, "LTCC/mAP": 2.0}


def test_figures_are_called_what_they_are():
    assert words_about([3]) == "seed 3"
    assert words_about([3, 5]) == "mean ± standard deviation over seeds 3, 5"
