"""Rank lists agree with the evaluation, and the picture shows them."""

import os

import numpy as np
import pytest
from PIL import Image

from ifd.data import build_test_loader
from ifd.engine import load_trained_model
from ifd.visualization import RankList, plot_rank_lists, rank_lists


@pytest.fixture
def everything(finished_config):
    model = load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))
    return (model, *build_test_loader(finished_config, "PRCC"))


@pytest.mark.parametrize("mode", ["clothing_change", "same_clothing", "general"])
def test_share_right_at_rank_1_is_the_evaluations(everything, finished, mode):
    lists = rank_lists(*everything, mode=mode, count=100)
    assert len(lists) == finished[1][f"{mode}/queries"]
    rank1 = 100 * np.mean([entry.right[0] for entry in lists])
    assert rank1 == pytest.approx(finished[1][f"{mode}/Rank-1"])


def test_a_list_shows_what_the_network_saw(everything):
    entry = rank_lists(*everything, mode="clothing_change", count=2, top=3)[0]
    assert entry.query.shape == (64, 32, 3)
    assert set(np.unique(entry.mask)) == {0.0, 1.0}
    assert entry.attention.shape == (64, 32)
    assert 0 < entry.attention.min() <= entry.attention.max() < 1
    assert len(entry.gallery) == len(entry.right) == 3
    assert entry.similarities == sorted(entry.similarities, reverse=True)


def test_the_draw_follows_its_seed(everything):
    titles = [
        [entry.title for entry in rank_lists(*everything, mode="general", count=4, seed=seed)] for seed in (0, 0, 1)
    ]
    assert titles[0] == titles[1] != titles[2]


def test_right_and_wrong_are_framed_in_their_colours(tmp_path):
    grey = np.full((64, 32, 3), 128, dtype=np.uint8)
    entry = RankList(grey, "query", np.zeros((64, 32)), None, [grey, grey], [True, False], [0.9, 0.1])
    plot_rank_lists([entry], str(tmp_path / "lists.png"), title="test")
    pixels = np.asarray(Image.open(tmp_path / "lists.png").convert("RGB")).reshape(-1, 3).astype(int)
    for colour in ((0x1A, 0x96, 0x41), (0xD7, 0x19, 0x1C)):
        assert (np.abs(pixels - colour).sum(1) < 12).sum() > 100


def test_a_mode_without_matches_is_refused(everything, monkeypatch):
    model, loader, num_query = everything
    loader.dataset.img_items = [(path, pid, camera, 0) for path, pid, camera, _ in loader.dataset.img_items]
    with pytest.raises(ValueError, match="no query has a match in mode clothing_change"):
        rank_lists(model, loader, num_query, mode="clothing_change")
