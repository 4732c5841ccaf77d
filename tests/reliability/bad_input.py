#!/usr/bin/env python
"""Gives train_net.py everything that a user can get wrong, and prints what came of it.

Each case is a process of its own on a tiny data set. Outcomes: clear (one sentence, exit code 2, before a training
step), late (the same after steps were spent), traceback, hang, silent (exit code 0) and vague (refused, but not with
what the case asks for). Exit code 1 where a case is not clear.
"""

import argparse
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

OUTCOMES = ("clear", "late", "vague", "traceback", "hang", "silent")
ROOT = Path(__file__).resolve().parents[2]
_TINY = {
    "MODEL.DEVICE": "cpu",
    "MODEL.BACKBONE.NAME": "build_mobilenetv2_backbone",
    "MODEL.BACKBONE.DEPTH": "0.1x",
    "MODEL.BACKBONE.FEAT_DIM": "1280",
    "MODEL.BACKBONE.PRETRAIN": "False",
    "INPUT.SIZE_TRAIN": "[64, 32]",
    "INPUT.SIZE_TEST": "[64, 32]",
    "DATALOADER.NUM_WORKERS": "0",
    "DATALOADER.NUM_INSTANCE": "4",
    "SOLVER.IMS_PER_BATCH": "16",
    "SOLVER.MAX_EPOCH": "2",
    "SOLVER.STEPS": "[1]",
    "SOLVER.WARMUP_ITERS": "2",
    "SOLVER.CHECKPOINT_PERIOD": "1",
    "SOLVER.AMP.ENABLED": "False",
    "TEST.EVAL_PERIOD": "2",
    "IFD.SEED": "0",
}


@dataclass(frozen=True)
class Space:
    """Where cases find their input.

    Attributes:
        root: of the project.
        data: for FASTREID_DATASETS; PRCC's layout with maps, 6 training people.
        run: a finished run of both stages, for its checkpoints.
        files: folder of the input that cases prepare.
        output: folder that a case may write.
    """

    root: Path
    data: Path
    run: Path
    files: Path
    output: Path


@dataclass(frozen=True)
class Case:
    """A mistake and the words that name it.

    Attributes:
        group: of the issue's list.
        name: what is wrong.
        says: regular expression that the sentence matches.
        behind: KEY VALUE pairs; @files, @output and @run stand for the space's folders.
        before: options of the command before them.
        config: file in the place of IFD_R50.yml with the tiny options; "" for no --config-file at all.
        prepare: writes what the case needs.
        processes: whether it starts processes of its own, which need a fresh interpreter.
        data: name of another folder of data that ``prepare`` has written.
    """

    group: str
    name: str
    says: str
    behind: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    config: str | None = None
    prepare: Callable[[Space], None] | None = None
    processes: bool = False
    data: str = ""

    def arguments(self, space: Space) -> list[str]:
        """The command line behind train_net.py."""
        words = list(self.before)
        if self.config is None:
            words += ["--config-file", str(space.root / "configs" / "IFD_R50.yml")]
            words += [word for pair in _TINY.items() for word in pair]
        elif self.config:
            words += ["--config-file", self.config]
        words += [] if "OUTPUT_DIR" in self.behind else ["OUTPUT_DIR", "@output/run"]
        words += self.behind
        places = {"@files": space.files, "@output": space.output, "@run": space.run}
        for place, path in places.items():
            words = [word.replace(place, str(path)) for word in words]
        return words

    def environment(self, space: Space) -> dict[str, str]:
        """Variables beside those of this process."""
        data = space.files / self.data if self.data else space.data
        return {"FASTREID_DATASETS": str(data), "TORCH_HOME": str(space.files / "torch")}


def _options(group: str, *cases: tuple[str, str, str]) -> list[Case]:
    """Cases of one key: (key, value, says)."""
    return [Case(group, f"{key} {value or repr(value)}", says, (key, value)) for key, value, says in cases]


def _file(name: str, content: str | bytes, says: str, behind: tuple[str, ...] = ()) -> Case:
    def prepare(space: Space) -> None:
        (space.files / "config.yml").write_bytes(content if isinstance(content, bytes) else content.encode())

    return Case("config file", name, says, behind, config="@files/config.yml", prepare=prepare)


_SHIPPED = f"_BASE_: {ROOT}/configs/IFD_R50.yml\n"

