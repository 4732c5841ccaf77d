"""Descriptors of a loader, as the host's inference would hand them to an evaluator."""

import pytest
import torch
from fastreid.evaluation import DatasetEvaluator, inference_on_dataset

from clothes_evaluation.extraction import extract_descriptors


class Sided(torch.nn.Module):
    """Tells left from right."""

    def forward(self, batch):
        images = batch["images"]
        return torch.stack([images[:, 0, :, 0].sum(1), images[:, 1].sum((1, 2))], 1)


class Kept(DatasetEvaluator):
    def reset(self):
        self.outputs = []

    def process(self, inputs, outputs):
        self.outputs.append(outputs)


@pytest.fixture
def loader():
    random = torch.Generator().manual_seed(0)

    class Loader(list):
        dataset = range(5)

    return Loader(
        {
            "images": torch.randn(count, 4, 3, 2, generator=random),
            "targets": torch.arange(count) + first,
            "camids": torch.arange(count) + 10,
            "clothes": torch.arange(count) + 20,
            "img_paths": [f"{first + i}.jpg" for i in range(count)],
        }
        for first, count in ((0, 3), (3, 2))
    )


@pytest.mark.parametrize("flip", [False, True])
def test_features_are_those_of_the_hosts_inference(loader, flip):
    before = [batch["images"].clone() for batch in loader]
    found = extract_descriptors(Sided(), loader, flip=flip)
    assert all(torch.equal(batch["images"], images) for batch, images in zip(loader, before, strict=True))
    evaluator = Kept()
    inference_on_dataset(Sided(), loader, evaluator, flip_test=flip)
    assert torch.equal(found.features, torch.cat(evaluator.outputs))
    assert found.features.dtype == torch.float32


def test_labels_and_paths_are_in_order(loader):
    found = extract_descriptors(Sided(), loader)
    assert found.pids.tolist() == [0, 1, 2, 3, 4]
    assert found.camids.tolist() == [10, 11, 12, 10, 11]
    assert found.clothes.tolist() == [20, 21, 22, 20, 21]
    assert found.paths == [f"{i}.jpg" for i in range(5)]
