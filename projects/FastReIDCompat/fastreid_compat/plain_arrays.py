"""NumPy arrays and scalars out of pickles, built anew from plain numbers; NumPy's own constructors are never called.

A pickle of an array names `numpy.ndarray`, `numpy.dtype` and two functions, and gives them what they ask for: a forged
one gives an object type over a buffer of its own, whose bytes are then taken for pointers, or a shape that its buffer
does not fill. So here these names stand for classes that take a description, check it and copy the numbers out.
"""

import math
import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np

# Booleans, integers, floats and complex numbers, as pickles spell them; all that weights, metrics and schedules hold.
_PLAIN_TYPES = frozenset(["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"])
_BYTE_ORDERS = frozenset("<>|=")
_MAX_DIMENSIONS = 32


class _ArrayClass:
    """Stands for numpy.ndarray, which pickles name only to hand it to `_reconstruct`."""

    def __new__(cls, *args: object) -> "_ArrayClass":
        raise pickle.UnpicklingError("a pickle that calls numpy.ndarray itself is none that NumPy writes")


class _Type:
    """Stands for numpy.dtype: called with a code, then told the byte order."""

    _code: object = None
    _state: object = None

    def __init__(self, code: object, align: object = False, copy: object = False):
        self._code = code

    def __setstate__(self, state: object) -> None:
        self._state = state

    def build(self) -> np.dtype:
        """The data type, or an UnpicklingError where it is not one of plain numbers."""
        order: object = "="
        if self._state is not None:
            # (version, byte order, sub-type, field names, fields, size, alignment, flags)
            if not isinstance(self._state, tuple) or len(self._state) < 8 or any(self._state[2:5]):
                raise pickle.UnpicklingError(f"not a data type of plain numbers: {self._code!r} with {self._state!r}")
            order = self._state[1]
        if str(self._code) not in _PLAIN_TYPES or str(order) not in _BYTE_ORDERS:
            raise pickle.UnpicklingError(
                f"a NumPy value of type {order!r} {self._code!r}; expected one of {', '.join(sorted(_PLAIN_TYPES))}"
            )
        return np.dtype(f"{order}{self._code}")


class _Array:
    """Stands for an array between its construction and `unpack`: pickles make an empty one, then tell what is in it."""

    _state: object = None

    def __setstate__(self, state: object) -> None:
        self._state = state

    def build(self) -> np.ndarray:
        """The array, or an UnpicklingError where its description does not hold together."""
        if not isinstance(self._state, tuple) or len(self._state) != 5:
            raise pickle.UnpicklingError("a NumPy array without its content")
        _, shape, kind, fortran, data = self._state
        return _from_bytes(data, kind, shape, "F" if fortran is True else "C")


def _from_bytes(data: object, kind: object, shape: object, order: object) -> np.ndarray:
    if not isinstance(kind, _Type) or not isinstance(data, bytes | bytearray) or order not in ("C", "F"):
        raise pickle.UnpicklingError(f"a NumPy array of {type(kind).__name__} from {type(data).__name__}")
    if (
        not isinstance(shape, tuple)
        or len(shape) > _MAX_DIMENSIONS
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise pickle.UnpicklingError(f"a NumPy array of shape {shape!r}")
    dtype = kind.build()
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise pickle.UnpicklingError(
            f"a NumPy array of shape {shape} and type {dtype} has {expected} bytes, but the file gives {len(data)}"
        )
    if dtype.kind == "b" and any(byte > 1 for byte in data):
        raise pickle.UnpicklingError("a NumPy array of booleans that are neither true nor false")
    # An array of nothing has no buffer to start from.
    numbers = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    try:
        return numbers.reshape(shape, order=order).copy(order=order)
    except ValueError as error:  # nothing at all, but of an enormous shape
        raise pickle.UnpicklingError(f"a NumPy array of shape {shape}: {error}") from error


def _reconstruct(array_class: object, shape: object, code: object) -> _Array:
    if array_class is not _ArrayClass:
        raise pickle.UnpicklingError("a NumPy array of a class of its own")
    return _Array()


def _scalar(kind: object, data: object = None) -> Any:
    return _from_bytes(data, kind, (), "C")[()]


def _frombuffer(data: object, kind: object, shape: object, order: object) -> np.ndarray:
    return _from_bytes(data, kind, shape, order)


def _no_bytes() -> bytes:
    return b""


# NumPy 2 moved numpy.core to numpy._core, so a file names one or the other, whatever is installed.
_STAND_INS: dict[str, Callable] = {
    "numpy.ndarray": _ArrayClass,
    "numpy.dtype": _Type,
    # How protocol 2 writes the bytes of an array without numbers.
    "builtins.bytes": _no_bytes,
    "__builtin__.bytes": _no_bytes,
    **{
        f"numpy.{core}.{name}": function
        for core in ("core", "_core")
        for name, function in (
            ("multiarray._reconstruct", _reconstruct),
            ("multiarray.scalar", _scalar),
            ("numeric._frombuffer", _frombuffer),
        )
    },
}


def stand_ins() -> list[Callable | tuple[Callable, str]]:
    """For torch.serialization.safe_globals, around a load whose result `unpack` takes."""
    # torch tells the state only to objects whose class it was given, under whatever name.
    return [(_Array, f"{__name__}.{_Array.__name__}"), *((value, name) for name, value in _STAND_INS.items())]


def unpack(value: Any) -> Any:
    """Puts arrays and data types in the place of what stands for them, in nested dicts, lists and tuples.

    Args:
        value: what a load with `stand_ins` gave; its dicts and lists are changed in place.

    Returns:
        The same with arrays.

    Raises:
        pickle.UnpicklingError: an array is not of plain numbers, or its buffer does not fit its shape.
    """
    return _unpack(value, {})


def _unpack(value: Any, done: dict[int, Any]) -> Any:
    if id(value) in done:
        return done[id(value)]
    result = value
    if isinstance(value, _Array | _Type):
        result = value.build()
    elif isinstance(value, dict | list):
        # Before its items: a list may hold itself.
        done[id(value)] = value
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
            value[key] = _unpack(item, done)
    elif type(value) is tuple:
        items = tuple(_unpack(item, done) for item in value)
        result = value if all(new is old for new, old in zip(items, value, strict=True)) else items
    done[id(value)] = result
    return result


class _PlainUnpickler(pickle.Unpickler):
    """Names nothing but arrays of plain numbers."""

    def find_class(self, module: str, name: str) -> Callable:
        if (module, name) == ("_codecs", "encode"):
            return _latin_bytes
        try:
            return _STAND_INS[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(
                f"the file names {module}.{name}; only numbers, texts and NumPy arrays of numbers are read from it"
            ) from None


def _latin_bytes(text: object, encoding: object) -> bytes:
    # How protocols below 3 write bytes.
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding!r}")
    return text.encode("latin1")


def load_plain(file: IO[bytes]) -> Any:
    """`pickle.load` for numbers, texts, dicts, lists, tuples and NumPy arrays of plain numbers.

    Raises:
        pickle.UnpicklingError: the file names anything else, or tells a length beyond all memory.
    """
    try:
        found = _PlainUnpickler(file).load()
    except MemoryError as error:
        # Asked for before a byte of it is read.
        raise pickle.UnpicklingError("the file tells of more bytes than there is memory for") from error
    return unpack(found)
