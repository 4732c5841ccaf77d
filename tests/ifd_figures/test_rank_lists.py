"""Rank lists agree with the evaluation, and the picture shows them."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from fastreid.evaluation import inference_on_dataset
from PIL import Image

from clothes_evaluation.protocol import Checkpoint, Protocol, Reranking
from ifd.data import build_test_loader
from ifd.engine import load_trained_model
from ifd.evaluation import ClothesEvaluator, protocol_of
from ifd_figures import PictureError, RankList, plot_rank_lists, rank_lists
from ifd_figures.pictures import pixels
from ifd_figures.rank_lists import nearness_of


@pytest.fixture
def trained(finished_config):
    """The finished run's model and its test loader."""
    finished_config.MODEL.WEIGHTS = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    model = load_trained_model(finished_config, finished_config.MODEL.WEIGHTS)
    return (model, *build_test_loader(finished_config, "PRCC"))


@pytest.fixture
def lists_of(trained, finished_config):
    """Makes rank lists by the config's protocol."""
    return lambda **kwargs: rank_lists(*trained, protocol=protocol_of(finished_config), **kwargs)


def scored(cfg, model, loader, num_query):
    """What an evaluation by the host's inference makes of the same loader."""
    evaluator = ClothesEvaluator(cfg, num_query)
    inference_on_dataset(model, loader, evaluator, flip_test=cfg.TEST.FLIP.ENABLED)
    return evaluator.result


@pytest.mark.parametrize("mode", ["clothing_change", "same_clothing", "general"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"TEST.METRIC": "euclidean"},
        {"TEST.FLIP.ENABLED": True},
        {"TEST.AQE.ENABLED": True, "TEST.AQE.QE_K": 2},
        {"TEST.RERANK.ENABLED": True, "TEST.RERANK.K1": 5, "TEST.RERANK.K2": 2},
    ],
    ids=["plain", "euclidean", "flip", "expanded", "re-ranked"],
)
def test_a_list_is_the_ranking_that_was_scored(trained, lists_of, finished_config, mode, options):
    finished_config.merge_from_list([item for pair in options.items() for item in pair])
    expected = scored(finished_config, *trained).modes[mode]
    lists = lists_of(mode=mode, count=100, top=100)
    assert len(lists) == expected.queries
    ranks = [np.flatnonzero(entry.right) + 1 for entry in lists]
    assert np.mean([found[0] == 1 for found in ranks]) == pytest.approx(expected.scores.cmc[1])
    # The whole ranking, so that its average precision can be told from the picture.
    mean_ap = np.mean([np.mean(np.arange(1, len(found) + 1) / found) for found in ranks])
    assert mean_ap == pytest.approx(expected.scores.mean_ap)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "cosine similarity"),
        ({"TEST.FLIP.ENABLED": True}, "cosine similarity"),
        ({"TEST.METRIC": "euclidean"}, "Euclidean distance"),
    ],
)
def test_nearness_is_that_of_the_descriptors(trained, lists_of, finished_config, options, name):
    finished_config.merge_from_list([item for pair in options.items() for item in pair])
    model, loader, num_query = trained
    features = torch.cat([_descriptors(model, batch["images"], **options) for batch in loader]).double()
    assert nearness_of(protocol_of(finished_config))[0] == name
    by_title = {entry.title: entry for entry in lists_of(mode="general", count=1, top=3)}
    ((title, entry),) = by_title.items()
    query = next(
        index for index in range(num_query) if np.array_equal(pixels(loader.dataset[index]["images"]), entry.query)
    )
    if name == "cosine similarity":
        features = F.normalize(features)
        values = features[num_query:] @ features[query]
    else:
        values = -torch.linalg.norm(features[num_query:] - features[query], dim=1)
    _, pid, camera, _ = loader.dataset.img_items[query]
    assert title == f"person {pid}, camera {camera}"
    # In general mode nothing is removed here: gallery images of the query's person are of another camera.
    assert entry.nearness == pytest.approx(values.sort(descending=True).values[:3].abs().tolist(), rel=1e-4)


@torch.no_grad()
def _descriptors(model, images, **options):
    found = model(images.clone())
    return (found + model(images.flip(dims=[3]))) / 2 if options.get("TEST.FLIP.ENABLED") else found


def test_a_re_ranked_distance_has_no_other_name():
    protocol = Protocol("euclidean", False, "main", Checkpoint.at(""), reranking=Reranking(20, 6, 0.3))
    name, nearness = nearness_of(protocol)
    assert name == "re-ranked distance"
    assert nearness(np.array([0.25])).tolist() == [0.25]


def test_a_list_shows_what_the_network_saw(lists_of):
    entry = lists_of(mode="clothing_change", count=2, top=3)[0]
    assert entry.query.shape == (64, 32, 3)
    assert set(np.unique(entry.mask)) == {0.0, 1.0}
    assert entry.attention.shape == (64, 32)
    assert 0 < entry.attention.min() <= entry.attention.max() < 1
    assert len(entry.gallery) == len(entry.right) == len(entry.nearness) == 3
    assert entry.nearness == sorted(entry.nearness, reverse=True)


def test_a_list_ends_with_the_gallery(lists_of, trained):
    _, loader, num_query = trained
    entry = lists_of(mode="general", count=1, top=1000)[0]
    assert len(entry.gallery) == len(loader.dataset) - num_query


def test_a_model_without_an_attention_map_has_none(trained, finished_config):
    class Other(torch.nn.Module):
        def forward(self, batch):
            return batch["images"].flatten(1)

    _, loader, num_query = trained
    lists = rank_lists(Other(), loader, num_query, protocol=protocol_of(finished_config), mode="general", count=1)
    assert lists[0].attention is None


def test_the_draw_follows_its_seed(lists_of):
    titles = [[entry.title for entry in lists_of(mode="general", count=4, seed=seed)] for seed in (0, 0, 1)]
    assert titles[0] == titles[1] != titles[2]


def test_right_and_wrong_are_framed_in_their_colours(tmp_path):
    grey = np.full((64, 32, 3), 128, dtype=np.uint8)
    entry = RankList(grey, "query", np.zeros((64, 32)), None, [grey, grey], [True, False], [0.9, 0.1])
    plot_rank_lists([entry], str(tmp_path / "lists.png"), title="test")
    pixels = np.asarray(Image.open(tmp_path / "lists.png").convert("RGB")).reshape(-1, 3).astype(int)
    for colour in ((0x1A, 0x96, 0x41), (0xD7, 0x19, 0x1C)):
        assert (np.abs(pixels - colour).sum(1) < 12).sum() > 100


def test_a_mode_without_matches_is_refused(trained, lists_of):
    dataset = trained[1].dataset
    dataset.img_items = [(path, pid, camera, 0) for path, pid, camera, _ in dataset.img_items]
    with pytest.raises(PictureError, match="no query has a match in mode clothing_change"):
        lists_of(mode="clothing_change")
