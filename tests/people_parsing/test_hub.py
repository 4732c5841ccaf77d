"""Parsers of transformers: the real loading code on a tiny model."""

import json
import os
import pickle
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file

from datasets_ext import label_system
from people_parsing import HubParser, ParserError, load_parser

RANDOM = np.random.default_rng(0)


def photo(width, height):
    return Image.fromarray(RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_labels_are_those_of_the_model_by_name_at_the_size_of_the_image(atr_model):
    transformers = pytest.importorskip("transformers")
    parser = load_parser(atr_model, device="cpu")
    assert parser.system is label_system("atr")
    image = photo(24, 52)
    found = parser(image)
    assert found.dtype == np.uint8

    processor = transformers.AutoImageProcessor.from_pretrained(atr_model)
    model = transformers.AutoModelForSemanticSegmentation.from_pretrained(atr_model).eval()
    with torch.no_grad():
        logits = model(**processor(images=image, return_tensors="pt")).logits
    values = F.interpolate(logits, size=(52, 24), mode="bilinear", align_corners=False)[0].argmax(0)
    names = [[model.config.id2label[int(value)] for value in row] for row in values]
    assert len({name for row in names for name in row}) > 1
    assert found.tolist() == [list(parser.system.ids(row)) for row in names]


def test_images_of_several_sizes_in_one_batch(atr_model):
    parser = HubParser(atr_model, device="cpu")
    images = [photo(24, 52), photo(10, 20), photo(24, 52)]
    maps = parser.parse(torch.stack([parser.prepare(image) for image in images]), [image.size for image in images])
    assert [labels.shape for labels in maps] == [(52, 24), (20, 10), (52, 24)]
    for image, labels in zip(images, maps, strict=True):
        assert np.array_equal(labels, parser(image))


def test_what_an_image_processor_would_cut_off_stays(atr_model, save_segformer):
    transformers = pytest.importorskip("transformers")
    folder = save_segformer(label_system("atr").names)
    transformers.MobileViTImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, do_center_crop=True
    ).save_pretrained(folder)
    parser = HubParser(folder, device="cpu")
    assert parser.prepare(photo(16, 48)).shape == (3, 96, 32)


def test_a_model_of_other_labels_is_refused_with_what_is_unknown(save_segformer):
    names = [*label_system("atr").names[:-1], "Cape"]
    with pytest.raises(ParserError, match="1 of 18 labels are unknown to label system 'atr', the closest: Cape"):
        HubParser(save_segformer(names), device="cpu")


def test_a_model_of_another_system_than_asked_for_is_refused(atr_model):
    with pytest.raises(ParserError, match="2 of 18 labels are unknown to label system 'lip', .*bag, belt"):
        load_parser(atr_model, device="cpu", system="lip")


def test_a_model_without_its_segmentation_weights_is_refused(save_segformer):
    folder = save_segformer(label_system("atr").names, "SegformerForImageClassification")
    with pytest.raises(ParserError, match="lacks .* weights .*decode_head.* trained for something else"):
        HubParser(folder, device="cpu")


def test_a_folder_without_a_model_is_refused(tmp_path):
    pytest.importorskip("transformers")
    with pytest.raises(ParserError, match="cannot be loaded .*preprocessor_config.json"):
        HubParser(str(tmp_path), device="cpu")


@pytest.mark.parametrize("name", ["/no/such/folder", "./no/such/folder"])
def test_a_missing_folder_is_refused_without_asking_the_network(name):
    pytest.importorskip("transformers")
    with pytest.raises(ParserError, match=f"There is no folder {name}"):
        HubParser(name)


def test_without_transformers_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ParserError, match=r"needs the package transformers.*pip install \"\.\[parse\]\""):
        load_parser("some/model")


@pytest.mark.parametrize(("device", "message"), [("gpu", "none of PyTorch's"), ("cuda", "PyTorch finds no CUDA here")])
def test_a_device_that_is_not_there(monkeypatch, device, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParserError, match=message):
        HubParser("some/model", device=device)


@pytest.fixture
def copied_model(atr_model, tmp_path):
    """A folder of the tiny SegFormer that may be spoiled."""
    return Path(shutil.copytree(atr_model, tmp_path / "model"))


class Harmful:
    """What runs code where it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_a_pickle_is_not_read(copied_model, tmp_path):
    weights = copied_model / "pytorch_model.bin"
    (copied_model / "model.safetensors").unlink()
    with open(weights, "wb") as file:
        pickle.dump(Harmful(tmp_path / "ran"), file)
    with pytest.raises(ParserError, match=r"cannot be loaded .*model\.safetensors"):
        HubParser(str(copied_model), device="cpu")
    assert not (tmp_path / "ran").exists()


def test_sound_weights_in_a_pickle_are_not_read_either(copied_model, atr_model):
    torch.save(load_file(copied_model / "model.safetensors"), copied_model / "pytorch_model.bin")
    (copied_model / "model.safetensors").unlink()
    with pytest.raises(ParserError, match=r"cannot be loaded .*Name a folder with .*model\.safetensors"):
        HubParser(str(copied_model), device="cpu")


@pytest.mark.parametrize(
    ("file", "auto_class"),
    [("config.json", "AutoConfig"), ("preprocessor_config.json", "AutoImageProcessor")],
)
def test_code_beside_the_weights_is_not_run(copied_model, tmp_path, file, auto_class):
    (copied_model / "harmful.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Thing: pass\n")
    config = json.loads((copied_model / file).read_text())
    config["auto_map"] = {auto_class: "harmful.Thing"}
    if file == "config.json":
        config["model_type"] = "of-nobody"
        config.pop("architectures", None)
    else:
        config.pop("image_processor_type", None)
        config["image_processor_type"] = "OfNobody"
    (copied_model / file).write_text(json.dumps(config))
    with pytest.raises(ParserError, match="cannot be loaded"):
        HubParser(str(copied_model), device="cpu")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("kept", [0, 4, 100, 5000])
def test_truncated_weights(copied_model, kept):
    os.truncate(copied_model / "model.safetensors", kept)
    with pytest.raises(ParserError, match="cannot be loaded"):
        HubParser(str(copied_model), device="cpu")


@pytest.mark.parametrize("file", ["config.json", "preprocessor_config.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_config_that_is_none(copied_model, file, content):
    (copied_model / file).write_bytes(content)
    with pytest.raises(ParserError, match="cannot be loaded"):
        HubParser(str(copied_model), device="cpu")


def test_a_pipe_in_the_folder(copied_model):
    (copied_model / "config.json").unlink()
    os.mkfifo(copied_model / "config.json")
    with pytest.raises(ParserError, match=r"model/config\.json, in the folder of a model, is no file"):
        HubParser(str(copied_model), device="cpu")


def test_a_file_in_the_place_of_the_folder(tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "model").write_text("x")
    with pytest.raises(ParserError, match="There is no folder .*/model"):
        HubParser(str(tmp_path / "model"))


def test_the_name_of_a_folder_tells_its_content_and_not_its_place(copied_model, atr_model, save_segformer):
    name = HubParser(str(copied_model), device="cpu").name
    assert re.fullmatch(r"model \(sha256 [0-9a-f]{16}\)", name)
    digest = name.partition(" ")[2]
    assert HubParser(atr_model, device="cpu").name.endswith(digest)
    other = HubParser(save_segformer([*label_system("atr").names]), device="cpu")
    assert not other.name.endswith(digest)