CONFIG_CASES = [
    *_options(
        "config",
        ("SOLVER.MAX_EPOCH", "0", "SOLVER.MAX_EPOCH is 0; expected at least 1"),
        ("SOLVER.MAX_EPOCH", "-1", "SOLVER.MAX_EPOCH is -1"),
        ("IFD.STAGE1.MAX_EPOCH", "-1", "IFD.STAGE1.MAX_EPOCH is -1"),
        ("INPUT.SIZE_TRAIN", "[0, 0]", r"INPUT.SIZE_TRAIN is \[0, 0\]; expected \[height, width\]"),
        ("INPUT.SIZE_TRAIN", "[-64, 32]", r"INPUT.SIZE_TRAIN is \[-64, 32\]"),
        ("INPUT.SIZE_TRAIN", "[64]", r"INPUT.SIZE_TRAIN is \[64\]"),
        ("INPUT.SIZE_TRAIN", "64", "INPUT.SIZE_TRAIN is 64; expected a list"),
        ("INPUT.SIZE_TRAIN", "[1000000, 1000000]", "INPUT.SIZE_TRAIN is"),
        ("INPUT.SIZE_TRAIN", "[8, 8]", "INPUT.SIZE_TRAIN.*larger images"),
        ("INPUT.SIZE_TEST", "[0, 0]", r"INPUT.SIZE_TEST is \[0, 0\]"),
        ("INPUT.SIZE_TEST", "[64]", r"INPUT.SIZE_TEST is \[64\]"),
        ("INPUT.SIZE_TEST", "[-1, 32]", r"INPUT.SIZE_TEST is \[-1, 32\]"),
        ("INPUT.SIZE_TEST", "[8, 8]", "INPUT.SIZE_TEST.*larger images"),
        ("SOLVER.IMS_PER_BATCH", "0", "SOLVER.IMS_PER_BATCH is 0"),
        ("SOLVER.IMS_PER_BATCH", "-16", "SOLVER.IMS_PER_BATCH is -16"),
        ("SOLVER.IMS_PER_BATCH", "18", "SOLVER.IMS_PER_BATCH is 18, which does not divide"),
        ("SOLVER.IMS_PER_BATCH", "4", "SOLVER.IMS_PER_BATCH is 4, one person"),
        ("SOLVER.IMS_PER_BATCH", "4000", "6 people to train on in PRCC, but a batch shows 1000"),
        ("DATALOADER.NUM_INSTANCE", "0", "DATALOADER.NUM_INSTANCE is 0"),
        ("DATALOADER.NUM_INSTANCE", "1", "DATALOADER.NUM_INSTANCE is 1"),
        ("DATALOADER.NUM_WORKERS", "-1", "DATALOADER.NUM_WORKERS is -1"),
        ("DATALOADER.SAMPLER_TRAIN", "RandomSampler", "SAMPLER_TRAIN is 'RandomSampler'; expected one of"),
        ("MODEL.BACKBONE.FEAT_DIM", "512", "MODEL.BACKBONE.FEAT_DIM is 512; set it to 1280"),
        ("MODEL.BACKBONE.FEAT_DIM", "0", "MODEL.BACKBONE.FEAT_DIM is 0"),
        ("MODEL.BACKBONE.NAME", "build_nothing", "MODEL.BACKBONE.NAME is 'build_nothing'"),
        ("MODEL.BACKBONE.DEPTH", "51x", "MODEL.BACKBONE .*'51x'|51x"),
        ("MODEL.BACKBONE.NORM", "XN", "MODEL.BACKBONE .*'XN'"),
        ("MODEL.META_ARCHITECTURE", "IDF", "MODEL.META_ARCHITECTURE is 'IDF'"),
        ("MODEL.META_ARCHITECTURE", "Baseline", "MODEL.META_ARCHITECTURE|made-up images"),
        ("MODEL.HEADS.NAME", "Head", "MODEL.HEADS.NAME is 'Head'"),
        ("MODEL.HEADS.POOL_LAYER", "Pool", "MODEL.HEADS"),
        ("MODEL.HEADS.NUM_CLASSES", "3", "MODEL.HEADS.NUM_CLASSES is 3, but PRCC has 6 people"),
        ("MODEL.HEADS.NUM_CLASSES", "100", "MODEL.HEADS.NUM_CLASSES is 100, but PRCC has 6"),
        ("MODEL.HEADS.NUM_CLASSES", "-1", "MODEL.HEADS.NUM_CLASSES is -1"),
        ("MODEL.LOSSES.NAME", "('CrossEntropy',)", "MODEL.LOSSES.NAME is .*CrossEntropyLoss"),
        ("MODEL.LOSSES.NAME", "('CrossEntropyLoss', 'Triplet')", "MODEL.LOSSES.NAME is "),
        ("MODEL.LOSSES.NAME", "()", r"MODEL.LOSSES.NAME is \(\)"),
        ("MODEL.DEVICE", "gpu", "MODEL.DEVICE is 'gpu'; expected cpu"),
        ("MODEL.BACKBONE.PRETRAIN", "True", "MODEL.BACKBONE.PRETRAIN_PATH"),
        ("SOLVER.OPT", "Adamm", "the optimiser of SOLVER.* cannot be built: .*Adamm"),
        ("SOLVER.OPT", "LBFGS", "optimiser|training step"),
        ("SOLVER.SCHED", "StepLR", "SOLVER.SCHED is 'StepLR'; expected one of MultiStepLR"),
        ("SOLVER.BASE_LR", "nan", "SOLVER.BASE_LR is nan"),
        ("SOLVER.BASE_LR", "1e999", "SOLVER.BASE_LR is inf"),
        ("SOLVER.BASE_LR", "-0.1", "SOLVER.BASE_LR is -0.1"),
        ("SOLVER.BASE_LR", "0.0", "SOLVER.BASE_LR is 0.0"),
        ("SOLVER.BASE_LR", "1e10", "SOLVER.BASE_LR is 10000000000.0; expected a number above 0, at most 10"),
        ("SOLVER.BASE_LR", "1", "SOLVER.BASE_LR is 1; expected a float"),
        ("SOLVER.WEIGHT_DECAY", "-1.0", "SOLVER.WEIGHT_DECAY is -1.0"),
        ("SOLVER.GAMMA", "-0.1", "SOLVER.GAMMA is -0.1"),
        ("SOLVER.STEPS", "[2, 1]", r"SOLVER.STEPS is \[2, 1\]; expected epochs"),
        ("SOLVER.STEPS", "[0]", r"SOLVER.STEPS is \[0\]"),
        ("SOLVER.STEPS", "['a']", r"SOLVER.STEPS is \['a'\]"),
        ("SOLVER.WARMUP_ITERS", "-1", "SOLVER.WARMUP_ITERS is -1"),
        ("SOLVER.WARMUP_METHOD", "cosine", "SOLVER.WARMUP_METHOD is 'cosine'"),
        ("SOLVER.CHECKPOINT_PERIOD", "0", "SOLVER.CHECKPOINT_PERIOD is 0"),
        ("TEST.EVAL_PERIOD", "0", "TEST.EVAL_PERIOD is 0"),
        ("TEST.IMS_PER_BATCH", "0", "TEST.IMS_PER_BATCH is 0"),
        ("TEST.METRIC", "hamming", "TEST.METRIC is 'hamming'; expected one of cosine, euclidean"),
        ("DATASETS.TESTS", "()", r"DATASETS.TESTS is \(\)"),
        ("DATASETS.NAMES", "()", r"DATASETS.NAMES is \(\)"),
        ("DATASETS.NAMES", "PRCC", "DATASETS.NAMES is PRCC; expected a tuple"),
        ("DATASETS.TESTS", "('PRCCC',)", "'PRCCC', which is not registered"),
        ("DATASETS.TESTS", "('Market1501',)", "Market1501"),
        ("IFD.METRIC_MODE", "cc", "IFD.METRIC_MODE is 'cc'"),
        ("IFD.SINGLE_SHOT.DRAWS", "-1", "IFD.SINGLE_SHOT.DRAWS is -1"),
        ("IFD.SINGLE_SHOT.SEED", "-1", "IFD.SINGLE_SHOT.SEED is -1"),
        ("IFD.CBD.TEMPERATURE", "1e-9", "IFD.CBD.TEMPERATURE is 1e-09; expected a number from 0.001"),
        ("IFD.CBD.TEMPERATURE", "0.0", "IFD.CBD.TEMPERATURE is 0.0"),
        ("IFD.CBD.T", "0.0", "IFD.CBD.T is 0.0"),
        ("IFD.CBD.LAMBDA", "-1.0", "IFD.CBD.LAMBDA is -1.0"),
        ("IFD.IKT.KERNEL_SIZE", "4", "IFD.IKT.KERNEL_SIZE is 4; expected an odd number"),
        ("IFD.DESCRIPTOR", "both", "IFD.DESCRIPTOR is 'both'"),
        ("IFD.PARSING.SYSTEM", "coco", "coco"),
        ("IFD.PARSING.CLOTHING", "['Trousers']", "Trousers"),
        ("IFD.SEED", "10000000000000", "IFD.SEED is 10000000000000"),
        ("IFD.KEEP_CHECKPOINTS", "-1", "IFD.KEEP_CHECKPOINTS is -1"),
        ("OUTPUT_DIR", "", "OUTPUT_DIR is ''; expected a folder"),
        ("OUTPUT_DIR", "/proc/nothing/run", "/proc"),
        ("OUTPUT_DIR", "/dev/null/run", "/dev/null is no folder"),
        ("OUTPUT_DIR", "@output/" + "n" * 300, "File name too long"),
        ("SOLVER.MAX_EPOCHS", "3", r"unknown key SOLVER.MAX_EPOCHS; did you mean SOLVER.MAX_EPOCH\?"),
        ("solver.max_epoch", "3", "unknown key solver.max_epoch; did you mean SOLVER.MAX_EPOCH"),
        ("SOLVER.MAX_EPOCH", "many", "SOLVER.MAX_EPOCH is many; expected an int"),
        ("SOLVER.OPT", "None", "SOLVER.OPT is None"),
        ("IFD.CBD", "True", "IFD.CBD is a section"),
    ),
    Case("config", "OUTPUT_DIR is a file", "is no folder", ("OUTPUT_DIR", "@files/file"),
         prepare=lambda space: (space.files / "file").touch()),
    Case("config", "ViT, which yields no maps", "MODEL.BACKBONE.NAME yields .* feature maps",
         ("MODEL.BACKBONE.NAME", "build_vit_backbone", "MODEL.BACKBONE.DEPTH", "small")),
    Case("config", "RERANK with K1 0", "TEST.RERANK.K1 is 0",
         ("TEST.RERANK.ENABLED", "True", "TEST.RERANK.K1", "0")),
    Case("config", "RERANK with LAMBDA 2", "TEST.RERANK.LAMBDA is 2.0",
         ("TEST.RERANK.ENABLED", "True", "TEST.RERANK.LAMBDA", "2.0")),
    Case("config", "AQE with QE_K 0", "TEST.AQE.QE_K is 0", ("TEST.AQE.ENABLED", "True", "TEST.AQE.QE_K", "0")),
    Case("config", "precise BN on a data set without maps", "Market1501",
         ("TEST.PRECISE_BN.ENABLED", "True")),
    Case("config", "too many people for the host's sampler", "6 people to train on in PRCC, but a batch shows 8",
         ("SOLVER.IMS_PER_BATCH", "32", "DATALOADER.SAMPLER_TRAIN", "NaiveIdentitySampler")),
    Case("config", "a batch larger than the data", "54 training images do not fill one batch",
         ("SOLVER.IMS_PER_BATCH", "64", "DATALOADER.SAMPLER_TRAIN", "TrainingSampler")),
    Case("config", "a cosine without an epoch to fall in", "nothing for the cosine",
         ("SOLVER.SCHED", "CosineAnnealingLR", "SOLVER.WARMUP_ITERS", "2000")),
    Case("config", "frozen layers that are none", "MODEL.FREEZE_LAYERS names 'neck'",
         ("MODEL.FREEZE_LAYERS", "['neck']", "SOLVER.FREEZE_ITERS", "5")),
]  # fmt: skip

