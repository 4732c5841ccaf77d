"""One step and one evaluation on made-up input, of the host's own models."""

import dataclasses
import logging

import pytest
import torch

from fastreid_runs import ConfigError
from fastreid_runs.run_keys import run_config
from fastreid_runs.trial import HOST, silence, try_config


@pytest.fixture
def cfg():
    cfg = run_config()
    options = {
        "MODEL.DEVICE": "cpu",
        "MODEL.META_ARCHITECTURE": "Baseline",
        "MODEL.BACKBONE.NAME": "build_mobilenetv2_backbone",
        "MODEL.BACKBONE.DEPTH": "0.1x",
        "MODEL.BACKBONE.FEAT_DIM": 1280,
        "MODEL.BACKBONE.PRETRAIN": False,
        "MODEL.LOSSES.NAME": ("CrossEntropyLoss", "TripletLoss"),
        "INPUT.SIZE_TRAIN": [64, 32],
        "INPUT.SIZE_TEST": [64, 32],
    }
    cfg.merge_from_list([item for pair in options.items() for item in pair])
    return cfg


def test_a_model_of_the_host_works_and_leaves_everything_as_it_was(cfg):
    before = cfg.dump()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    try_config(cfg, HOST)
    assert torch.equal(torch.rand(1), expected)
    assert cfg.dump() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.BACKBONE.DEPTH", "51x"], "MODEL.BACKBONE and MODEL.HEADS cannot be built: there is no '51x'"),
        (["SOLVER.OPT", "Foo"], "the optimiser of SOLVER.* cannot be built: .*Foo"),
        (["INPUT.PADDING.ENABLED", True, "INPUT.PADDING.MODE", "around"], "INPUT.* cannot be built or applied"),
        (["MODEL.LOSSES.NAME", ()], "has no loss to learn from"),
        (
            ["SOLVER.FREEZE_ITERS", 5, "MODEL.FREEZE_LAYERS", ["neck"]],
            "names 'neck'; the model's parts are backbone, heads",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(cfg, options, message):
    cfg.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        try_config(cfg, HOST)


def test_an_evaluation_alone_asks_nothing_of_the_training(cfg):
    cfg.SOLVER.OPT = "Foo"
    try_config(cfg, HOST, train=False)


def test_norms_that_a_project_names_need_no_other_process(cfg):
    cfg.RUN.NORM = "syncBN"
    seen = []

    def images(trial, train):
        seen.append(trial.RUN.NORM)
        return HOST.images(trial, train)

    try_config(cfg, dataclasses.replace(HOST, images=images, norms=("RUN.NORM",)), train=False)
    assert seen == ["BN"]


def test_a_log_is_silent_inside_and_speaks_again_after_an_error(caplog):
    logger = logging.getLogger("somebody")

    def fail():
        with silence():
            logger.warning("made up")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    logger.warning("real")
    assert [record.message for record in caplog.records] == ["real"]
