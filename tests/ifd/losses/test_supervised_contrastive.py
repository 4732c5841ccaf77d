"""The supervised contrastive loss against a loop that follows Khosla et al."""

import math

import pytest
import torch

from fastreid_runs.arguments import ArgumentError
from ifd.losses import SupervisedContrastiveLoss, supervised_contrastive_loss


def loop_supcon(features, pids, temperature):
    f = [row / row.norm() for row in features.double()]
    terms = []
    for i in range(len(f)):
        positives = [p for p in range(len(f)) if p != i and pids[p] == pids[i]]
        if positives:
            everyone = sum(math.exp(f[i].dot(f[a]) / temperature) for a in range(len(f)) if a != i)
            terms.append(
                -sum(math.log(math.exp(f[i].dot(f[p]) / temperature) / everyone) for p in positives) / len(positives)
            )
    return sum(terms) / len(terms)


@pytest.mark.parametrize("seed", range(5))
def test_equals_khosla_et_al(seed):
    generator = torch.Generator().manual_seed(seed)
    features, pids = torch.randn(12, 7, generator=generator), torch.randint(4, (12,), generator=generator)
    loss = supervised_contrastive_loss(features, pids, temperature=0.1)
    assert loss.item() == pytest.approx(loop_supcon(features, pids, 0.1), rel=1e-5)
    # Clothes make no difference.
    module = SupervisedContrastiveLoss(temperature=0.1)
    assert all(torch.equal(module(features, pids, clothes), loss) for clothes in (pids, torch.arange(12)))


def test_without_positives_is_zero_with_a_gradient():
    features = torch.randn(3, 4, requires_grad=True)
    loss = supervised_contrastive_loss(features, torch.tensor([0, 1, 2]), temperature=0.1)
    loss.backward()
    assert loss.item() == 0.0


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ArgumentError, match="temperature is 0; expected tau > 0"):
        SupervisedContrastiveLoss(temperature=0)
    with pytest.raises(ArgumentError, match="tau > 0"):
        supervised_contrastive_loss(torch.randn(2, 2), torch.zeros(2, dtype=torch.long), temperature=0)
