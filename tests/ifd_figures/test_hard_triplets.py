"""Triplets and clothes histograms worked out by hand; Grad-CAM maps against the gradient's own formula."""

import dataclasses
import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from clothes_evaluation import Protocol
from clothes_evaluation.protocol import Checkpoint, QueryExpansion, Reranking
from ifd.data import build_test_loader
from ifd.engine import load_trained_model
from ifd_figures import PictureError
from ifd_figures.hard_triplets import (
    HardTriplet,
    ModelView,
    check_protocol,
    clothes_histograms,
    find_hard_triplets,
    one_per_person,
    plot_hard_triplets,
    plot_similarities,
    view_triplets,
)

RIGHT, WRONG = "#1a9641", "#d7191c"


class Clothes(torch.utils.data.Dataset):
    """Images of one colour, clothed from top to bottom; items (path, pid, camid, clothes_id)."""

    def __init__(self, *people):
        self.img_items = [("", pid, camera, outfit) for pid, camera, outfit, _ in people]
        self._colours = [colour for *_, colour in people]

    def __len__(self):
        return len(self.img_items)

    def __getitem__(self, index):
        image = torch.ones(4, 12, 6)
        image[:3] *= torch.tensor(self._colours[index], dtype=torch.float32)[:, None, None]
        return {"images": image}


RED, REDDISH, BLUE = (255, 0, 0), (255, 100, 0), (0, 0, 255)


def test_histograms_tell_colours_of_clothes_and_nothing_else():
    dataset = Clothes((1, 0, 0, RED), (2, 0, 0, REDDISH), (3, 0, 0, BLUE))
    red, reddish, blue = clothes_histograms(dataset)
    assert red.sum() == pytest.approx(1)
    # One channel of three falls into another bin, then two of them.
    assert np.abs(red - reddish).sum() / 2 == pytest.approx(1 / 3)
    assert np.abs(red - blue).sum() / 2 == pytest.approx(2 / 3)


def test_pixels_outside_the_mask_do_not_count():
    dataset = Clothes((1, 0, 0, RED))
    image = dataset[0]["images"]
    image[3, 6:] = 0
    image[:3, 6:] = 77
    dataset.__class__ = type("Fixed", (Clothes,), {"__getitem__": lambda self, index: {"images": image}})
    histogram = clothes_histograms(dataset).reshape(6, 3, 8)
    assert histogram[:3].sum() == pytest.approx(1)
    assert not histogram[3:].any()
    image[3] = 0
    assert not clothes_histograms(dataset).any()


def test_triplet_is_other_clothes_and_the_most_similar_person():
    dataset = Clothes(
        (1, 0, 10, RED),  # query
        (1, 1, 10, RED),  # same clothes: no positive
        (1, 0, 11, BLUE),  # same camera: no positive
        (1, 1, 11, BLUE),  # the positive
        (2, 1, 20, BLUE),
        (3, 1, 30, REDDISH),  # the negative
    )
    (triplet,) = find_hard_triplets(dataset, 1)
    assert (triplet.anchor, triplet.positive, triplet.negative) == (0, 3, 5)
    assert triplet.clothes_distance == pytest.approx(1 / 3)


def test_most_similar_clothes_come_first_and_each_person_once():
    dataset = Clothes(
        *((1, 0, 10, BLUE), (2, 0, 20, RED), (2, 0, 20, RED)),
        *((1, 1, 11, REDDISH), (2, 1, 21, RED), (3, 1, 30, RED)),
    )
    triplets = find_hard_triplets(dataset, 3)
    assert [triplet.anchor for triplet in triplets] == [1, 2, 0]
    assert [triplet.anchor for triplet in one_per_person(triplets, dataset, 5)] == [1, 0]
    assert [triplet.anchor for triplet in one_per_person(triplets, dataset, 1)] == [1]


def test_no_clothing_change_is_an_error():
    with pytest.raises(PictureError, match="no query has a match in clothing-change mode"):
        find_hard_triplets(Clothes((1, 0, 10, RED), (1, 1, 10, RED), (2, 1, 20, RED)), 1)


def test_nobody_else_is_an_error():
    with pytest.raises(PictureError, match="one person alone"):
        find_hard_triplets(Clothes((1, 0, 10, RED), (1, 1, 11, RED)), 1)


@pytest.mark.parametrize(
    "told",
    [
        {"metric": "euclidean"},
        {"descriptor": "joined"},
        {"reranking": Reranking(20, 6, 0.3)},
        {"query_expansion": QueryExpansion(1, 5, 3.0)},
    ],
)
def test_a_protocol_beyond_similarity_is_refused(told):
    protocol = Protocol("cosine", True, "main", Checkpoint.at(""))
    check_protocol(protocol)
    with pytest.raises(PictureError, match="TEST.METRIC cosine, TEST.RERANK.ENABLED False"):
        check_protocol(dataclasses.replace(protocol, **told))


