"""Parsers of transformers: the real loading code on a tiny model."""

import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from datasets_ext import label_system
from people_parsing import HubParser, ParserError, load_parser
from people_parsing.upsampling import upsampled_labels

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


@pytest.mark.parametrize("size", [(5, 9), (31, 17), (1, 1)])
def test_upsampling_a_class_at_a_time_is_the_argmax_of_all(size):
    logits = torch.randn(3, 7, 4, 6)
    logits[:, 5] = logits[:, 2]
    whole = F.interpolate(logits, size=size[::-1], mode="bilinear", align_corners=False).argmax(1)
    found = upsampled_labels(logits, size)
    assert found.dtype == torch.uint8
    assert torch.equal(found.long(), whole)
    assert not (found == 5).any()


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
