"""Checkpoints of the host with NumPy values: loaded, while anything that could run code or crash stays refused."""

import collections
import pickle
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from fastreid.utils.checkpoint import Checkpointer

HERE = Path(__file__).parent


def test_arrays_and_scalars_of_every_plain_type_load(tmp_path):
    dtypes = [np.dtype(code) for code in "? b h i l B H I L e f d F D".split()]  # noqa: SIM905
    values = {f"scalar {dtype}": dtype.type(1) for dtype in dtypes}
    values.update({f"array {dtype}": np.arange(6).astype(dtype).reshape(2, 3) for dtype in dtypes})
    path = tmp_path / "model.pth"
    state = collections.OrderedDict(weight=np.ones((1, 2), np.float32), bias=torch.zeros(1))
    torch.save({"model": state, "metric": np.float64(71.5), "values": values}, path)
    model = torch.nn.Linear(2, 1)
    extra = Checkpointer(model).load(str(path))
    assert model.weight.tolist() == [[1, 1]]
    assert extra["metric"] == 71.5
    for name, value in values.items():
        loaded = extra["values"][name]
        assert type(loaded) is type(value)
        assert loaded.dtype == value.dtype
        np.testing.assert_array_equal(loaded, value)


@pytest.mark.parametrize("core", ["core", "_core"])
def test_files_written_with_numpy_1_and_2_load(core, tmp_path):
    class Pickler(pickle._Pickler):
        """Names NumPy's functions as the release that had them in `core` does."""

        def save_global(self, obj, name=None):
            module = getattr(obj, "__module__", None) or ""
            if module.startswith("numpy") and module.endswith(".multiarray"):
                self.write(f"cnumpy.{core}.multiarray\n{obj.__name__}\n".encode())
                self.memoize(obj)
            else:
                super().save_global(obj, name)

    module = types.ModuleType("pickle_of_another_numpy")
    module.__dict__.update({**vars(pickle), "Pickler": Pickler})
    path = tmp_path / "model.pth"
    torch.save({"model": {"weight": np.ones((1, 2))}, "metric": np.float64(2)}, path, pickle_module=module)
    assert f"numpy.{core}.multiarray".encode() in path.read_bytes()
    assert Checkpointer(torch.nn.Linear(2, 1, bias=False)).load(str(path)) == {"metric": 2}


class Opens:
    """A pickle that would create a file on loading."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: np.array([value], dtype=object)])
def test_code_stays_refused(wrap, tmp_path):
    path, created = tmp_path / "model.pth", tmp_path / "created"
    torch.save({"model": {}, "extra": wrap(Opens(created))}, path)
    with pytest.raises(pickle.UnpicklingError):
        Checkpointer(torch.nn.Identity()).load(str(path))
    assert not created.exists()


def test_forged_files_are_refused_and_bring_nothing_down(tmp_path, start_script):
    # In a process of its own, which a forged array has brought down before.
    loading = start_script(HERE / "forged_files.py", tmp_path, cwd=tmp_path)
    said, errors = loading.communicate(timeout=300)
    outcomes = dict(line.split(": ") for line in said.splitlines() if ": " in line and not line.startswith("["))
    assert loading.returncode == 0, (loading.returncode, list(outcomes)[-1:], errors[-500:])
    assert len(outcomes) > 40
    assert {name: outcome for name, outcome in outcomes.items() if outcome != "UnpicklingError"} == {
        name: "RuntimeError" for name in outcomes if name.startswith(("a tensor", "a storage"))
    }


def test_nothing_is_allowed_outside_the_checkpointer(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"metric": np.float64(1)}, path)
    Checkpointer(torch.nn.Identity())._load_file(str(path))
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
