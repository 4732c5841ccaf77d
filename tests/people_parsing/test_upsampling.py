import pytest
import torch
import torch.nn.functional as F

from people_parsing.upsampling import by_size, upsampled_labels


@pytest.mark.parametrize("size", [(5, 9), (31, 17), (1, 1)])
def test_upsampling_a_class_at_a_time_is_the_argmax_of_all(size):
    logits = torch.randn(3, 7, 4, 6)
    logits[:, 5] = logits[:, 2]
    whole = F.interpolate(logits, size=size[::-1], mode="bilinear", align_corners=False).argmax(1)
    found = upsampled_labels(logits, size)
    assert found.dtype == torch.uint8
    assert torch.equal(found.long(), whole)
    assert not (found == 5).any()


def test_images_of_one_size_go_together():
    assert by_size([(2, 3), (4, 5), (2, 3)]) == {(2, 3): [0, 2], (4, 5): [1]}
    assert by_size([]) == {}
