"""A tiny data set in PRCC's layout with parsing maps, and a config that trains on it in seconds."""

import numpy as np
import pytest
from ifd.engine import load_config
from PIL import Image

UPPER_CLOTHES, FACE = 5, 13


def write_sample(root, relative, random, hue):
    """An image of 32x64 pixels: head above, clothes of the given colour below; and its LIP map."""
    labels = np.zeros((64, 32), dtype=np.uint8)
    labels[4:16, 10:22] = FACE
    labels[16:56, 6:26] = UPPER_CLOTHES
    pixels = random.integers(90, 110, (64, 32, 3))
    pixels[labels == FACE] += random.integers(0, 80, 3)
    pixels[labels == UPPER_CLOTHES] = hue
    image = root / "prcc" / "rgb" / relative
    parsing = (root / "prcc" / "parsing" / relative).with_suffix(".png")
    for path in (image, parsing):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(image)
    Image.fromarray(labels).save(parsing)


@pytest.fixture(scope="session")
def prcc_root(tmp_path_factory):
    """Folder for FASTREID_DATASETS with 6 training and 4 test people, 3 images a camera."""
    root = tmp_path_factory.mktemp("datasets")
    random = np.random.default_rng(0)
    for pid in range(1, 11):
        outfits = {"A": random.integers(0, 255, 3), "C": random.integers(0, 255, 3)}
        outfits["B"] = outfits["A"]
        for camera in "ABC":
            for n in range(3):
                if pid <= 6:
                    name = f"train/{pid:03d}/{camera}_cropped_rgb{n:03d}.jpg"
                    write_sample(root, name.replace("train", "val", 1), random, outfits[camera])
                else:
                    name = f"test/{camera}/{pid:03d}/cropped_rgb{n:03d}.jpg"
                write_sample(root, name, random, outfits[camera])
    return root


@pytest.fixture
def tiny_options(prcc_root, monkeypatch, tmp_path):
    """Options after --config-file configs/IFD_R50.yml that make it tiny: ResNet-18, 64x32 pixels, 2 epochs a stage."""
    monkeypatch.setenv("FASTREID_DATASETS", str(prcc_root))
    options = {
        "MODEL.DEVICE": "cpu",
        "MODEL.BACKBONE.DEPTH": "18x",
        "MODEL.BACKBONE.FEAT_DIM": 512,
        "MODEL.BACKBONE.PRETRAIN": False,
        "INPUT.SIZE_TRAIN": [64, 32],
        "INPUT.SIZE_TEST": [64, 32],
        "DATALOADER.NUM_WORKERS": 0,
        "DATALOADER.NUM_INSTANCE": 4,
        "SOLVER.IMS_PER_BATCH": 16,
        "SOLVER.MAX_EPOCH": 2,
        "SOLVER.STEPS": [1],
        "SOLVER.WARMUP_ITERS": 2,
        "SOLVER.CHECKPOINT_PERIOD": 1,
        "SOLVER.AMP.ENABLED": False,
        "TEST.EVAL_PERIOD": 2,
        "IFD.SEED": 0,
        "OUTPUT_DIR": str(tmp_path / "run"),
    }
    return [item for pair in options.items() for item in pair]


@pytest.fixture
def config_file(request):
    return str(request.config.rootpath / "configs" / "IFD_R50.yml")


@pytest.fixture
def tiny_config(config_file, tiny_options):
    return load_config(config_file, tiny_options)
