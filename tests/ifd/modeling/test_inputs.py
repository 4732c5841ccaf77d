"""Four channels, split and masked."""

import pytest
import torch

from ifd.modeling.inputs import mask_clothing, split_inputs


def test_mask_fill():
    images, masks = torch.full((1, 3, 1, 2), 10.0), torch.tensor([[[[0.0, 1.0]]]])
    fill = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    assert mask_clothing(images, masks, fill)[0, :, 0].tolist() == [[10, 1], [10, 2], [10, 3]]


@pytest.mark.parametrize("dilate", [0, 1, 2])
def test_every_pixel_that_clothing_touches_goes_and_those_around_it(dilate):
    torch.manual_seed(0)
    images, fill = 1 + torch.rand(2, 3, 9, 7), torch.zeros(1, 3, 1, 1)
    masks = torch.rand(2, 1, 9, 7) * (torch.rand(2, 1, 9, 7) < 0.05)
    before = images.clone()
    masked = mask_clothing(images, masks, fill, dilate)
    assert torch.equal(images, before)
    for n in range(2):
        for y in range(9):
            for x in range(7):
                near = masks[n, 0, max(0, y - dilate) : y + dilate + 1, max(0, x - dilate) : x + dilate + 1]
                expected = fill[0, :, 0, 0] if (near > 0).any() else images[n, :, y, x]
                assert torch.equal(masked[n, :, y, x], expected)


def test_inputs_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="found list"):
        split_inputs([1], torch.device("cpu"), needs_mask=True)
    with pytest.raises(ValueError, match=r"\(1, 5, 4, 4\); expected \(N, 4, H, W\)"):
        split_inputs(torch.zeros(1, 5, 4, 4), torch.device("cpu"), needs_mask=True)