@pytest.fixture
def viewed(finished_config):
    model = load_trained_model(finished_config, os.path.join(finished_config.OUTPUT_DIR, "model_final.pth"))
    loader, num_query = build_test_loader(finished_config, "PRCC")
    triplets = find_hard_triplets(loader.dataset, num_query)
    return model, loader, triplets, view_triplets(model, loader, triplets, triplets[:2])


def test_similarities_are_those_of_the_descriptors(viewed):
    model, loader, triplets, view = viewed
    triplet = triplets[-1]
    images = [loader.dataset[i]["images"] for i in (triplet.anchor, triplet.positive, triplet.negative)]
    with torch.no_grad():
        anchor, positive, negative = F.normalize(model(torch.stack(images)))
    assert view.similarities.shape == (len(triplets), 2)
    expected = [(anchor @ positive).item(), (anchor @ negative).item()]
    assert view.similarities[-1] == pytest.approx(expected, abs=1e-4)


def test_similarities_follow_the_flip_test(viewed):
    model, loader, triplets, _ = viewed
    triplet = triplets[-1]
    images = torch.stack([loader.dataset[i]["images"] for i in (triplet.anchor, triplet.positive, triplet.negative)])
    with torch.no_grad():
        anchor, positive, negative = F.normalize((model(images) + model(images.flip(dims=[3]))) / 2)
    flipped = view_triplets(model, loader, triplets, [], flip=True)
    expected = [(anchor @ positive).item(), (anchor @ negative).item()]
    assert flipped.similarities[-1] == pytest.approx(expected, abs=1e-4)


def test_maps_are_grad_cam_of_the_similarity(viewed):
    model, loader, triplets, view = viewed
    triplet = triplets[0]
    images = torch.stack([loader.dataset[i]["images"] for i in (triplet.anchor, triplet.positive, triplet.negative)])
    # Selvaraju et al. 2017, eq. 1-2, for the negative: channels weighed by their mean gradient, negative values cut.
    refined = model.stream_features(images).refined.detach().requires_grad_()
    descriptors = F.normalize(model.heads(refined))
    (descriptors[2] @ descriptors[0].detach()).backward()
    weights = refined.grad[2].mean(dim=(1, 2), keepdim=True)
    expected = (weights * refined[2]).sum(0).relu().detach().numpy()
    found = view.maps[0][2]
    assert found.shape == images.shape[-2:]
    assert 0 <= found.min() <= found.max() <= 1
    # The package scales to [0, 1] and to the image's size; the strongest cell stays the strongest.
    rows, columns = expected.shape
    blocks = found.reshape(rows, found.shape[0] // rows, columns, -1).mean(axis=(1, 3))
    assert blocks.argmax() == expected.argmax()


def test_attention_is_the_models(viewed):
    model, loader, triplets, view = viewed
    with torch.no_grad():
        maps = model.stream_features(loader.dataset[triplets[1].negative]["images"][None]).attention_map
    assert view.attention[1].shape == (3, 64, 32)
    expected = F.interpolate(maps, size=(64, 32), mode="bilinear")[0, 0]
    np.testing.assert_allclose(view.attention[1][2], expected, atol=1e-4)


def test_share_right_counts_nearer_positives():
    view = ModelView(np.array([[0.5, 0.1], [0.2, 0.3], [0.4, 0.4], [0.9, 0.8]]), [])
    assert view.share_right == 0.5


def test_picture_shows_each_model(tmp_path):
    dataset = Clothes((1, 0, 10, RED), (1, 1, 11, BLUE), (2, 1, 20, RED))
    triplets = [HardTriplet(0, 1, 2, 0.0)]
    maps = [np.linspace(0, 1, 3 * 12 * 6).reshape(3, 12, 6)]
    views = {name: ModelView(np.array([pair]), maps) for name, pair in (("a", [0.9, 0.1]), ("b", [0.1, 0.9]))}
    plot_hard_triplets(dataset, triplets, triplets, views, str(tmp_path / "t.svg"), title="test")
    drawn = (tmp_path / "t.svg").read_text()
    assert (RIGHT in drawn, WRONG in drawn) == (True, True)
    views.pop("b")
    plot_hard_triplets(dataset, triplets, triplets, views, str(tmp_path / "t.svg"), title="test")
    drawn = (tmp_path / "t.svg").read_text()
    assert (RIGHT in drawn, WRONG in drawn) == (True, False)


def test_picture_of_similarities(tmp_path):
    random = np.random.default_rng(0)
    views = {name: ModelView(random.uniform(-1, 1, (50, 2)), []) for name in "ab"}
    plot_similarities(views, str(tmp_path / "s.png"), title="test")
    found = np.asarray(Image.open(tmp_path / "s.png").convert("RGB"))
    assert found.shape[1] > found.shape[0]
    assert found.std() > 10
