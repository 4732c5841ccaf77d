"""Four channels, split and masked."""

import pytest
import torch

from ifd.modeling.inputs import mask_clothing, split_inputs


def test_mask_fill():
    images, masks = torch.full((1, 3, 1, 2), 10.0), torch.tensor([[[[0.0, 1.0]]]])
    fill = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1)
    assert mask_clothing(images, masks, fill)[0, :, 0].tolist() == [[10, 1], [10, 2], [10, 3]]


def test_inputs_of_another_kind_are_refused():
    with pytest.raises(TypeError, match="found list"):
        split_inputs([1], torch.device("cpu"), needs_mask=True)
    with pytest.raises(ValueError, match=r"\(1, 5, 4, 4\); expected \(N, 4, H, W\)"):
        split_inputs(torch.zeros(1, 5, 4, 4), torch.device("cpu"), needs_mask=True)
