"""One photo's descriptor is the one that the evaluation gives, whatever form the photo comes in."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from datasets_ext import ImageFileError, ParsingMapError, label_system, read_label_png, read_rgb
from ifd.data import build_test_loader
from ifd.engine import CheckpointError, load_trained_model
from ifd.feature_extractor import FeatureExtractor
from people_parsing import Parser


class Everything(Parser):
    """Says that the lower three quarters are upper clothes."""

    def __init__(self, system="lip"):
        self.system = label_system(system)
        self.sizes = []

    def __call__(self, image):
        self.sizes.append(image.size)
        labels = np.zeros(image.size[::-1], dtype=np.uint8)
        labels[image.height // 4 :] = self.system.ids(["Upper-clothes"])[0]
        return labels


@pytest.fixture
def weights(finished_config):
    return os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")


@pytest.fixture
def extractor(finished_config, weights):
    return FeatureExtractor(finished_config, weights)


@pytest.fixture
def photo(prcc_root):
    return prcc_root / "prcc" / "rgb" / "test" / "A" / "007" / "cropped_rgb000.jpg"


@pytest.fixture
def labels(prcc_root):
    return read_label_png(prcc_root / "prcc" / "parsing" / "test" / "A" / "007" / "cropped_rgb000.png")


@pytest.mark.parametrize(("flip", "metric"), [(False, "cosine"), (True, "cosine"), (False, "euclidean")])
def test_the_descriptor_is_that_of_the_evaluation(finished_config, weights, flip, metric):
    finished_config.defrost()
    finished_config.TEST.FLIP.ENABLED = flip
    finished_config.TEST.METRIC = metric
    extractor = FeatureExtractor(finished_config, weights)
    model = load_trained_model(finished_config, weights)
    loader, _ = build_test_loader(finished_config, "PRCC")
    for batch in loader:
        with torch.no_grad():
            expected = model(batch)
            if flip:
                expected = (expected + model({"images": batch["images"].flip(dims=[3])})) / 2
        if metric == "cosine":
            expected = F.normalize(expected)
        for path, features in zip(batch["img_paths"][::7], expected[::7], strict=True):
            found = extractor(path, path.replace("/rgb/", "/parsing/").replace(".jpg", ".png"))
            assert found.dtype == np.float32
            assert found.shape == features.shape
            assert found == pytest.approx(features.numpy(), abs=1e-5)
            if metric == "cosine":
                assert np.linalg.norm(found) == pytest.approx(1)


def test_config_file_in_place_of_a_config(config_file, finished_config, weights, tmp_path, photo, labels):
    written = tmp_path / "config.yml"
    written.write_text(finished_config.dump())
    expected = FeatureExtractor(finished_config, weights)(photo, labels)
    assert np.array_equal(FeatureExtractor(written, weights)(photo, labels), expected)


def test_path_image_and_array_are_one(extractor, photo, labels):
    image = read_rgb(photo)
    expected = extractor(str(photo), labels)
    for form in (photo, image, np.array(image), np.dstack([np.array(image), np.full((64, 32), 9, np.uint8)])):
        assert np.array_equal(extractor(form, labels), expected)
    for form in (labels.astype(np.int64), Image.fromarray(labels), Image.fromarray(labels).convert("P")):
        assert np.array_equal(extractor(image, form), expected)


def test_what_reaches_the_model(extractor, photo, labels, monkeypatch):
    seen = []
    monkeypatch.setattr(extractor, "_model", lambda batch: seen.append(batch["images"]) or torch.ones(1, 2))
    extractor(photo, labels)
    # The photo has the size of the model's input, so that nothing is resized.
    assert np.array_equal(seen[0][0, :3].permute(1, 2, 0), np.array(read_rgb(photo)))
    assert np.array_equal(seen[0][0, 3], labels == 5)


GREY = np.random.default_rng(0).integers(0, 256, (64, 32), dtype=np.uint8)


def saved(folder, image, name, **options):
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("size", [(32, 64), (1, 1), (301, 97), (2000, 1500)])
def test_any_size(extractor, size):
    labels = np.full(size[::-1], 5, np.uint8)
    assert np.isfinite(extractor(Image.new("RGB", size, (9, 99, 199)), labels)).all()


def test_any_mode(extractor, tmp_path):
    labels = np.where(GREY > 127, 5, 0)
    rgb = Image.fromarray(np.dstack([GREY] * 3))
    expected = extractor(rgb, labels)
    sixteen = GREY.astype(np.uint16) * 257
    wide = Image.fromarray(sixteen.astype(np.int32))
    assert wide.mode == "I"
    for form in (
        Image.fromarray(GREY),
        Image.fromarray(GREY).convert("P"),
        Image.fromarray(GREY).convert("LA"),
        rgb.convert("RGBA"),
        Image.fromarray(sixteen),
        wide,
        GREY,
        GREY[..., None],
        sixteen,
        np.dstack([sixteen] * 3),
        saved(tmp_path, Image.fromarray(GREY), "grey.png"),
        saved(tmp_path, Image.fromarray(GREY).convert("P"), "palette.png"),
        saved(tmp_path, rgb.convert("RGBA"), "alpha.png"),
        saved(tmp_path, Image.fromarray(sixteen), "sixteen.png"),
        saved(tmp_path, Image.fromarray(sixteen), "sixteen.tif"),
    ):
        assert np.array_equal(extractor(form, labels), expected)


def test_cmyk(extractor, tmp_path):
    labels = np.full((64, 32), 5)
    image = Image.new("RGB", (32, 64), (200, 100, 50)).convert("CMYK")
    path = saved(tmp_path, image, "cmyk.tif")
    assert Image.open(path).mode == "CMYK"
    expected = extractor(Image.new("RGB", (32, 64), (200, 100, 50)), labels)
    assert extractor(image, labels) == pytest.approx(expected, abs=1e-5)
    assert extractor(path, labels) == pytest.approx(expected, abs=1e-5)


def test_exif_rotation(extractor, photo, labels, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise for display
    lying = Image.fromarray(np.rot90(np.array(read_rgb(photo))))
    path = saved(tmp_path, lying, "lying.png", exif=exif)
    expected = extractor(photo, labels)
    assert np.array_equal(extractor(path, labels), expected)
    with Image.open(path) as image:
        assert np.array_equal(extractor(image, labels), expected)
    with pytest.raises(ParsingMapError, match="64 x 32 pixels .*is 32 x 64"):
        extractor(path, np.rot90(labels))


def test_a_parser_makes_the_map_of_the_upright_image(finished_config, weights, photo, labels):
    parser = Everything()
    extractor = FeatureExtractor(finished_config, weights, parser)
    found = extractor(photo)
    assert parser.sizes == [(32, 64)]
    assert np.array_equal(found, extractor(photo, parser(read_rgb(photo))))
    calls = len(parser.sizes)
    extractor(photo, labels)
    assert len(parser.sizes) == calls


def test_a_parser_of_another_label_system(finished_config, weights, photo):
    # Upper clothes are 5 in LIP and 4 in ATR: each parser's labels are read in its own system.
    extractors = [FeatureExtractor(finished_config, weights, Everything(system)) for system in ("lip", "atr")]
    assert np.array_equal(extractors[0](photo), extractors[1](photo))
    finished_config.defrost()
    finished_config.IFD.PARSING.CLOTHING = ["Jumpsuits"]
    with pytest.raises(ValueError, match="Unknown label of label system 'atr': 'Jumpsuits'"):
        FeatureExtractor(finished_config, weights, Everything("atr"))


def test_neither_map_nor_parser(extractor, photo):
    with pytest.raises(ValueError, match="neither a map nor a parser was given"):
        extractor(photo)


def test_a_model_that_takes_no_map(finished_config, weights, photo, labels, tmp_path):
    # The main stream alone: the same checkpoint without the attention stream.
    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    parts = ("attention_", "knowledge_transfer")
    checkpoint["model"] = {key: value for key, value in checkpoint["model"].items() if not key.startswith(parts)}
    torch.save(checkpoint, tmp_path / "main.pth")
    finished_config.defrost()
    finished_config.IFD.IKT.ENABLED = False
    extractor = FeatureExtractor(finished_config, tmp_path / "main.pth")
    assert np.array_equal(extractor(photo), extractor(photo, labels))


def test_weights_that_are_not_there(finished_config):
    with pytest.raises(CheckpointError, match=r"absent\.pth does not exist"):
        FeatureExtractor(finished_config, "absent.pth")


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((4, 4), np.float32), TypeError, "dtype float32, whose white is not known; expected uint8"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, r"shape \(4, 4, 2\); expected \(H, W\)"),
        (np.zeros((0, 4), np.uint8), ValueError, r"shape \(0, 4\)"),
        (np.zeros((2, 3, 4, 3), np.uint8), ValueError, r"shape \(2, 3, 4, 3\)"),
        (torch.zeros(3, 4, 4), TypeError, "a path, a PIL image or a NumPy array, found Tensor"),
        (Image.new("F", (4, 4)), ValueError, "which value is white is not known"),
        ("absent.jpg", ImageFileError, r"absent\.jpg does not exist"),
    ],
)
def test_images_of_another_kind(extractor, image, error, message):
    with pytest.raises(error, match=message):
        extractor(image, np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize(
    ("parsing", "error", "message"),
    [
        (np.zeros((64, 31), np.uint8), ParsingMapError, "map given is 31 x 64 pixels .*is 32 x 64"),
        (np.full((64, 32), 20), ParsingMapError, r"holds the labels \[20\], label system 'lip' has 0 to 19"),
        (np.full((64, 32), -1), ParsingMapError, r"holds the labels \[-1\]"),
        (np.zeros((64, 32), np.float32), ParsingMapError, "dtype float32; expected .* integers"),
        (np.zeros((64, 32, 3), np.uint8), ParsingMapError, r"shape \(64, 32, 3\)"),
        (Image.new("RGB", (32, 64)), ParsingMapError, "mode RGB; expected one byte per pixel"),
        ([[0]], TypeError, "a parsing map as path, array or PIL image, found list"),
        ("absent.png", ParsingMapError, r"absent\.png does not exist"),
    ],
)
def test_maps_that_do_not_fit(extractor, photo, parsing, error, message):
    with pytest.raises(error, match=message):
        extractor(photo, parsing)
