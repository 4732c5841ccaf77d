"""Makes the host importable before any test module imports it; a tiny data set, runs of seconds on it, and results."""

# isort: off
import os

# pytest's workers share the cores: with threads of all of them on each core, those would wait for one another.
if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    _share = (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, _share)))

import fastreid_compat  # noqa: F401

# isort: on
import functools
import logging
import multiprocessing
import runpy
import signal
import subprocess
import sys
import types
from concurrent.futures import ThreadPoolExecutor

import fastreid.data.build
import numpy as np
import pytest
import torch
from fastreid.utils.env import seed_all_rng
from fastreid.utils.events import EventStorage
from PIL import Image

from clothes_evaluation import EvaluationResult
from clothes_evaluation.protocol import Checkpoint, Protocol
from clothes_evaluation.rank_scores import RANKS, RankScores
from clothes_evaluation.result import ModeResult
from exported_model import Metadata
from ifd.data import build_test_loader
from ifd.engine import load_config, load_trained_model, train

UPPER_CLOTHES, FACE = 5, 13

TINY = {"people": 4, "outfits": 2, "images_per_view": 2, "height": 64, "width": 32, "progress": False}


def write_sample(root, relative, random, hue):
    """An image of 32x64 pixels: head above, clothes of the given colour below; and its LIP map."""
    labels = np.zeros((64, 32), dtype=np.uint8)
    labels[4:16, 10:22] = FACE
    labels[16:56, 6:26] = UPPER_CLOTHES
    pixels = random.integers(90, 110, (64, 32, 3))
    pixels[labels == FACE] += random.integers(0, 80, 3)
    pixels[labels == UPPER_CLOTHES] = hue
    image = root / "prcc" / "rgb" / relative
    parsing = (root / "prcc" / "parsing" / relative).with_suffix(".png")
    for path in (image, parsing):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(image)
    Image.fromarray(labels).save(parsing)


def write_prcc(root):
    """PRCC's layout with LIP maps: 6 training and 4 test people, 3 images a camera."""
    random = np.random.default_rng(0)
    for pid in range(1, 11):
        outfits = {"A": random.integers(0, 255, 3), "C": random.integers(0, 255, 3)}
        outfits["B"] = outfits["A"]
        for camera in "ABC":
            for n in range(3):
                if pid <= 6:
                    name = f"train/{pid:03d}/{camera}_cropped_rgb{n:03d}.jpg"
                    write_sample(root, name.replace("train", "val", 1), random, outfits[camera])
                else:
                    name = f"test/{camera}/{pid:03d}/cropped_rgb{n:03d}.jpg"
                write_sample(root, name, random, outfits[camera])


@pytest.fixture(scope="session")
def parsed_prcc_root(tmp_path_factory):
    """Folder for FASTREID_DATASETS that `write_prcc` fills."""
    root = tmp_path_factory.mktemp("datasets")
    write_prcc(root)
    return root


@pytest.fixture(scope="session")
def prcc_root(parsed_prcc_root):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    return parsed_prcc_root


def tiny_options(output_dir):
    """Options after --config-file configs/IFD_R50.yml that make it tiny: 64x32 pixels, 2 epochs a stage."""
    options = {
        "MODEL.DEVICE": "cpu",
        "MODEL.BACKBONE.NAME": "build_mobilenetv2_backbone",
        "MODEL.BACKBONE.DEPTH": "0.1x",
        "MODEL.BACKBONE.FEAT_DIM": 1280,
        "MODEL.BACKBONE.PRETRAIN": False,
        "INPUT.SIZE_TRAIN": [64, 32],
        "INPUT.SIZE_TEST": [64, 32],
        "DATALOADER.NUM_WORKERS": 0,
        "DATALOADER.NUM_INSTANCE": 4,
        "SOLVER.IMS_PER_BATCH": 16,
        "SOLVER.MAX_EPOCH": 2,
        "SOLVER.STEPS": [1],
        "SOLVER.WARMUP_ITERS": 2,
        "SOLVER.CHECKPOINT_PERIOD": 1,
        "SOLVER.AMP.ENABLED": False,
        "TEST.EVAL_PERIOD": 2,
        "IFD.SEED": 0,
        "OUTPUT_DIR": str(output_dir),
    }
    return [item for pair in options.items() for item in pair]


@pytest.fixture
def tiny_arguments():
    """The same options without OUTPUT_DIR, for a command line."""
    return tiny_options("unused")[:-2]


