"""CAL's loss against a loop, its schedule and gradients, and what the naive form does in its place."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from clothes_methods import ClothesAdversary, NormalizedClassifier, clothes_adversarial_loss
from clothes_methods.adversarial import in_range


def by_loops(logits, clothes, positive, epsilon):
    total = 0.0
    for i in range(len(logits)):
        own = [c for c in range(logits.shape[1]) if positive[i, c]]
        others = sum(math.exp(logits[i, c]) for c in range(logits.shape[1]) if c not in own)
        for c in own:
            q = (1 - epsilon if c == clothes[i] else 0) + epsilon / len(own)
            total -= q * math.log(math.exp(logits[i, c]) / (math.exp(logits[i, c]) + others))
    return total / len(logits)


def made_up(n=5, outfits=7):
    generator = torch.Generator().manual_seed(0)
    owner = torch.tensor([0, 0, 0, 1, 1, 2, 2])[:outfits]
    clothes = torch.tensor([0, 2, 3, 6, 4])[:n]
    logits = 4 * torch.randn(n, outfits, generator=generator, dtype=torch.float64)
    return logits, clothes, owner[clothes][:, None] == owner


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_the_loss_is_that_of_the_equation(epsilon):
    logits, clothes, positive = made_up()
    found = clothes_adversarial_loss(logits, clothes, positive, epsilon=epsilon)
    assert found.item() == pytest.approx(by_loops(logits, clothes, positive, epsilon), rel=1e-12)


def test_far_logits_stay_finite_in_half_precision():
    logits, clothes, positive = made_up()
    loss = clothes_adversarial_loss((200 * logits).half().requires_grad_(), clothes, positive)
    assert torch.isfinite(loss)
    assert loss.dtype == torch.float32


def test_a_person_alone_has_nothing_to_learn_and_an_empty_batch_neither():
    logits = torch.randn(3, 4, requires_grad=True)
    loss = clothes_adversarial_loss(logits, torch.tensor([0, 1, 2]), torch.ones(3, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert not logits.grad.any()
    empty = torch.zeros(0, 4, requires_grad=True)
    loss = clothes_adversarial_loss(empty, torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0


def test_bad_input_is_refused():
    logits, clothes, positive = made_up()
    with pytest.raises(ValueError, match="epsilon is 1.5; expected 0 to 1"):
        clothes_adversarial_loss(logits, clothes, positive, epsilon=1.5)
    with pytest.raises(ValueError, match="expected .N, C., .N,. and .N, C."):
        clothes_adversarial_loss(logits, clothes[:2], positive)
    with pytest.raises(ValueError, match="not among the classes of its person"):
        clothes_adversarial_loss(logits, clothes, ~positive)
    with pytest.raises(ValueError, match="num_classes is 0"):
        NormalizedClassifier(4, 0)
    with pytest.raises(ValueError, match="scale is 0"):
        ClothesAdversary(4, 2, scale=0)
    with pytest.raises(ValueError, match="weight is -1"):
        ClothesAdversary(4, 2, weight=-1)


@pytest.fixture
def adversary():
    torch.manual_seed(0)
    return ClothesAdversary(6, 4, start_epoch=3)


RANGES = torch.tensor([[0, 2], [0, 2], [2, 4]])


def test_the_classifier_learns_alone_until_the_term_is_on(adversary):
    features = torch.randn(3, 6, requires_grad=True)
    losses = adversary(features, torch.tensor([0, 1, 3]), RANGES, epoch=2)
    assert set(losses) == {"loss_clothes_classifier"}
    sum(losses.values()).backward()
    assert features.grad is None
    assert adversary.classifier.weight.grad.any()
    for epoch in (3, None):
        assert "loss_clothes_adversary" in adversary(features, torch.tensor([0, 1, 3]), RANGES, epoch=epoch)


def test_each_loss_teaches_one_side_only(adversary):
    features = torch.randn(3, 6, requires_grad=True)
    losses = adversary(features, torch.tensor([0, 1, 3]), RANGES, epoch=3)
    weight = adversary.classifier.weight
    assert torch.autograd.grad(losses["loss_clothes_classifier"], weight, retain_graph=True)[0].any()
    assert torch.autograd.grad(losses["loss_clothes_adversary"], features, retain_graph=True)[0].any()
    for loss, other in (("loss_clothes_classifier", features), ("loss_clothes_adversary", weight)):
        assert torch.autograd.grad(losses[loss], other, retain_graph=True, allow_unused=True)[0] is None


def test_the_terms_are_cosines_over_the_temperature(adversary):
    features, clothes = torch.randn(3, 6), torch.tensor([0, 1, 3])
    logits = 16 * F.normalize(features) @ F.normalize(adversary.classifier.weight).t()
    positive = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]]).bool()
    losses = adversary(features, clothes, RANGES, epoch=9)
    assert losses["loss_clothes_classifier"].item() == pytest.approx(F.cross_entropy(logits, clothes).item(), rel=1e-5)
    expected = by_loops(logits.detach().double(), clothes, positive, 0.1)
    assert losses["loss_clothes_adversary"].item() == pytest.approx(expected, rel=1e-5)


def identities_told(adversarial, *, people=24, outfits=3, epochs=150):
    """Adversarial training of a linear encoder of [identity, clothes]: how well it tells people apart then.

    Returns:
        Accuracy of its identity classifier, and rank-1 among images in other outfits.
    """
    torch.manual_seed(0)
    who = torch.arange(people * outfits * 4) % people
    worn = who * outfits + torch.arange(len(who)) // people % outfits
    codes = torch.randn(people, 16)[who], torch.randn(people * outfits, 16)[worn]
    images = torch.cat(codes, 1) + 0.5 * torch.randn(len(who), 32)
    encoder = nn.Sequential(nn.Linear(32, 8), nn.BatchNorm1d(8, affine=False))
    classifier, clothes = NormalizedClassifier(8, people), NormalizedClassifier(8, people * outfits)
    sides = [
        torch.optim.Adam([*encoder.parameters(), *classifier.parameters()], 0.01),
        torch.optim.Adam(clothes.parameters(), 0.01),
    ]
    own = in_range(torch.stack([who * outfits, who * outfits + outfits], 1), people * outfits)
    for epoch in range(epochs):
        features = encoder(images)
        loss = F.cross_entropy(16 * classifier(features), who)
        loss = loss + F.cross_entropy(16 * clothes(features.detach()), worn)
        if epoch >= epochs // 3:
            logits = 16 * F.linear(F.normalize(features), F.normalize(clothes.weight.detach()))
            loss = loss + adversarial(logits, worn, own)
        for side in sides:
            side.zero_grad()
        loss.backward()
        for side in sides:
            side.step()
    with torch.no_grad():
        features = F.normalize(encoder(images))
        similarity = (features @ features.t()).masked_fill(worn[:, None] == worn, -2)
        told = classifier(features).argmax(1) == who, who[similarity.argmax(1)] == who
    return [right.float().mean().item() for right in told]


def test_the_naive_form_collapses_where_this_one_keeps_the_identity():
    """An outfit is one person's: features that tell no outfit from any other tell no person from any other either."""
    accuracy, rank1 = identities_told(clothes_adversarial_loss)
    assert accuracy > 0.95
    assert rank1 > 0.8
    accuracy, rank1 = identities_told(lambda logits, worn, own: -F.cross_entropy(logits, worn))
    assert accuracy < 0.6
    assert rank1 < 0.7
