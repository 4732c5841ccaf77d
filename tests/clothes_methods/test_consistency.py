"""Consistency against a loop, its gradients and bad input."""

import pytest
import torch
import torch.nn.functional as F

from clothes_methods import Consistency, consistency_loss

PIDS = torch.tensor([3, 8, 3, 3, 8])


def made_up(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, 6, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (0.5, 2.0)])
def test_the_loss_is_that_of_the_equation(weights):
    features, teacher = made_up(0), made_up(1)
    f, t = F.normalize(features).tolist(), F.normalize(teacher).tolist()
    images = sum((a - b) ** 2 for i in range(5) for a, b in zip(f[i], t[i], strict=True)) / 5
    people = 0.0
    for pid in (3, 8):
        members = [i for i in range(5) if PIDS[i] == pid]
        for d in range(6):
            people += (sum(f[i][d] for i in members) / len(members) - sum(t[i][d] for i in members) / len(members)) ** 2
    found = consistency_loss(features, teacher, PIDS, weight=weights[0], centroid_weight=weights[1])
    assert found.item() == pytest.approx(weights[0] * images + weights[1] * people / 2, rel=1e-12)
    assert Consistency(*weights)(features, teacher, PIDS) == found


def test_only_the_stream_that_learns_is_taught():
    features, teacher = made_up(0).requires_grad_(), made_up(1).requires_grad_()
    consistency_loss(features, teacher, PIDS).backward()
    assert features.grad.any()
    assert teacher.grad is None


def test_equal_directions_cost_nothing_and_an_empty_batch_neither():
    features = made_up()
    assert consistency_loss(features, 7 * features, PIDS).item() == pytest.approx(0, abs=1e-12)
    empty = torch.zeros(0, 6, requires_grad=True)
    consistency_loss(empty, empty, PIDS[:0]).backward()
    assert consistency_loss(features.half(), features.half(), PIDS).dtype == torch.float32


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"expected \(N, D\), \(N, D\) and \(N,\)"):
        consistency_loss(made_up(), made_up()[:, :3], PIDS)
    with pytest.raises(ValueError, match="expected at least 0"):
        Consistency(centroid_weight=-1.0)
