"""What a config of IFD says of the evaluation."""

import logging

import pytest
import torch

from ifd import __version__
from ifd.evaluation import ClothesEvaluator, protocol_of


def test_weights_are_those_of_the_joined_descriptor(tiny_config):
    tiny_config.IFD.JOINED_WEIGHTS = [1.0, 0.5]
    assert protocol_of(tiny_config).joined_weights is None
    tiny_config.IFD.DESCRIPTOR = "joined"
    found = protocol_of(tiny_config)
    assert found.joined_weights == (1.0, 0.5)


def test_stage_1_describes_by_its_own_stream(tiny_config):
    tiny_config.IFD.DESCRIPTOR = "joined"
    assert protocol_of(tiny_config).joined_weights == (1.0, 1.0)
    tiny_config.MODEL.META_ARCHITECTURE = "IFDAttentionStream"
    found = protocol_of(tiny_config)
    assert (found.descriptor, found.joined_weights) == ("attention", None)


def test_versions_are_told(tiny_config):
    assert protocol_of(tiny_config).software["ifd"] == __version__


@pytest.fixture
def evaluate(tiny_config):
    """Evaluates 60 random descriptors of six people by a config, and gives what came of it."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(60, 8, generator=random)
    pids, cameras, outfits = (torch.randint(high, (60,), generator=random) for high in (6, 3, 2))

    def made(people=pids, clothes=2 * pids + outfits, **kwargs):
        evaluator = ClothesEvaluator(tiny_config, 20, **kwargs)
        evaluator.process({"targets": people, "camids": cameras, "clothes": clothes}, features)
        evaluator.evaluate()
        return evaluator.result

    return made


def test_single_shot_galleries_are_drawn_by_their_keys(tiny_config, evaluate):
    tiny_config.IFD.SINGLE_SHOT.DRAWS, tiny_config.IFD.SINGLE_SHOT.SEED = 3, 7
    found = evaluate(single_shot_gallery=True)
    assert (found.modes["general"].single_shot.count, found.protocol.draw_seed) == (3, 7)
    assert found.modes["general"].verification == {}
    plain = evaluate()
    assert (plain.modes["general"].single_shot, plain.protocol.draw_seed) == (None, None)


def test_keys_of_the_host_have_their_effect(tiny_config, evaluate):
    tiny_config.TEST.ROC.ENABLED = tiny_config.TEST.RERANK.ENABLED = True
    found = evaluate(single_shot_gallery=True)
    assert found.protocol.treatment == "re-ranked"
    assert set(found.modes["general"].verification) == {1e-4, 1e-3, 1e-2}
    # Drawn galleries have other neighbours.
    assert (found.modes["general"].single_shot, found.protocol.draw_seed) == (None, None)


def test_the_metric_is_of_the_mode_asked_for(tiny_config, evaluate, caplog):
    tiny_config.IFD.METRIC_MODE = "same_clothing"
    assert evaluate().metric_mode == "same_clothing"
    # A data set that lacks the mode is compared by its first.
    assert evaluate(modes=("general",)).metric_mode == "general"
    logger = logging.getLogger("fastreid.clothes_evaluation")
    logger.addHandler(caplog.handler)
    evaluate(clothes=torch.arange(60))
    logger.removeHandler(caplog.handler)
    assert "has a match in same_clothing mode (IFD.METRIC_MODE): metric is that of general mode" in caplog.text
