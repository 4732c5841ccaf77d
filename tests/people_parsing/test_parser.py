"""What every parser is."""

import numpy as np
import pytest
import torch
from PIL import Image

from people_parsing.parser import ParserError, name_of_files, require_package, torch_device


def test_inputs_of_several_shapes(brightness):
    random = np.random.default_rng(0)
    images = [
        Image.fromarray(random.integers(0, 256, (height, 6, 3), dtype=np.uint8)) for height in (8, 9, 8, 10, 9, 8)
    ]
    maps = brightness.parse_prepared([brightness.prepare(image) for image in images], [image.size for image in images])
    assert brightness.batches == [3, 2, 1]
    for image, labels in zip(images, maps, strict=True):
        assert np.array_equal(labels, brightness(image))
    assert brightness.parse_prepared([], []) == []


def test_a_parser_goes_by_its_class_where_it_has_no_name(brightness):
    assert brightness.name == "Brightness"


def test_the_name_of_files(tmp_path):
    for name, content in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        (tmp_path / name).write_bytes(content)
    paths = [str(tmp_path / name) for name in "abc"]
    one = name_of_files(paths[0], paths[:1])
    assert one.startswith("a (sha256 ")
    assert name_of_files(paths[2], paths[2:]) == one.replace("a", "c", 1)
    assert name_of_files(paths[0], paths[1:2]) != one
    assert name_of_files(str(tmp_path), paths[:2]) == name_of_files(str(tmp_path), paths[1::-1])
    hostile = tmp_path / "x\x1b[2J\n.onnx"
    hostile.write_bytes(b"one")
    assert name_of_files(str(hostile), [str(hostile)]).startswith("x\\x1b[2J\\n.onnx (sha256 ")


def test_a_package_that_is_not_there():
    assert require_package("json", "parse", "Anything").dumps([]) == "[]"
    with pytest.raises(ParserError, match=r"Parsing needs the package nobodys_package.*pip install \"\.\[parse\]\""):
        require_package("nobodys_package", "parse", "Parsing")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "none of PyTorch's"),
        ("meta", "expected cpu, cuda"),
        ("cuda:99", "finds 1 here"),
        ("", "none of PyTorch's"),
    ],
)
def test_devices_that_are_not_there(monkeypatch, device, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ParserError, match=message):
        torch_device(device)


def test_devices(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert torch_device(None) == torch_device("cpu") == torch.device("cpu")
    with pytest.raises(ParserError, match="PyTorch finds no CUDA here"):
        torch_device("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert torch_device(None) == torch.device("cuda")