FILE_CASES = [
    Case("config file", "absent", "'absent.yml' does not exist", config="absent.yml"),
    Case("config file", "none named", "name one with --config-file", config=""),
    Case("config file", "a folder", "is a folder", config="@files"),
    _file("empty", "", "config.yml is empty"),
    _file("a list", "- SOLVER", "config.yml holds a list"),
    _file("binary", b"\x80\x02}q\x00\xff\xfe", "config.yml is no text"),
    _file("null bytes", b"\x00" * 100, "config.yml is no YAML"),
    _file("broken YAML", "SOLVER:\n  STEPS: [1", "config.yml is no YAML"),
    _file("a Python object", "SOLVER: !!python/object/apply:os.getcwd []", "config.yml is no YAML"),
    _file("a loop of _BASE_", "_BASE_: config.yml\nOUTPUT_DIR: x", "_BASE_ leads back to itself"),
    _file("_BASE_ absent", "_BASE_: absent.yml", "_BASE_ .*absent.yml does not exist"),
    _file("unknown key", f"{_SHIPPED}SOLVER:\n  MAX_EPOCHS: 3", "config.yml: unknown key SOLVER.MAX_EPOCHS; did you"),
    _file("wrong type", f"{_SHIPPED}SOLVER:\n  MAX_EPOCH: many", "SOLVER.MAX_EPOCH is many; expected an int"),
    _file("NaN", f"{_SHIPPED}SOLVER:\n  BASE_LR: .nan", "SOLVER.BASE_LR is nan"),
    _file("empty section", f"{_SHIPPED}SOLVER:", "SOLVER is None, but it is a section"),
    _file("a section twice", f"{_SHIPPED}IFD:\n  SEED: 1\nIFD:\n  SEED: 2", "'IFD' stands twice"),
    _file("a date", f"{_SHIPPED}OUTPUT_DIR: 2024-01-01", "config.yml: "),
]

