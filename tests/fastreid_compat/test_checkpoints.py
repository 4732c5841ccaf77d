"""Checkpoints of the host with NumPy values: loaded, while anything that could run code stays refused."""

import collections
import pickle
import types

import numpy as np
import pytest
import torch
from fastreid.utils.checkpoint import Checkpointer


def test_arrays_and_scalars_of_every_plain_type_load(tmp_path):
    dtypes = (np.float16, np.float32, np.float64, np.int8, np.int64, np.uint8, np.bool_)
    values = {str(dtype): dtype(1) for dtype in dtypes}
    values["text"] = np.array(["a", "b"])
    path = tmp_path / "model.pth"
    state = collections.OrderedDict(weight=np.ones((1, 2), np.float32), bias=torch.zeros(1))
    torch.save({"model": state, "metric": np.float64(71.5), "values": values}, path)
    model = torch.nn.Linear(2, 1)
    extra = Checkpointer(model).load(str(path))
    assert model.weight.tolist() == [[1, 1]]
    assert extra["metric"] == 71.5
    for name, value in values.items():
        np.testing.assert_array_equal(extra["values"][name], value)


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


@pytest.mark.skipif(not hasattr(torch.serialization, "safe_globals"), reason="torch.load loads everything by default")
@pytest.mark.parametrize("wrap", [lambda value: value, lambda value: np.array([value], dtype=object)])
def test_code_stays_refused(wrap, tmp_path):
    path, created = tmp_path / "model.pth", tmp_path / "created"
    torch.save({"model": {}, "extra": wrap(Opens(created))}, path)
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        Checkpointer(torch.nn.Identity()).load(str(path))
    assert not created.exists()


@pytest.mark.skipif(not hasattr(torch.serialization, "safe_globals"), reason="torch.load loads everything by default")
def test_nothing_is_allowed_outside_the_checkpointer(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"metric": np.float64(1)}, path)
    Checkpointer(torch.nn.Identity())._load_file(str(path))
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
