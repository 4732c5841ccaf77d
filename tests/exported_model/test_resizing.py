"""Images and masks at the model's size are those of the evaluation."""

import numpy as np
import pytest
from PIL import Image

from exported_model.resizing import MASK_RESIZES, resized, resized_mask


@pytest.mark.parametrize("how", MASK_RESIZES)
@pytest.mark.parametrize("size", [(64, 32), (96, 48), (17, 5), (1, 1)])
def test_as_evaluation_does(size, how):
    transforms = pytest.importorskip("masked_images.transforms")
    from torchvision.transforms import InterpolationMode, v2

    resize = v2.Resize(list(size), interpolation=InterpolationMode.BICUBIC)
    evaluation = transforms.MaskedTransforms([resize], [], how)
    generator = np.random.default_rng(0)
    for height, width in ((128, 64), (211, 97), (40, 60), (256, 128), size):
        image = Image.fromarray(generator.integers(0, 256, (height, width, 3), np.uint8))
        mask = generator.random((height, width)) < 0.3
        expected = evaluation(image, mask.astype(np.uint8)).numpy()
        assert (resized(image, size) == expected[:3]).all()
        found = resized_mask(mask, size, how)
        assert found == pytest.approx(expected[3], abs=1e-6)
        assert ((found > 0) == (expected[3] > 0)).all()
        assert found.dtype == np.float32


def test_a_mask_of_everything_and_of_nothing():
    for how in MASK_RESIZES:
        assert resized_mask(np.ones((50, 30), bool), (16, 8), how) == pytest.approx(1)
        assert (resized_mask(np.zeros((50, 30), bool), (16, 8), how) == 0).all()
