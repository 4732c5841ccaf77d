"""Makes the host importable before any test module imports it; a tiny data set that several packages' tests share."""

# isort: off
import fastreid_compat  # noqa: F401

# isort: on
import numpy as np
import pytest
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
def parsed_prcc_root(tmp_path_factory):
    """Folder for FASTREID_DATASETS: PRCC's layout with LIP maps, 6 training and 4 test people, 3 images a camera."""
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
