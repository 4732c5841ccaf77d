"""Each adaptation: in a fresh interpreter the host fails without it, and in this one it works with it."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import torch

import fastreid_compat
from fastreid_compat import imports, table

PATH = Path(__file__).with_name("exercises.py")
_spec = importlib.util.spec_from_file_location("fastreid_compat_exercises", PATH)
exercises = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(exercises)

NO_CUDA = r"(RuntimeError|AssertionError): .*(NVIDIA driver|not compiled with CUDA|dummy base class)"
FAILURES = {
    "device": NO_CUDA,
    "data loader": NO_CUDA,
    "background loading": r"AssertionError: training waits for ever",
    "affine": r"TypeError: .* unexpected keyword argument 'resample'",
    "image to tensor": r"UserWarning: TypedStorage is deprecated",
    "four-field items": r"ValueError: too many values to unpack \(expected 3",
    "set re-weighting": r"ValueError: 'a' cannot be empty",
    "network recipes": r"FileNotFoundError: .*'fastreid/modeling/backbones/regnet/regnetx/RegNetX-200MF_dds_8gpu.yaml'",
    "synchronised batch norm": r"ValueError: SyncBatchNorm expected input tensor to be on GPU",
    "gradient buffers": r"AssertionError: no weight was updated",
    "clipping": r"RuntimeError: .*nested_tensorlist",
    "freezing": r"AssertionError: layers were frozen anew",
    "safe loading": r"AssertionError: the file ran code",
    "checkpoints": r"UnpicklingError: Weights only load failed",
    "evaluation": r"SystemExit: 1",
    "re-ranking": rf"{NO_CUDA}|AttributeError: .*StandardGpuResources",
    "launch": r"AssertionError: cuda is not available",
    "distributed model": r"ValueError: DistributedDataParallel device_ids",
    "profiling": r"TypeError: .* unexpected keyword argument 'use_cuda'",
    "object gathering": r"UserWarning: TypedStorage is deprecated",
}
STATUSES = {name: status for name, _, status in fastreid_compat.adaptations()}


@pytest.fixture(scope="module")
def without(run_python, tmp_path_factory):
    """What came of the exercises with every adaptation but the imports' skipped, in a fresh interpreter."""
    finished = run_python(PATH, cwd=tmp_path_factory.mktemp("elsewhere"))
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def test_host_does_not_import_without_its_imports_adapted(without):
    assert without["imports"] == "ModuleNotFoundError: No module named 'torch._six'"
    assert without["statuses"]["imports"] == STATUSES["imports"] == "applied"


def test_skipped_adaptations_are_recorded_as_skipped(without):
    assert {without["statuses"][name] for name in exercises.EXERCISES} == {"skipped"}


def test_importing_the_package_draws_no_random_numbers(without):
    assert without["random states kept"]


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_host_fails_without_the_adaptation_where_it_was_applied(name, without):
    if STATUSES[name] == "applied":
        assert re.match(FAILURES[name], without[name], re.DOTALL), without[name]
    else:
        assert STATUSES[name] == "not needed"
        assert without[name] == "ok"


@pytest.mark.filterwarnings("ignore:MODEL.DEVICE")
@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_host_works_with_the_adaptation(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exercises.EXERCISES[name]()


def test_every_adaptation_has_an_exercise():
    # The metric of single-gallery-shot fails on NumPy before 2 only; test_evaluation.py takes np.bool away instead.
    assert set(STATUSES) - {"imports", "single-gallery-shot"} == set(exercises.EXERCISES) == set(FAILURES)


every_adaptation = pytest.mark.parametrize(
    "adaptation", [*imports.ADAPTATIONS, *table._host_adaptations()], ids=lambda adaptation: adaptation.name
)


@every_adaptation
@pytest.mark.filterwarnings("ignore:MODEL.DEVICE")
def test_an_adapted_host_needs_no_adaptation(adaptation):
    assert not adaptation.needed()


@every_adaptation
def test_no_probe_touches_the_gpu(adaptation, monkeypatch):
    # Claimed in an import, its memory would be lost to every process, and to the first GPU by all of them.
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: pytest.fail("CUDA was initialised"))
    adaptation.needed()
