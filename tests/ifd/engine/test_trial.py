import logging
import random

import numpy as np
import pytest
import torch
from fastreid.modeling.backbones import BACKBONE_REGISTRY
from torch import nn

from ifd.engine import CheckpointError, ConfigError
from ifd.engine.stages import stage1_config
from ifd.engine.trial import try_config


def drawn():
    return random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002


def test_random_numbers_and_log_are_left_alone(tiny_config, caplog):
    caplog.set_level(logging.DEBUG)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    expected = drawn()
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    before = tiny_config.dump()
    try_config(tiny_config)
    try_config(stage1_config(tiny_config))
    assert drawn() == expected
    assert not [record for record in caplog.records if record.name.startswith("fastreid")]
    assert not logging.root.manager.disable
    assert tiny_config.dump() == before


@pytest.mark.parametrize(
    "options",
    [
        ["MODEL.DEVICE", "cuda", "SOLVER.AMP.ENABLED", True],
        ["MODEL.BACKBONE.NORM", "syncBN", "MODEL.HEADS.NORM", "syncBN", "IFD.IKT.NORM", "syncBN"],
        ["MODEL.HEADS.NUM_CLASSES", 150],
        ["MODEL.LOSSES.NAME", ("CrossEntropyLoss", "TripletLoss", "CircleLoss", "Cosface")],
        ["MODEL.HEADS.CLS_LAYER", "ArcSoftmax", "MODEL.HEADS.SCALE", 16, "MODEL.HEADS.MARGIN", 0.1],
        ["SOLVER.OPT", "SGD", "SOLVER.SCHED", "CosineAnnealingLR"],
        ["INPUT.SIZE_TRAIN", [48, 24], "INPUT.SIZE_TEST", [96, 48]],
        ["INPUT.CROP.ENABLED", True, "INPUT.CROP.SIZE", [48, 48], "INPUT.PADDING.ENABLED", False],
        ["INPUT.AUTOAUG.ENABLED", True, "INPUT.AUTOAUG.PROB", 1.0, "INPUT.RPT.ENABLED", True],
        ["MODEL.FREEZE_LAYERS", ["backbone"], "SOLVER.FREEZE_ITERS", 10],
        ["TEST.RERANK.ENABLED", True, "TEST.ROC.ENABLED", True],
    ],
)
def test_what_works_is_let_through(tiny_config, options):
    tiny_config.merge_from_list(options)
    try_config(tiny_config)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["MODEL.BACKBONE.DEPTH", "51x"], "MODEL.BACKBONE and MODEL.HEADS cannot be built: there is no '51x'"),
        (["MODEL.BACKBONE.NORM", "Foo"], "cannot be built: there is no 'Foo'"),
        (["MODEL.BACKBONE.FEAT_DIM", 512], "yields 1280 channels but MODEL.BACKBONE.FEAT_DIM is 512"),
        (
            ["MODEL.BACKBONE.NAME", "build_vit_backbone", "MODEL.BACKBONE.DEPTH", "small"],
            "MODEL.BACKBONE.NAME yields .*2, 768.*feature maps",
        ),
        (["MODEL.HEADS.POOL_LAYER", "Foo"], "cannot be built"),
        (["MODEL.HEADS.CLS_LAYER", "Foo"], "cannot be built"),
        (["INPUT.SIZE_TEST", [8, 8]], r"images of INPUT.SIZE_TEST \[8, 8\] fails: .*one cell|larger images"),
        (["INPUT.PADDING.MODE", "around"], "INPUT.* cannot be built or applied"),
        (["INPUT.AUGMIX.ENABLED", True], "INPUT.AUGMIX.ENABLED is on"),
        (["SOLVER.OPT", "Foo"], "the optimiser of SOLVER.* cannot be built: .*Foo"),
        (["SOLVER.OPT", "LBFGS"], "optimiser|training step"),
        (["SOLVER.OPT", "lr_scheduler"], "the optimiser of SOLVER.* cannot be built"),
        (["SOLVER.CLIP_GRADIENTS.ENABLED", True, "SOLVER.CLIP_GRADIENTS.CLIP_TYPE", "x"], "optimiser .* 'x'"),
        (["IFD.IKT.NORM", "Foo"], "cannot be built: .*IFD.IKT.NORM"),
        (["IFD.DESCRIPTOR", "both"], "IFD.DESCRIPTOR is 'both'"),
        (["MODEL.META_ARCHITECTURE", "Baseline"], r"fails|cannot be built"),
        (["MODEL.FREEZE_LAYERS", ["neck"], "SOLVER.FREEZE_ITERS", 10], "FREEZE_LAYERS names 'neck'.* backbone, heads"),
        (["MODEL.LOSSES.CE.SCALE", float("nan")], "loss_cls_.* is nan in the first step"),
    ],
)
def test_what_cannot_work_is_refused_with_its_key(tiny_config, options, message):
    tiny_config.merge_from_list(options)
    with pytest.raises(ConfigError, match=message):
        try_config(tiny_config)


@pytest.fixture
def faulty_backbone():
    """A registered backbone whose forward fails, as that of somebody who writes one."""

    def build_faulty_backbone(cfg):
        class Faulty(nn.Conv2d):
            def forward(self, images):
                raise IndexError("no such stage")

        return Faulty(3, 8, 3)

    BACKBONE_REGISTRY.register(build_faulty_backbone)
    yield "build_faulty_backbone"
    BACKBONE_REGISTRY._obj_map.pop("build_faulty_backbone")


def test_a_plugin_s_fault_is_told_with_its_place(tiny_config, faulty_backbone):
    tiny_config.MODEL.BACKBONE.NAME = faulty_backbone
    with pytest.raises(ConfigError, match=r"IndexError: no such stage \(test_trial.py, line \d+\)"):
        try_config(tiny_config)


def test_what_needs_cuda_is_tried_there_before_it_is_refused(tiny_config, monkeypatch):
    tried = []

    def fails_on_the_cpu(trial, made_up, train, weights):
        tried.append((trial.MODEL.DEVICE, train, weights))
        if trial.MODEL.DEVICE == "cpu":
            raise ConfigError("no kernel for the CPU")

    monkeypatch.setattr("fastreid_runs.trial._try", fails_on_the_cpu)
    with pytest.raises(ConfigError, match="no kernel"):
        try_config(tiny_config)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(ConfigError, match="no kernel"):
        try_config(tiny_config)
    tiny_config.MODEL.DEVICE = "cuda:1"
    tried.clear()
    try_config(tiny_config, weights="a.pth")
    assert tried == [("cpu", True, "a.pth"), ("cuda:1", True, "a.pth")]


def test_evaluation_alone_asks_nothing_of_the_training(tiny_config):
    tiny_config.SOLVER.OPT = "Foo"
    try_config(tiny_config, train=False)


def test_weights_have_to_fit(finished_config):
    checkpoint = f"{finished_config.OUTPUT_DIR}/model_final.pth"
    try_config(finished_config, weights=checkpoint)
    finished_config.MODEL.BACKBONE.DEPTH = "0.25x"
    with pytest.raises(CheckpointError, match="of another model"):
        try_config(finished_config, weights=checkpoint)