@pytest.fixture
def call_script(pytestconfig, monkeypatch, capsys):
    """Runs a script in this process as a command, in the repository's root; returns (exit code, stdout, stderr).

    Importing the host takes longer than what most of them do; tests of each command itself start a process.
    """
    logger = logging.getLogger("fastreid")
    before = list(logger.handlers), logger.level, logger.propagate

    def call(script, *arguments, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.chdir(pytestconfig.rootpath)
        monkeypatch.setattr(sys, "argv", [str(argument) for argument in (script, *arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(pytestconfig.rootpath / script), run_name="__main__")
        return end.value.code, *capsys.readouterr()

    yield call
    logger.handlers[:], logger.level, logger.propagate = before


class ForkedScript:
    """A script run as a command by a process that is forked from this one, with what is used of Popen's interface.

    It has imported the host already, and processes that it would spawn are forked from it: each saves the seven seconds
    of CPU that the imports take.
    """

    def __init__(self, script, arguments, cwd, environment):
        out, err = os.pipe(), os.pipe()
        target = functools.partial(self._run, script, arguments, cwd, environment, out[1], err[1])
        self._process = multiprocessing.get_context("fork").Process(target=target)
        self._process.start()
        self.pid = self._process.pid
        for _, writer in (out, err):
            os.close(writer)
        self.stdout, self._stderr = (open(reader) for reader, _ in (out, err))  # noqa: SIM115

    @staticmethod
    def _run(script, arguments, cwd, environment, out, err):
        for number, writer in ((1, out), (2, err)):
            os.dup2(writer, number)
            os.close(writer)
        sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
        sys.argv = [str(script), *map(str, arguments)]
        os.chdir(cwd)
        os.environ.update(environment)
        # As a new process has them.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        # The host reads it when it is imported.
        fastreid.data.build._root = os.getenv("FASTREID_DATASETS", "datasets")
        # Threads do not cross a fork.
        torch.set_num_threads(1)
        torch.multiprocessing.spawn = functools.partial(torch.multiprocessing.start_processes, start_method="fork")
        runpy.run_path(str(script), run_name="__main__")

    def communicate(self, timeout):
        """What it writes to stdout and stderr until nobody can write there any more."""
        with ThreadPoolExecutor() as pool, self.stdout, self._stderr:
            reading = [pool.submit(file.read) for file in (self.stdout, self._stderr)]
            try:
                found = [one.result(timeout) for one in reading]
            except TimeoutError:
                self._process.kill()
                raise
        self._process.join()
        return found

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self._process.kill()

    def poll(self):
        return self._process.exitcode

    def wait(self, timeout=None):
        self._process.join(timeout)
        return self._process.exitcode

    @property
    def returncode(self):
        return self._process.exitcode


@pytest.fixture(scope="session")
def start_script():
    """Starts a script as a command, in a process forked from this one; with CUDA, which bears no fork, in a new one."""

    def start(script, *arguments, cwd, **environment):
        environment = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", **environment}
        if not torch.cuda.is_available():
            return ForkedScript(script, arguments, cwd, environment)
        return subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def with_value():
    """A copy of a config with a key's value as it is given; merging would cast a tuple to a list."""

    def change(cfg, key, value):
        changed = cfg.clone()
        *sections, name = key.split(".")
        there = changed
        for section in sections:
            there = there[section]
        there[name] = value
        return changed

    return change


@pytest.fixture(scope="session")
def config_file(request):
    return str(request.config.rootpath / "configs" / "IFD_R50.yml")


@pytest.fixture
def tiny_config(config_file, prcc_root, monkeypatch, tmp_path):
    """A config that is not frozen, for a run of its own, with FASTREID_DATASETS pointing to the tiny data set."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    return load_config(config_file, tiny_options(tmp_path / "run"))


@pytest.fixture(scope="session")
def finished(config_file, prcc_root, tmp_path_factory):
    """One finished run of both stages, (config, results), for the tests that only look at it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTREID_DATASETS", str(prcc_root))
        cfg = load_config(config_file, tiny_options(tmp_path_factory.mktemp("finished") / "run"))
        seed_all_rng(0)
        results = train(cfg)
    return cfg, results


@pytest.fixture
def finished_config(finished, prcc_root, monkeypatch):
    """A copy of the finished run's config, with its data set in place."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    return finished[0].clone()


@pytest.fixture(scope="session")
def made_up():
    """Makes results out of figures: ``scores``, ``mode`` and ``result``."""

    def scores(rank1, mean_ap, mean_inp=0.25):
        # A curve that rises from rank-1 to 1.
        return RankScores({rank: rank1 if rank == 1 else 1.0 for rank in RANKS}, mean_ap, mean_inp)

    def mode(found, chance=None, **kwargs):
        # 7 queries with a match and 2 without; no scores: none with one.
        queries = 7 if found else 0
        return ModeResult(queries, 9 - queries, found, (chance or scores(0.1, 0.05)) if found else None, **kwargs)

    def result(modes, dataset="PRCC", metric_mode="clothing_change", **protocol):
        # Modes that are not given are without a pair.
        modes = {name: modes.get(name, mode(None)) for name in ("general", "same_clothing", "clothing_change")}
        told = {"metric": "cosine", "flip": False, "descriptor": "main", "checkpoint": Checkpoint.at(""), **protocol}
        return EvaluationResult(dataset, modes, Protocol(**told), metric_mode)

    return types.SimpleNamespace(scores=scores, mode=mode, result=result)


@pytest.fixture(scope="session")
def fit_normalisation(prcc_root):
    """Fits a model's normalisation to the tiny data set.

    In so few steps the running statistics stay far from the features, and all photos get nearly one descriptor.
    """

    def fit(cfg, model):
        model.train()
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = None
                module.reset_running_stats()
        with pytest.MonkeyPatch.context() as patch, EventStorage(), torch.no_grad():
            patch.setenv("FASTREID_DATASETS", str(prcc_root))
            for batch in build_test_loader(cfg, "PRCC")[0]:
                model({**batch, "targets": batch["targets"] % 6})
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                # A channel that hardly varies about its mean is nearly all rounding once its variance is 1.
                module.running_var.clamp_(min=module.running_mean.square())

    return fit


@pytest.fixture(scope="session")
def weights(finished, fit_normalisation, tmp_path_factory):
    """A checkpoint of the finished run whose normalisation fits its data."""
    cfg = finished[0].clone()
    model = load_trained_model(cfg, os.path.join(cfg.OUTPUT_DIR, "model_final.pth"))
    fit_normalisation(cfg, model)
    path = tmp_path_factory.mktemp("weights") / "model_final.pth"
    torch.save({"model": model.state_dict()}, path)
    return str(path)


def save_colours(path, channels=3, shape=None, *, unit=True, scale=1.0, name="images", **metadata):
    """Saves a model whose vector is the mean colour of 4 x 2 fields; with four channels, of what the mask leaves."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    shape = shape or ("N", channels, 64, 32)
    one = numpy_helper.from_array(np.ones(1, np.float32), "one")
    middle = numpy_helper.from_array(np.full(1, 127.5, np.float32), "middle")
    scaled = numpy_helper.from_array(np.linspace(1, scale, 24).astype(np.float32), "scale")
    split = numpy_helper.from_array(np.array([3, channels - 3], np.int64), "split")
    nodes = [helper.make_node("Identity", [name], ["rgb"])]
    if channels == 4:
        nodes = [
            helper.make_node("Split", [name, "split"], ["seen", "mask"], axis=1),
            helper.make_node("Sub", ["one", "mask"], ["rest"]),
            helper.make_node("Mul", ["seen", "rest"], ["rgb"]),
        ]
    nodes += [
        helper.make_node("AveragePool", ["rgb"], ["fields"], kernel_shape=[16, 16], strides=[16, 16]),
        helper.make_node("Flatten", ["fields"], ["flat"]),
        helper.make_node("Sub", ["flat", "middle"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
    ]
    # Grey is at the middle, where there is no direction.
    nodes += [helper.make_node("Add", ["scaled", "one"], ["moved"])]
    nodes += [
        helper.make_node("LpNormalization", ["moved"], ["features"], axis=1, p=2)
        if unit
        else helper.make_node("Identity", ["moved"], ["features"])
    ]
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [shape[0], 24])],
        [one, middle, scaled, *([split] if channels == 4 else [])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if channels == 4:
        clothing = {"lip": (5, 9), "pascal": (2,)}
        metadata = {"label_system": "lip", "clothing": clothing, **metadata}
    helper.set_model_props(model, Metadata(**metadata).to_properties())
    onnx.save(model, path)
    return str(path)


@pytest.fixture(scope="session")
def save_model():
    """Saves a model that onnxruntime runs, small enough to be made by a test; see ``save_colours``."""
    return save_colours


@pytest.fixture(scope="session")
def body():
    """The body model, loaded once for all that is rendered in the tests."""
    pytest.importorskip("anny")
    from rendered_people.person.body import BodyModel

    return BodyModel()


@pytest.fixture(scope="session")
def rendered_body(body):
    """Makes every in-process rendering of the session use the one loaded body."""
    import rendered_people.studio

    patch = pytest.MonkeyPatch()
    patch.setattr(rendered_people.studio, "BodyModel", lambda lock=None: body)
    yield body
    patch.undo()


@pytest.fixture(scope="session")
def tiny(rendered_body, tmp_path_factory):
    """A finished benchmark of 4 people: (folder, manifest). Tests must not change it."""
    from rendered_people import render_benchmark

    folder = tmp_path_factory.mktemp("tiny")
    return folder, render_benchmark(folder, workers=1, **TINY)


@pytest.fixture(scope="session")
def sharded(rendered_body, tmp_path_factory):
    """The tiny benchmark in shards of one person: (folder, manifest). Tests must not change it."""
    from rendered_people import render_benchmark

    folder = tmp_path_factory.mktemp("sharded") / "rendered_people"
    return folder, render_benchmark(folder, workers=1, shards=12, **TINY)


@pytest.fixture(scope="session")
def tiny_parameters():
    return dict(TINY)