COMMAND_CASES = [
    Case("command line", "odd options", "come in pairs", ("SOLVER.MAX_EPOCH",)),
    Case("command line", "KEY=VALUE", "come in pairs", ("SOLVER.MAX_EPOCH=2",)),
    Case("command line", "--resume behind the options", "--resume stands among the config options", ("--resume",)),
    Case("command line", "--num-gpus -1", "--num-gpus is -1", before=("--num-gpus", "-1")),
    Case("command line", "--num-gpus 0", "--num-gpus is 0", before=("--num-gpus", "0")),
    Case("command line", "--num-gpus two", "invalid int value: 'two'", before=("--num-gpus", "two")),
    Case("command line", "--num-machines 0", "--num-machines 0", before=("--num-machines", "0")),
    Case("command line", "machine rank beyond the number", "--machine-rank is 2; expected 0 to 1",
         before=("--num-machines", "2", "--machine-rank", "2", "--dist-url", "tcp://127.0.0.1:47113"), processes=True),
    Case("command line", "machine rank below zero", "--machine-rank is -1",
         before=("--num-machines", "2", "--machine-rank", "-1", "--dist-url", "tcp://127.0.0.1:47113"), processes=True),
    Case("command line", "an address that is none", "--dist-url is 'here'",
         before=("--num-gpus", "2", "--dist-url", "here"), processes=True),
    Case("command line", "two processes, fewer people than they need",
         "6 people to train on in PRCC, but a batch shows 8",
         ("SOLVER.IMS_PER_BATCH", "32"), ("--num-gpus", "2", "--dist-url", "auto"), processes=True),
    Case("command line", "two processes, one person each", "8 of 2 processes, one person a process",
         ("SOLVER.IMS_PER_BATCH", "8"), ("--num-gpus", "2", "--dist-url", "auto"), processes=True),
    Case("command line", "two processes, a wrong key", "IFD.CBD.T is 0.0",
         ("IFD.CBD.T", "0.0"), ("--num-gpus", "2", "--dist-url", "auto"), processes=True),
    Case("command line", "evaluation without a checkpoint", "model_final.pth does not exist", before=("--eval-only",)),
    Case("command line", "a run that is there already", "holds a run already", ("OUTPUT_DIR", "@run")),
]  # fmt: skip


