"""Descriptors are those of the evaluation, whatever form photos come in, one by one and by the thousand."""

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from fastreid.evaluation import inference_on_dataset
from PIL import Image

from datasets_ext import ImageAndMap, ImageFileError, ParsingMapError, label_system, read_label_png, read_rgb
from exported_model import Outputs
from ifd.data import build_test_loader
from ifd.engine import load_trained_model
from ifd.evaluation import ClothesEvaluator
from ifd.feature_extractor import FeatureExtractor
from people_parsing import Parser


class Everything(Parser):
    """Says that the lower three quarters are upper clothes."""

    def __init__(self, system="lip"):
        self.system = label_system(system)
        self.batches = []

    def prepare(self, image):
        return torch.zeros(3, image.height, image.width)

    def parse(self, inputs, sizes):
        self.batches.append(sizes)
        maps = []
        for width, height in sizes:
            labels = np.zeros((height, width), dtype=np.uint8)
            labels[height // 4 :] = self.system.ids(["Upper-clothes"])[0]
            maps.append(labels)
        return maps


@pytest.fixture
def extractor(finished_config, weights):
    return FeatureExtractor(finished_config, weights)


def map_of(path):
    return str(path).replace("/rgb/", "/parsing/").replace(".jpg", ".png")


class Recorded(ClothesEvaluator):
    """The evaluator, whose features and paths can be looked at."""

    def process(self, inputs, outputs):
        super().process(inputs, outputs)
        self.features = [*getattr(self, "features", []), outputs]
        self.paths = [*getattr(self, "paths", []), *inputs["img_paths"]]


@pytest.mark.parametrize(
    ("flip", "metric", "descriptor"),
    [
        (False, "cosine", "main"),
        (True, "cosine", "main"),
        (False, "euclidean", "main"),
        (True, "euclidean", "joined"),
        (False, "cosine", "attention"),
        (True, "cosine", "attention"),
        (False, "cosine", "joined"),
        (True, "cosine", "joined"),
    ],
)
def test_descriptors_are_those_of_the_evaluation(finished_config, weights, flip, metric, descriptor):
    finished_config.defrost()
    finished_config.TEST.FLIP.ENABLED = flip
    finished_config.TEST.METRIC = metric
    finished_config.IFD.DESCRIPTOR = descriptor
    loader, num_query = build_test_loader(finished_config, "PRCC")
    evaluator = Recorded(finished_config, num_query)
    model = load_trained_model(finished_config, weights)
    inference_on_dataset(model, loader, evaluator, flip_test=flip)
    expected = torch.cat(evaluator.features)
    if metric == "cosine":
        expected = F.normalize(expected)
    pairs = [ImageAndMap(path, map_of(path)) for path in evaluator.paths]
    assert len(pairs) == 36

    found = FeatureExtractor(finished_config, weights)(pairs)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert found == pytest.approx(expected.numpy(), abs=1e-5)
    assert found.std(axis=0).max() > 1e-3, "photos whose descriptors are all one prove nothing"
    if metric == "cosine":
        assert np.linalg.norm(found, axis=1) == pytest.approx(1)


def test_path_image_and_array_are_one(extractor, photo, labels):
    image = read_rgb(photo)
    expected = extractor(str(photo), labels)
    for form in (photo, image, np.array(image), np.dstack([np.array(image), np.full((64, 32), 9, np.uint8)])):
        assert np.array_equal(extractor(form, labels), expected)
    for form in (labels.astype(np.int64), Image.fromarray(labels), Image.fromarray(labels).convert("P")):
        assert np.array_equal(extractor(image, form), expected)


def test_what_reaches_the_model(extractor, photo, labels, monkeypatch):
    seen = []
    described = Outputs(np.ones((1, 2), np.float32), None)
    monkeypatch.setattr(extractor._model, "describe", lambda inputs: seen.append(inputs) or described)
    extractor(photo, labels)
    # The photo has the size of the model's input, so that nothing is resized.
    assert np.array_equal(seen[0][0, :3].transpose(1, 2, 0), np.array(read_rgb(photo)))
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
    assert parser.batches == [[(32, 64)]]
    assert np.array_equal(found, extractor(photo, parser(read_rgb(photo))))
    calls = len(parser.batches)
    extractor(photo, labels)
    assert len(parser.batches) == calls


def test_a_parser_of_another_label_system(finished_config, weights, photo):
    # Upper clothes are 5 in LIP and 4 in ATR: each parser's labels are read in its own system.
    extractors = [FeatureExtractor(finished_config, weights, Everything(system)) for system in ("lip", "atr")]
    assert np.array_equal(extractors[0](photo), extractors[1](photo))
    finished_config.defrost()
    finished_config.IFD.PARSING.CLOTHING = ["Jumpsuits"]
    with pytest.raises(ValueError, match="Unknown label of label system 'atr': 'Jumpsuits'"):
        FeatureExtractor(finished_config, weights, Everything("atr"))


def test_neither_map_nor_parser(extractor, photo, labels):
    with pytest.raises(ValueError, match=r"for image .*cropped_rgb000\.jpg neither a map nor a parser was given"):
        extractor(photo)
    with pytest.raises(ValueError, match="for image at position 2 neither a map nor a parser was given"):
        extractor([ImageAndMap(photo, labels), ImageAndMap(photo, labels), read_rgb(photo)])


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (np.zeros((4, 4), np.float32), TypeError, "dtype float32, whose white is not known; expected uint8"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, r"shape \(4, 4, 2\); expected \(H, W\)"),
        (np.zeros((0, 4), np.uint8), ValueError, r"shape \(0, 4\)"),
        (np.zeros((2, 3, 4, 3), np.uint8), ValueError, r"shape \(2, 3, 4, 3\)"),
        (Image.new("F", (4, 4)), ImageFileError, "given cannot be converted .*which value is white is not known"),
        ("absent.jpg", ImageFileError, r"absent\.jpg does not exist"),
    ],
)
def test_images_of_another_kind(extractor, image, error, message):
    with pytest.raises(error, match=message):
        extractor(image, np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize(
    ("parsing", "error", "message"),
    [
        (np.zeros((64, 31), np.uint8), ParsingMapError, r"map of image .*\.jpg is 31 x 64 pixels .*\.jpg is 32 x 64"),
        (np.full((64, 32), 20), ParsingMapError, r"holds the labels \[20\], label system 'lip' has 0 to 19"),
        (np.full((64, 32), -1), ParsingMapError, r"holds the labels \[-1\]"),
        (np.zeros((64, 32), np.float32), ParsingMapError, "dtype float32; expected .* integers"),
        (np.zeros((64, 32, 3), np.uint8), ParsingMapError, r"shape \(64, 32, 3\)"),
        (Image.new("RGB", (32, 64)), ParsingMapError, "mode RGB; expected one byte per pixel"),
        ([[0]], TypeError, r"parsing map of image .*\.jpg as a path, array or PIL image, found list"),
        ("absent.png", ParsingMapError, r"absent\.png does not exist"),
    ],
)
def test_maps_that_do_not_fit(extractor, photo, parsing, error, message):
    with pytest.raises(error, match=message):
        extractor(photo, parsing)


@pytest.mark.parametrize("batch_size", [1, 3, 10, 64])
def test_batches_make_no_difference(finished_config, weights, photos, batch_size):
    extractor = FeatureExtractor(finished_config, weights, batch_size=batch_size, workers=2)
    found = extractor(photos)
    assert found.shape[0] == 10
    for row, pair in zip(found, photos, strict=True):
        assert row == pytest.approx(extractor(pair), abs=1e-4)
    assert extractor(iter(photos)) == pytest.approx(found, abs=1e-4)
    assert np.stack(list(extractor.stream(iter(photos)))) == pytest.approx(found, abs=1e-4)


def test_many_forms_in_one_call(finished_config, weights, photos):
    finished_config.defrost()
    finished_config.IFD.DESCRIPTOR = "attention"  # what a map changes most
    extractor = FeatureExtractor(finished_config, weights, Everything(), batch_size=4)
    first = photos[0]
    image = read_rgb(first.image)
    made = Everything()(image)
    found = extractor(
        [
            first,
            first.image,
            ImageAndMap(image, None),
            np.array(image),
            ImageAndMap(np.array(image), Image.fromarray(made)),
            ImageAndMap(first.image, read_label_png(first.map)),
        ]
    )
    with_map, parsed = extractor(first), extractor(first.image)
    assert np.abs(with_map - parsed).max() > 1e-3
    expected = [with_map, parsed, parsed, parsed, parsed, with_map]
    assert found == pytest.approx(np.stack(expected), abs=1e-4)


def test_photos_of_several_sizes_go_through_a_model_without_a_size(finished_config, weights):
    finished_config.defrost()
    finished_config.INPUT.SIZE_TEST = [0, 0]
    extractor = FeatureExtractor(finished_config, weights, Everything())
    images = [Image.new("RGB", size, (9, 99, 199)) for size in ((32, 64), (48, 96), (32, 64))]
    found = extractor(images)
    assert found[0] == pytest.approx(found[2], abs=1e-4)
    assert found[1] == pytest.approx(extractor(images[1]), abs=1e-4)


def test_the_parser_works_in_batches(finished_config, weights, photos):
    parser = Everything()
    FeatureExtractor(finished_config, weights, parser, batch_size=4)([pair.image for pair in photos])
    assert [len(batch) for batch in parser.batches] == [4, 4, 2]


def test_no_photo_at_all(extractor):
    assert extractor([]).shape == (0, 0)
    assert list(extractor.stream([])) == []


def test_a_long_stream_holds_few_photos(finished_config, weights, photos):
    extractor = FeatureExtractor(finished_config, weights, batch_size=3, workers=2)
    taken = 0

    def endless():
        nonlocal taken
        for pair in itertools.cycle(photos):
            taken += 1
            yield pair

    stream = extractor.stream(endless())
    for count in range(1, 30):
        next(stream)
        assert taken - count < 3 * 3
    stream.close()


def test_what_comes_before_a_broken_photo_is_given(finished_config, weights, photos, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    extractor = FeatureExtractor(finished_config, weights, batch_size=4)
    stream = extractor.stream([*photos[:6], ImageAndMap(broken, photos[0].map), *photos[6:]])
    rows = [next(stream) for _ in range(6)]
    assert np.stack(rows) == pytest.approx(extractor(photos[:6]), abs=1e-5)
    with pytest.raises(ImageFileError, match=r"broken\.jpg cannot be read"):
        next(stream)


@pytest.mark.parametrize(
    ("item", "error", "message"),
    [
        (np.zeros((4, 4), np.float32), TypeError, "image at position 1: an array of dtype float32"),
        (np.zeros((2, 3, 4, 3), np.uint8), ValueError, r"image at position 1: an array of shape \(2, 3, 4, 3\)"),
        (torch.zeros(3, 4, 4), TypeError, "image at position 1: expected a path, .*found Tensor"),
        (None, TypeError, "image at position 1: expected a path, .*found NoneType"),
        (Image.new("F", (4, 4)), ImageFileError, "Image at position 1 cannot be converted"),
        ("absent.jpg", ImageFileError, r"Image absent\.jpg does not exist"),
        (ImageAndMap(GREY, np.zeros((3, 3), np.uint8)), ParsingMapError, "map of image at position 1 is 3 x 3 pixels"),
        (ImageAndMap(GREY, np.zeros((3, 3))), ParsingMapError, "map of image at position 1 is of .*dtype float64"),
        (ImageAndMap(GREY, "absent.png"), ParsingMapError, r"map absent\.png does not exist"),
    ],
)
def test_errors_name_the_item(extractor, photos, item, error, message):
    with pytest.raises(error, match=message):
        extractor([photos[0], item, photos[1]])


def test_what_is_no_photo_and_no_iterable(extractor, photo, labels):
    with pytest.raises(TypeError, match="expected an iterable of photos, found int"):
        extractor(3)
    with pytest.raises(TypeError, match="expected an iterable of photos, found str"):
        extractor.stream("photo.jpg")
    with pytest.raises(TypeError, match="parsing is the map of a single photo"):
        extractor([photo], labels)


@pytest.mark.parametrize("number", [{"batch_size": 0}, {"workers": -1}])
def test_numbers_below_one(finished_config, weights, number):
    with pytest.raises(ValueError, match="expected at least 1 each"):
        FeatureExtractor(finished_config, weights, **number)


def test_a_map_alone_has_no_tree_to_ask_for_its_system(finished_config, weights, photo, labels):
    finished_config.defrost()
    finished_config.IFD.PARSING.SYSTEM = "auto"
    extractor = FeatureExtractor(finished_config, weights, Everything())
    extractor(photo)
    with pytest.raises(ValueError, match="comes alone, and IFD.PARSING.SYSTEM is auto"):
        extractor(photo, labels)
