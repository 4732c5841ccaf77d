"""Parsers in ONNX files, on models whose output follows from their input."""

import math
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from people_parsing import OnnxInput, OnnxParser, ParserError, load_parser

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
PLAIN = {"mean": (0, 0, 0), "std": (1, 1, 1)}


def stripes(width, height, *colours):
    """Colours from top to bottom, of equal height."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for band, colour in zip(np.array_split(np.arange(height), len(colours)), colours, strict=True):
        pixels[band] = colour
    return Image.fromarray(pixels)


@pytest.mark.parametrize(("bgr", "expected"), [(True, (2, 1, 0)), (False, (0, 1, 2))])
@pytest.mark.parametrize("letterbox", [True, False])
@pytest.mark.parametrize("size", [(30, 60), (60, 30), (45, 90)])
def test_a_map_lies_on_its_image(save_onnx, bgr, expected, letterbox, size):
    form = OnnxInput(size=(90, 90), bgr=bgr, letterbox=letterbox, **PLAIN)
    labels = OnnxParser(save_onnx(), device="cpu", form=form)(stripes(*size, RED, GREEN, BLUE))
    assert labels.shape == size[::-1]
    assert labels.dtype == np.uint8
    third = size[1] // 3
    for band, value in enumerate(expected):
        # A pixel at each border may fall to either side.
        assert (labels[band * third + 1 : (band + 1) * third - 1] == value).all()


def test_schps_input_is_the_default(save_onnx):
    parser = load_parser(save_onnx())
    inputs = parser.prepare(Image.new("RGB", (50, 100), (10, 20, 30)))
    assert inputs.shape == (3, 473, 473)
    # An image of half the width lies in the middle, black beside it; blue comes first, with ImageNet's blue mean.
    for channel, (value, mean, std) in enumerate([(30, 0.406, 0.225), (20, 0.456, 0.224), (10, 0.485, 0.229)]):
        assert inputs[channel, :, 120:350].numpy() == pytest.approx((value / 255 - mean) / std, abs=1e-5)
        for margin in (inputs[channel, :, :118], inputs[channel, :, 355:]):
            assert margin.numpy() == pytest.approx(-mean / std, abs=1e-5)


@pytest.mark.parametrize(("system", "channels", "side"), [("lip", 20, 473), ("atr", 18, 512), ("pascal", 7, 512)])
def test_label_systems_of_schp(save_onnx, system, channels, side):
    parser = OnnxParser(save_onnx(channels), system=system)
    assert parser.system.name == system
    assert parser.prepare(Image.new("RGB", (8, 8))).shape == (3, side, side)


def test_the_refined_parsing_of_an_export_with_several_outputs(save_onnx):
    path = save_onnx(others=[("edge", 2), ("parsing", 20)])
    form = OnnxInput(size=(12, 12), **PLAIN)
    assert (OnnxParser(path, form=form)(stripes(12, 12, RED)) == 2).all()
    assert (OnnxParser(path, form=form, output="parsing")(stripes(12, 12, RED)) == 0).all()
    with pytest.raises(ParserError, match=r"yields edge \(1, 2, 12, 12\), .*named 'edge'"):
        OnnxParser(path, form=form, output="edge")


def test_a_file_of_fixed_batch_and_size(save_onnx):
    parser = OnnxParser(save_onnx(shape=(2, 3, 16, 8)), form=OnnxInput(letterbox=False, **PLAIN))
    images = [stripes(4, 6, colour) for colour in (RED, GREEN, BLUE)]
    maps = parser.parse(torch.stack([parser.prepare(image) for image in images]), [image.size for image in images])
    assert [np.unique(labels).tolist() for labels in maps] == [[2], [1], [0]]
    with pytest.raises(ParserError, match="takes inputs of 16 x 8 .* but 32 x 32 was asked for"):
        OnnxParser(save_onnx(shape=(2, 3, 16, 8)), form=OnnxInput(size=(32, 32)))


def test_channels_of_another_label_system_are_refused(save_onnx):
    with pytest.raises(ParserError, match=r"yields logits \(1, 18, 473, 473\); expected logits \(N, 20, h, w\)"):
        OnnxParser(save_onnx(18))


def test_an_input_of_another_form_is_refused(save_onnx):
    with pytest.raises(ParserError, match=r"takes input .*\['N', 4, 'H', 'W'\]; expected one input \(N, 3, h, w\)"):
        OnnxParser(save_onnx(shape=("N", 4, "H", "W")))


def test_what_is_no_onnx_file_is_refused(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ParserError, match="cannot be loaded by onnxruntime"):
        load_parser(str(tmp_path / "model.onnx"))
    with pytest.raises(ParserError, match=r"There is no file .*absent\.onnx"):
        load_parser(str(tmp_path / "absent.onnx"))


def test_cuda_without_a_runtime_for_it(save_onnx, monkeypatch):
    import onnxruntime

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(ParserError, match="this onnxruntime has no CUDA.*onnxruntime-gpu"):
        OnnxParser(save_onnx(), device="cuda")


def test_without_onnxruntime_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ParserError, match=r"needs the package onnxruntime.*pip install \"\.\[onnx\]\""):
        load_parser("model.onnx")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"mean": (0.5,)}, "three finite numbers each"),
        ({"std": (1, 0, 1)}, "above 0"),
        ({"size": (0, 5)}, "from 1 to 8192 each"),
        ({"size": (9000, 5)}, "from 1 to 8192"),
        ({"mean": (0, math.nan, 1)}, "finite"),
    ],
)
def test_an_input_that_cannot_be(values, message):
    with pytest.raises(ParserError, match=message):
        OnnxInput(**values)


def test_unknown_label_system():
    with pytest.raises(ValueError, match="Unknown label system: 'coco'"):
        load_parser("model.onnx", system="coco")