def _free(path: Path) -> Path:
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    return path


def _weights(name: str, says: str, write: Callable[[Path, Space], None] | None) -> list[Case]:
    """A checkpoint to start from and the same to evaluate."""

    def prepare(space: Space) -> None:
        path = _free(space.files / "weights.pth")
        if write is not None:
            write(path, space)

    behind = ("MODEL.WEIGHTS", "@files/weights.pth")
    return [
        Case("checkpoint", f"{name}, to {purpose}", says, behind, before, prepare=prepare)
        for purpose, before in (("start from", ()), ("evaluate", ("--eval-only",)))
    ]


def _saved(change: Callable[[dict], object]) -> Callable[[Path, Space], None]:
    def write(path: Path, space: Space) -> None:
        import torch

        torch.save(change(torch.load(space.run / "model_final.pth", map_location="cpu", weights_only=False)), path)

    return write


def _without_half(checkpoint: dict) -> dict:
    names = list(checkpoint["model"])
    return {"model": {name: checkpoint["model"][name] for name in names[: len(names) // 2]}}


def _of_another_depth(checkpoint: dict) -> dict:
    def larger(value: object) -> object:
        return value.repeat(2, *[1] * (value.dim() - 1)) if value.dim() else value

    return {"model": {name: larger(value) for name, value in checkpoint["model"].items()}}


def _copy(size: int | None) -> Callable[[Path, Space], None]:
    def write(path: Path, space: Space) -> None:
        path.write_bytes((space.run / "model_final.pth").read_bytes()[:size])

    return write


def _flip_bits(path: Path, space: Space) -> None:
    content = bytearray((space.run / "model_final.pth").read_bytes())
    for position in np.random.default_rng(0).integers(len(content) // 4, len(content) // 2, 200):
        content[position] ^= 0xFF
    path.write_bytes(content)


def _not_a_number(checkpoint: dict) -> dict:
    weights = {name: value.clone() for name, value in checkpoint["model"].items()}
    name = next(name for name, value in weights.items() if value.is_floating_point())
    weights[name][...] = float("nan")
    return {"model": weights}


CHECKPOINT_CASES = [
    *_weights("absent", "weights.pth does not exist", None),
    *_weights("empty", "weights.pth cannot be read", lambda path, space: path.touch()),
    *_weights("truncated", "weights.pth cannot be read", _copy(100_000)),
    *_weights("HTML", "weights.pth cannot be read", lambda path, space: path.write_text("<html>404</html>\n" * 99)),
    *_weights("a list", "no 'model' entry", _saved(lambda checkpoint: [1, 2])),
    *_weights("strings", "weights.pth", _saved(lambda checkpoint: {"model": {"backbone.a": "b"}})),
    *_weights("a list of weights", "weights.pth", _saved(lambda checkpoint: {"model": [1, 2]})),
    *_weights("weights alone", "no 'model' entry", _saved(lambda checkpoint: checkpoint["model"])),
    *_weights("nothing in it", "of another model", _saved(lambda checkpoint: {"model": {}})),
    *_weights("half of it", "of another model .*missing", _saved(_without_half)),
    *_weights("of another depth", "of another model .*other shapes", _saved(_of_another_depth)),
    *_weights("flipped bits", "weights.pth", _flip_bits),
    *_weights("NaN in it", "weights.pth", _saved(_not_a_number)),
    *_weights("a folder", "weights.pth", lambda path, space: path.mkdir(exist_ok=True)),
]


def _resumed(name: str, says: str, behind: tuple[str, ...] = (), change: Callable[[Path], None] | None = None) -> Case:
    def prepare(space: Space) -> None:
        shutil.copytree(space.run, space.output / "run")
        if change is not None:
            _change_data(space, change)

    data = "changed" if change is not None else ""
    return Case("resume", name, says, behind, ("--resume",), prepare=prepare, data=data)


def _drop_a_person(prcc: Path) -> None:
    for kind in ("rgb", "parsing"):
        shutil.rmtree(prcc / kind / "train" / "006")


RESUME_CASES = [
    _resumed("another optimiser", "cannot go on .*SOLVER.OPT", ("SOLVER.OPT", "SGD")),
    _resumed("another learning rate", "cannot go on .*SOLVER.BASE_LR", ("SOLVER.BASE_LR", "0.1")),
    _resumed("another backbone", "cannot go on .*MODEL.BACKBONE.DEPTH", ("MODEL.BACKBONE.DEPTH", "0.25x")),
    _resumed("another number of people", "cannot go on .*data", change=_drop_a_person),
]


def _backbone(name: str, says: str, write: Callable[[Path, Space], None] | None) -> Case:
    def prepare(space: Space) -> None:
        path = _free(space.files / "backbone.pth")
        if write is not None:
            write(path, space)

    behind = ("MODEL.BACKBONE.PRETRAIN", "True", "MODEL.BACKBONE.PRETRAIN_PATH", "@files/backbone.pth")
    return Case("backbone weights", name, says, behind, prepare=prepare)


def _main_backbone(checkpoint: dict) -> dict:
    return {
        name.removeprefix("backbone."): value
        for name, value in checkpoint["model"].items()
        if name.startswith("backbone.")
    }


def _half_a_backbone(checkpoint: dict) -> dict:
    weights = _main_backbone(checkpoint)
    return dict(list(weights.items())[: len(weights) // 2])


BACKBONE_CASES = [
    _backbone("absent", "backbone.pth does not exist", None),
    _backbone("empty", "backbone.pth cannot be read", lambda path, space: path.touch()),
    _backbone("HTML", "backbone.pth cannot be read", lambda path, space: path.write_text("<html>404</html>")),
    _backbone("wrapped in state_dict", "0 of its 260 tensors fit, 260 would below 'state_dict'",
              _saved(lambda checkpoint: {"state_dict": _main_backbone(checkpoint)})),
    _backbone("wrapped in model", "0 of its 260 tensors fit, 260 would below 'model'",
              _saved(lambda checkpoint: {"model": _main_backbone(checkpoint)})),
    _backbone("a checkpoint", "of its 260 tensors fit", _copy(None)),
    _backbone("partly fitting", r"\d+ of its 260 tensors fit", _saved(_half_a_backbone)),
    _backbone("a list", "it holds a list", _saved(lambda checkpoint: [1])),
    _backbone("another's", "0 of its 260 tensors fit", _saved(lambda checkpoint: {"conv1.weight": 1})),
]  # fmt: skip


def damaged_data(name: str, says: str, change: Callable[[Path], None], before: tuple[str, ...] = ()) -> Case:
    """A case on a copy of the data set, whose folder ``change`` changes."""
    return Case("data", name, says, before=before, prepare=lambda space: _change_data(space, change), data="changed")


def _change_data(space: Space, change: Callable[[Path], None]) -> None:
    shutil.rmtree(space.files / "changed", ignore_errors=True)
    shutil.copytree(space.data, space.files / "changed")
    change(space.files / "changed" / "prcc")


def _rename_people(prcc: Path) -> None:
    for kind in ("rgb", "parsing"):
        for folder in sorted((prcc / kind / "test" / "C").iterdir()):
            folder.rename(folder.with_name(f"9{folder.name[1:]}"))


def _drop_map(*parts: str) -> Callable[[Path], None]:
    return lambda prcc: prcc.joinpath("parsing", *parts).with_suffix(".png").unlink()


DATA_CASES = [
    damaged_data("a test image without a map", "1 of 36 images have no parsing map",
          _drop_map("test", "C", "010", "cropped_rgb002")),
    damaged_data("the same, evaluated alone", "does not exist|1 of 36 images have no parsing map",
          _drop_map("test", "C", "010", "cropped_rgb002"), ("--eval-only",)),
    damaged_data("a training image without a map", "1 of 54 images have no parsing map",
          _drop_map("train", "001", "A_cropped_rgb000")),
    damaged_data("no query with a match in the mode", "none of the 24 queries of PRCC has a match", _rename_people),
    damaged_data("no data", "PRCC was not found", lambda prcc: shutil.rmtree(prcc)),
    damaged_data("no test images", "PRCC is not complete", lambda prcc: shutil.rmtree(prcc / "rgb" / "test")),
]  # fmt: skip

CASES = [*CONFIG_CASES, *FILE_CASES, *COMMAND_CASES, *CHECKPOINT_CASES, *RESUME_CASES, *BACKBONE_CASES, *DATA_CASES]


def main(args: argparse.Namespace) -> int:
    """Runs the cases; returns the exit code."""
    script = args.root / "projects" / "IFD" / "train_net.py"
    # Once, for all processes: the imports take seconds. Threads of this one would be missing in those forked from it.
    import torch

    import ifd.engine  # noqa: F401

    torch.set_num_threads(1)

    with tempfile.TemporaryDirectory(prefix="bad_input_") as folder:
        return run_all(args, Path(folder), script)


def run_all(args: argparse.Namespace, folder: Path, script: Path) -> int:
    """Runs the cases that the arguments choose, in a folder of their own; returns the exit code."""
    space = Space(args.root, folder / "datasets", folder / "finished", folder / "files", folder / "output")
    space.files.mkdir(parents=True)
    write_data(space.data)
    control = Case("control", "nothing wrong", "", ("OUTPUT_DIR", str(space.run)))
    code, output, _ = run(control, space, script, 10 * args.timeout)
    if code != 0:
        sys.exit(f"nothing is wrong with the input, and the command fails:\n{output[-3000:]}")
    chosen = [case for case in CASES if re.search(args.only, f"{case.group}: {case.name}")]
    found = []
    for case in chosen:
        shutil.rmtree(space.output, ignore_errors=True)
        space.output.mkdir()
        if case.prepare:
            case.prepare(space)
        begun = time.monotonic()
        code, output, errors = run(case, space, script, args.timeout)
        outcome = judge(case, code, output, errors, lenient=args.lenient)
        found.append((case, outcome, code, last_line(errors)))
        seconds = time.monotonic() - begun
        print(f"{outcome:9} {seconds:5.1f} s  {case.group}: {case.name}\n{'':19}{found[-1][3]}", flush=True)
    print("\n" + table(found))
    return 0 if all(outcome == "clear" for _, outcome, *_ in found) else 1


def judge(case: Case, code: int | None, output: str, errors: str, *, lenient: bool = False) -> str:
    """Which of OUTCOMES it is.

    Args:
        case: the mistake.
        code: exit code; None where it had to be killed.
        output: stdout.
        errors: stderr.
        lenient: any refusal is clear, whatever its exit code and words.
    """
    if code is None:
        return "hang"
    if "Traceback (most recent call last)" in output + errors:
        return "traceback"
    if code == 0:
        return "silent"
    if "Starting training from epoch" in output:
        return "late"
    if lenient:
        return "clear"
    told = len(re.findall(r"^(?:\S+: )?error: ", errors, re.MULTILINE))
    return "clear" if code == 2 and told == 1 and re.search(case.says, errors, re.DOTALL) else "vague"


def last_line(errors: str) -> str:
    lines = errors.strip().splitlines()
    return next((line for line in lines if "error: " in line), lines[-1] if lines else "")[:300]


def table(found: list) -> str:
    """Numbers of cases by group and outcome, as Markdown."""
    groups = list(dict.fromkeys(case.group for case, *_ in found))
    rows = [f"| | {' | '.join(OUTCOMES)} | cases |", "| --- " * (len(OUTCOMES) + 2) + "|"]
    for group in (*groups, "all"):
        counts = Counter(outcome for case, outcome, *_ in found if group in (case.group, "all"))
        cells = [str(counts[outcome]) for outcome in OUTCOMES]
        rows.append(f"| {group} | {' | '.join(cells)} | {sum(counts.values())} |")
    return "\n".join(rows)


def run(case: Case, space: Space, script: Path, timeout: float) -> tuple[int | None, str, str]:
    """Runs the command; returns its exit code (None where it had to be killed), stdout and stderr."""
    output, errors = space.files / "stdout", space.files / "stderr"
    words = [str(script), *case.arguments(space)]
    with open(output, "wb") as out, open(errors, "wb") as err:
        if case.processes:
            environment = {**os.environ, **case.environment(space)}
            process = subprocess.Popen(
                [sys.executable, *words],
                cwd=space.root,
                env=environment,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            pid = process.pid
        else:
            pid = os.fork()
            if pid == 0:
                _become(script, words, case.environment(space), space.root, out.fileno(), err.fileno())
    code = _wait(pid, timeout)
    return code, output.read_text(errors="replace"), errors.read_text(errors="replace")


def _become(script: Path, words: list[str], environment: dict[str, str], root: Path, out: int, err: int) -> None:
    """Goes on as the command, from this process's imports; never returns."""
    code = 1
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.chdir(root)
        os.environ.update(environment)
        sys.argv = words
        try:
            runpy.run_path(str(script), run_name="__main__")
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
            if isinstance(end.code, str):
                print(end.code, file=sys.stderr)
        except BaseException:
            sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait(pid: int, timeout: float) -> int | None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def write_data(root: Path) -> None:
    """PRCC's layout with LIP maps: 6 training and 4 test people, 3 images a camera, 64x32 pixels."""
    random = np.random.default_rng(0)
    labels = np.zeros((64, 32), dtype=np.uint8)
    labels[4:16, 10:22], labels[16:56, 6:26] = 13, 5
    for pid in range(1, 11):
        colours = {"A": random.integers(0, 255, 3), "C": random.integers(0, 255, 3)}
        colours["B"] = colours["A"]
        for camera, colour in colours.items():
            for n in range(3):
                pixels = random.integers(90, 110, (64, 32, 3)).astype(np.uint8)
                pixels[labels == 5] = colour
                names = (
                    [f"{split}/{pid:03d}/{camera}_cropped_rgb{n:03d}" for split in ("train", "val")]
                    if pid <= 6
                    else [f"test/{camera}/{pid:03d}/cropped_rgb{n:03d}"]
                )
                for name in names:
                    for kind, content, ending in (("rgb", pixels, ".jpg"), ("parsing", labels, ".png")):
                        path = root / "prcc" / kind / (name + ending)
                        path.parent.mkdir(parents=True, exist_ok=True)
                        Image.fromarray(content).save(path)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="of the project, or of another version of it")
    parser.add_argument("--lenient", action="store_true", help="for 0.1.0, whose refusals had no common form")
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose 'group: name' matches")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="after which a case hangs")
    sys.exit(main(parser.parse_args()))
