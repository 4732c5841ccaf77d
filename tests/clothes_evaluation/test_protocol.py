"""What is written down of how figures were measured."""

import pytest
import torch

from clothes_evaluation.protocol import Checkpoint, Protocol, QueryExpansion, Reranking


@pytest.mark.parametrize(
    ("path", "file", "chosen"),
    [
        ("", "", "in training"),
        ("a/run/model_final.pth", "model_final.pth", "final"),
        ("a/run/model_best.pth", "model_best.pth", "best on the test queries"),
        ("a/run/model_0003.pth", "model_0003.pth", "by hand"),
    ],
)
def test_a_checkpoint_tells_how_it_was_chosen(path, file, chosen):
    assert Checkpoint.at(path) == Checkpoint(file, chosen)


def test_a_config_is_written_down(tiny_config):
    tiny_config.MODEL.WEIGHTS = "run/model_best.pth"
    tiny_config.TEST.METRIC = "euclidean"
    tiny_config.TEST.FLIP.ENABLED = True
    tiny_config.TEST.RERANK.ENABLED = True
    tiny_config.TEST.AQE.ENABLED = True
    tiny_config.TEST.AQE.QE_TIME = 3
    found = Protocol.of(tiny_config, descriptor="main", draw_seed=4, software={"ifd": "0"})
    assert (found.metric, found.flip, found.descriptor, found.draw_seed) == ("euclidean", True, "main", 4)
    assert found.checkpoint.chosen == "best on the test queries"
    assert found.reranking == Reranking(20, 6, 0.3)
    assert found.query_expansion == QueryExpansion(3, 5, 3.0)
    assert found.software["torch"] == torch.__version__
    assert set(found.software) == {"ifd", "fastreid", "torch", "numpy", "python"}
    assert str(found) == (
        "euclidean distance of descriptor 'main'; mean over an image and its mirror image; queries expanded (times 3, "
        "k 5, alpha 3); re-ranked (k1 20, k2 6, lambda 0.3); model_best.pth, best on the test queries"
    )


def test_weights_of_the_joined_descriptor_are_told(tiny_config):
    found = Protocol.of(tiny_config, descriptor="joined", joined_weights=(1.0, 0.5))
    assert str(found).startswith("cosine distance of descriptor 'joined'; f_rg and f_a weighted 1 : 0.5; ")
    assert "weighted" not in str(Protocol.of(tiny_config, descriptor="joined", joined_weights=(1.0, 1.0)))


@pytest.mark.parametrize(
    ("rerank", "expand", "treatment"),
    [
        (False, False, ""),
        (True, False, "re-ranked"),
        (False, True, "expanded"),
        (True, True, "expanded and re-ranked"),
    ],
)
def test_what_was_done_to_a_ranking(tiny_config, rerank, expand, treatment):
    tiny_config.TEST.RERANK.ENABLED, tiny_config.TEST.AQE.ENABLED = rerank, expand
    assert Protocol.of(tiny_config, descriptor="main").treatment == treatment
    centered = Protocol.of(tiny_config, descriptor="main", center_cameras=True)
    assert centered.treatment == " and ".join(filter(None, ("camera-centered", treatment)))
    assert "less the mean of each camera's images" in str(centered)
