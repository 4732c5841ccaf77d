"""Checkpoints that no program writes: what a pickle can say of NumPy arrays and tensors to bring a reader down.

As a script, `forged_files.py FOLDER`: loads each of them with the host's checkpointer and prints a line of what came of
it, so that a crash shows as an absent line.
"""

import pickle
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

POINTER = b"\x41" * 8


class Name(NamedTuple):
    """A global, by name."""

    module: str
    name: str


class Call(NamedTuple):
    """A call of a global in the pickle, and the state that the result is told."""

    function: object
    arguments: tuple
    state: object = None


class New(NamedTuple):
    """An object made by `__new__` alone."""

    cls: Name
    arguments: tuple


class Stored(NamedTuple):
    """A storage of the file by torch's persistent id."""

    numel: int
    key: str = "0"


class Pickler(pickle._Pickler):
    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Name):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
            if obj.state is not None:
                self.save(obj.state)
                self.write(pickle.BUILD)
        elif isinstance(obj, New):
            self.save(obj.cls)
            self.save(obj.arguments)
            self.write(pickle.NEWOBJ)
        elif isinstance(obj, Stored):
            self.save(("storage", Name("torch", "FloatStorage"), obj.key, "cpu", obj.numel))
            self.write(pickle.BINPERSID)
        elif type(obj) is bytes:
            self.save(Call(Name("_codecs", "encode"), (obj.decode("latin1"), "latin1")))
        else:
            super().save(obj, save_persistent_id)


def write_pickle(path, value):
    with open(path, "wb") as file:
        Pickler(file, protocol=2).dump(value)


def write_checkpoint(path, value, storage=b""):
    """A file as torch.save writes it, whose pickle gives `value` and whose storage 0 holds the bytes."""
    content = Path(f"{path}.pkl")
    write_pickle(content, {"model": {}, "extra": value})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", content.read_bytes())
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/data/0", storage)
        archive.writestr("archive/version", "3\n")
    content.unlink()


ARRAY, DTYPE = Name("numpy", "ndarray"), Name("numpy", "dtype")
RECONSTRUCT, SCALAR = (Name("numpy.core.multiarray", name) for name in ("_reconstruct", "scalar"))
REBUILD = Name("torch._utils", "_rebuild_tensor_v2")


def dtype(code, order="<", sub_type=None, names=None, fields=None):
    return Call(DTYPE, (code, False, True), (3, order, sub_type, names, fields, -1, -1, 0))


def array(shape, kind, data, fortran=False):
    return Call(RECONSTRUCT, (ARRAY, (0,), b"b"), (1, shape, kind, fortran, data))


def tensor(storage, offset, size, stride):
    return Call(REBUILD, (storage, offset, size, stride, False, Call(Name("collections", "OrderedDict"), ())))


F8 = dtype("f8")
FORGED = {
    "an object array over a buffer of pointers": Call(ARRAY, ((1,), Call(DTYPE, ("O", False, True)), POINTER)),
    "an array made by ndarray itself": Call(ARRAY, ((1,), F8, POINTER)),
    "an array by __new__ with a buffer": New(ARRAY, ((1,), F8, POINTER)),
    "an array by __new__ without content": New(ARRAY, ()),
    "an object array with its objects": array((1,), dtype("O", "|"), ["text"]),
    "an object array with pointers": array((1,), dtype("O", "|"), POINTER),
    "an object scalar with a pointer": Call(SCALAR, (dtype("O", "|"), POINTER)),
    "a scalar without bytes": Call(SCALAR, (F8,)),
    "a scalar of too few bytes": Call(SCALAR, (F8, b"\0")),
    "a scalar of no type": Call(SCALAR, ("f8", POINTER)),
    "an array that is never filled": Call(RECONSTRUCT, (ARRAY, (0,), b"b")),
    "an array of another class": Call(RECONSTRUCT, (DTYPE, (0,), b"b"), (1, (1,), F8, False, POINTER)),
    "more numbers than bytes": array((1 << 40,), F8, POINTER),
    "more bytes than numbers": array((1,), F8, POINTER * 2),
    "a negative length": array((-1,), F8, POINTER),
    "two negative lengths": array((-1, -1), F8, POINTER),
    "a length that is no integer": array((1.0,), F8, POINTER),
    "a length that is a boolean": array((True,), F8, POINTER),
    "a shape that is no tuple": array(1, F8, POINTER),
    "too many dimensions": array((1,) * 65, F8, POINTER),
    "nothing, but of an enormous shape": array((1 << 62, 1 << 62, 0), F8, b""),
    "bytes that are a text": array((1,), F8, "AAAAAAAA"),
    "bytes that are a list": array((1,), F8, [0.0]),
    "a state that is too short": Call(RECONSTRUCT, (ARRAY, (0,), b"b"), (1, (1,), F8)),
    "a state that is no tuple": Call(RECONSTRUCT, (ARRAY, (0,), b"b"), {"shape": (1,)}),
    "a structure": array((1,), dtype("V8", "|", None, ("a",), {"a": (dtype("O", "|"), 0)}), POINTER),
    "a float with fields": array((1,), dtype("f8", "<", None, ("a",), {"a": (dtype("O", "|"), 0)}), POINTER),
    "a float of sub-arrays": array((1,), dtype("f8", "<", (dtype("O", "|"), (1,))), POINTER),
    "texts": array((1,), dtype("U2"), POINTER),
    "dates": array((1,), dtype("M8"), POINTER),
    "void": array((1,), dtype("V8", "|"), POINTER),
    "a type by a list": array((1,), Call(DTYPE, ([("a", "O")], False, True)), POINTER),
    "a type that is a type": array((1,), Call(DTYPE, (Name("builtins", "object"), False, True)), POINTER),
    "a type that is told nothing it knows": array((1,), Call(DTYPE, ("f8", False, True), "<"), POINTER),
    "a byte order of two letters": array((1,), dtype("8", "<f"), POINTER),
    "booleans beyond true": array((1,), dtype("b1", "|"), b"\x02"),
    "a tensor beyond its storage": tensor(Stored(2), 1 << 20, (1,), (1,)),
    "a tensor longer than its storage": tensor(Stored(2), 0, (1 << 20,), (1,)),
    "a tensor before its storage": tensor(Stored(2), -4, (1,), (1,)),
    "a tensor with strides beyond its storage": tensor(Stored(2), 0, (2,), (1 << 40,)),
    "a tensor with negative strides": tensor(Stored(2), 1, (2,), (-1,)),
    "a storage longer than its record": tensor(Stored(1 << 30), 0, (1 << 30,), (1,)),
    "a storage that is not there": tensor(Stored(2, "7"), 0, (2,), (1,)),
}


def load_all(folder):
    import torch

    import fastreid_compat  # noqa: F401
    from fastreid.utils.checkpoint import Checkpointer  # isort: skip

    for name, value in FORGED.items():
        path = Path(folder, f"{name}.pth")
        write_checkpoint(path, value, b"\0" * 8)
        try:
            extra = Checkpointer(torch.nn.Identity()).load(str(path))["extra"]
            outcome = f"loaded {str(extra)[:60]!r}"
        except Exception as error:
            outcome = type(error).__name__
        print(f"{name}: {outcome}", flush=True)


if __name__ == "__main__":
    load_all(sys.argv[1])
