"""Text in an ONNX file's metadata, set without the package onnx: a machine that searches need not have it."""

import os
import shutil
from collections.abc import Iterator, Mapping

from .errors import ExportedModelError

# Of onnx.proto: ModelProto.metadata_props, and in each of them key and value.
_PROPERTIES, _KEY, _VALUE = 14, 1, 2
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


def set_properties(path: str | os.PathLike[str], properties: Mapping[str, str]) -> None:
    """Sets some of a file's properties, and leaves all else of it as it is, to the byte.

    The file is replaced whole or not at all; a process that has it open keeps what it read.

    Args:
        path: of the file; of a link, what it leads to is replaced.
        properties: text by name.

    Raises:
        ExportedModelError: it is no ONNX file.
        OSError: it cannot be read, or its folder not be written to.
    """
    path = os.path.realpath(path)
    with open(path, "rb") as file:
        content = file.read()
    try:
        parts = [content[start:stop] for start, stop in _kept(content, properties)]
    except (IndexError, UnicodeDecodeError) as error:
        raise ExportedModelError(f"Model {path} is no ONNX file. Export it again.") from error
    part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.writelines([*parts, *(_property(name, text) for name, text in properties.items())])
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.unlink(part)


def _kept(content: bytes, replaced: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Where the fields of a model lie that are none of these properties."""
    for number, start, inside, stop in _fields(content, 0, len(content)):
        if number != _PROPERTIES or _name(content, inside, stop) not in replaced:
            yield start, stop


def _name(content: bytes, start: int, stop: int) -> str:
    names = [content[inside:end] for number, _, inside, end in _fields(content, start, stop) if number == _KEY]
    return names[-1].decode() if names else ""


def _fields(content: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, start of its value, and end of each field of a message in protobuf's wire format.

    Raises:
        IndexError: it is none.
    """
    while start < stop:
        tag, inside = _varint(content, start)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            end = _varint(content, inside)[1]
        elif kind == _LENGTH:
            length, inside = _varint(content, inside)
            end = inside + length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            end = inside + (8 if kind == _EIGHT_BYTES else 4)
        else:
            raise IndexError(f"wire type {kind}")
        if end > stop or not number:
            raise IndexError(f"field {number} ends at {end} of {stop}")
        yield number, start, inside, end
        start = end


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    while True:
        byte = content[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place


def _property(name: str, text: str) -> bytes:
    entry = b"".join(_field(number, one.encode()) for number, one in ((_KEY, name), (_VALUE, text)))
    return _field(_PROPERTIES, entry)


def _field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _LENGTH) + _number(len(value)) + value


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
