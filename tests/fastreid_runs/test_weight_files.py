"""Weights are found by path or by a prefix that the host knows, and read whole or refused."""

import pytest
import torch
from fastreid.utils.file_io import PathHandler, PathManager
from safetensors.torch import save_file

from fastreid_runs import CheckpointError, WholeCheckpointer
from fastreid_runs.weight_files import local_file, read_safetensors


@pytest.fixture
def prefix(tmp_path):
    class Handler(PathHandler):
        def _get_supported_prefixes(self):
            return ["shelf://"]

        def _get_local_path(self, path, **_):
            return str(tmp_path / path.removeprefix("shelf://"))

    PathManager.register_handler(Handler())
    yield "shelf://"
    PathManager._PATH_HANDLERS.pop("shelf://")


def test_a_prefix_of_the_hosts_path_manager_is_a_place_for_weights(prefix, tmp_path):
    model = torch.nn.Linear(3, 2)
    save_file(model.state_dict(), tmp_path / "a.safetensors")
    assert local_file(f"{prefix}a.safetensors") == str(tmp_path / "a.safetensors")
    other = torch.nn.Linear(3, 2)
    WholeCheckpointer(other).load(f"{prefix}a.safetensors")
    assert torch.equal(other.weight, model.weight)
    assert set(WholeCheckpointer.read_model(f"{prefix}a.safetensors")) == {"weight", "bias"}


def test_what_is_not_there_is_named_as_it_was_asked_for(prefix, tmp_path):
    for name in (f"{prefix}b.safetensors", str(tmp_path / "b.pth"), str(tmp_path)):
        with pytest.raises(CheckpointError, match="does not exist") as caught:
            local_file(name)
        assert name in str(caught.value)


def test_half_precision_is_read_as_float32(tmp_path):
    save_file({"a": torch.tensor([0.5, 3.0]).half(), "n": torch.tensor(7)}, tmp_path / "a.safetensors")
    found = read_safetensors(str(tmp_path / "a.safetensors"))
    assert found["a"].dtype == torch.float32
    assert found["a"].tolist() == [0.5, 3.0]
    assert found["n"].dtype == torch.int64


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_damaged_safetensors_are_one_sentence(damage, tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"a": torch.zeros(100)}, path)
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-40], "empty": b"", "other": b"no tensors here" * 10}[damage])
    for read in (read_safetensors, WholeCheckpointer.read_model):
        with pytest.raises(CheckpointError, match="damaged or no file of safetensors"):
            read(str(path))


def test_a_foreign_models_safetensors_are_refused(tmp_path):
    save_file({"weight": torch.zeros(2, 9), "bias": torch.zeros(2)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="another model"):
        WholeCheckpointer(torch.nn.Linear(3, 2)).load(str(tmp_path / "a.safetensors"))
    save_file({"weight": torch.full((2, 3), float("nan")), "bias": torch.zeros(2)}, tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match="NaN"):
        WholeCheckpointer(torch.nn.Linear(3, 2)).load(str(tmp_path / "b.safetensors"))
