"""The clothing contrastive loss against a loop that follows eq. 4-5 letter by letter."""

import math

import pytest
import torch

from ifd.losses import ClothingContrastiveLoss, clothing_contrastive_loss


def loop_loss(features, pids, clothes, temperature, weight):
    f = [row / row.norm() for row in features.double()]
    n = len(f)
    sums, counted = 0.0, 0
    for i in range(n):
        positives = [p for p in range(n) if p != i and pids[p] == pids[i]]
        negatives = [j for j in range(n) if pids[j] != pids[i]]
        if not positives:
            continue
        counted += 1
        inner = 0.0
        for p in positives:
            w_p = weight if clothes[p] != clothes[i] else 1.0
            numerator = math.exp(f[i].dot(f[p]) / temperature)
            denominator = numerator + sum(math.exp(f[i].dot(f[j]) / temperature) for j in negatives)
            inner += w_p * math.log(numerator / denominator)
        sums += inner / len(positives)
    return -sums / counted if counted else 0.0


def batch(seed, n=12, people=4, outfits=3, dim=7):
    generator = torch.Generator().manual_seed(seed)
    features = torch.randn(n, dim, generator=generator)
    pids = torch.randint(people, (n,), generator=generator)
    return features, pids, pids * 10 + torch.randint(outfits, (n,), generator=generator)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("temperature", "weight"), [(0.1, 2.0), (1.0, 0.5), (0.05, 1.0)])
def test_equals_the_formula(seed, temperature, weight):
    features, pids, clothes = batch(seed)
    loss = clothing_contrastive_loss(features, pids, clothes, temperature=temperature, cross_clothes_weight=weight)
    assert loss.item() == pytest.approx(loop_loss(features, pids, clothes, temperature, weight), rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_normalised_weights_have_mean_one_over_the_positive_pairs(seed):
    features, pids, clothes = batch(seed)
    total, pairs = 0.0, 0
    for i in range(len(pids)):
        for p in range(len(pids)):
            if p != i and pids[p] == pids[i]:
                total += 2.5 if clothes[p] != clothes[i] else 1.0
                pairs += 1
    kwargs = {"temperature": 0.5, "cross_clothes_weight": 2.5}
    plain = clothing_contrastive_loss(features, pids, clothes, **kwargs)
    normalised = clothing_contrastive_loss(features, pids, clothes, normalize_weights=True, **kwargs)
    assert normalised.item() == pytest.approx(plain.item() / (total / pairs), rel=1e-6)
    assert normalised.item() == pytest.approx(loop_loss(features, pids, clothes, 0.5, 2.5) / (total / pairs), rel=1e-5)
    assert ClothingContrastiveLoss(**kwargs).mean_weight(pids, clothes).item() == pytest.approx(total / pairs)
    unit = ClothingContrastiveLoss(normalize_weights=True, **kwargs)
    assert unit.mean_weight(pids, clothes).item() == pytest.approx(1)
    assert torch.equal(unit(features, pids, clothes), normalised)


def test_normalised_weights_of_pairs_of_one_kind_are_one():
    features, pids, clothes = batch(0)
    kwargs = {"temperature": 0.5, "normalize_weights": True}
    unweighted = clothing_contrastive_loss(features, pids, pids, temperature=0.5, cross_clothes_weight=1.0)
    same = clothing_contrastive_loss(features, pids, pids, cross_clothes_weight=4.0, **kwargs)
    other = clothing_contrastive_loss(features, pids, torch.arange(len(pids)), cross_clothes_weight=4.0, **kwargs)
    torch.testing.assert_close(same, unweighted)
    torch.testing.assert_close(other, unweighted)


def test_mean_weight_without_a_positive_pair_is_not_a_number():
    loss = ClothingContrastiveLoss(temperature=0.1, cross_clothes_weight=2.0)
    assert loss.mean_weight(torch.arange(3), torch.arange(3)).isnan()


def test_worked_by_hand():
    # Two people, two images each; person 0 changes clothes. All vectors are orthogonal but the pair of person 1.
    features = torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 1.0]])
    loss = clothing_contrastive_loss(
        features, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 2, 2]), temperature=1.0, cross_clothes_weight=2.0
    )
    same = math.log(math.e / (math.e + 2))
    cross = math.log(1 / 3)
    assert loss.item() == pytest.approx(-(2 * 2 * cross + 2 * same) / 4, rel=1e-6)


def test_other_positives_are_not_in_the_denominator():
    # With three equal images of one person and one orthogonal stranger, each pair stands against the stranger alone.
    features = torch.tensor([[1.0, 0], [1.0, 0], [1.0, 0], [0, 1.0]])
    pids = torch.tensor([0, 0, 0, 1])
    loss = clothing_contrastive_loss(features, pids, pids, temperature=1.0, cross_clothes_weight=1.0)
    assert loss.item() == pytest.approx(-math.log(math.e / (math.e + 1)), rel=1e-6)


def test_anchors_without_positive_count_in_the_batch_average_only():
    features, _, clothes = batch(3, n=5)
    pids = torch.tensor([0, 0, 1, 2, 3])
    kwargs = {"temperature": 0.5, "cross_clothes_weight": 2.0}
    mean = clothing_contrastive_loss(features, pids, clothes, **kwargs)
    over_batch = clothing_contrastive_loss(features, pids, clothes, average_over="batch", **kwargs)
    assert over_batch.item() == pytest.approx(mean.item() * 2 / 5, rel=1e-6)


@pytest.mark.parametrize(
    "pids",
    [[0, 1, 2, 3], [0], [0, 0, 0]],
    ids=["nobody has a positive", "one image", "one person, so nobody has a negative"],
)
def test_degenerate_batches_give_zero_with_a_finite_gradient(pids):
    features = torch.randn(len(pids), 6, requires_grad=True)
    pids = torch.tensor(pids)
    loss = clothing_contrastive_loss(features, pids, pids, temperature=0.1, cross_clothes_weight=2.0)
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(features.grad, torch.zeros_like(features))


def test_a_zero_feature_does_not_poison_the_batch():
    features, pids, clothes = batch(1)
    features[0] = 0
    features.requires_grad_()
    clothing_contrastive_loss(features, pids, clothes, temperature=0.1, cross_clothes_weight=2.0).backward()
    assert torch.isfinite(features.grad).all()


def test_gradient_equals_finite_differences():
    features, pids, clothes = batch(5, n=6, people=2)
    features = features.double().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f: clothing_contrastive_loss(f, pids, clothes, temperature=0.5, cross_clothes_weight=2.0), features
    )


def test_half_precision_under_autocast_equals_float32():
    features, pids, clothes = batch(2)
    kwargs = {"temperature": 0.01, "cross_clothes_weight": 2.0}
    half = features.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = clothing_contrastive_loss(half, pids, clothes, **kwargs)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(loop_loss(half.float(), pids, clothes, 0.01, 2.0), rel=1e-4)


def test_scale_of_the_features_does_not_matter():
    features, pids, clothes = batch(4)
    kwargs = {"temperature": 0.1, "cross_clothes_weight": 2.0}
    one = clothing_contrastive_loss(features, pids, clothes, **kwargs)
    assert clothing_contrastive_loss(1000 * features, pids, clothes, **kwargs).item() == pytest.approx(one.item(), 1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 0.0}, "tau > 0"),
        ({"cross_clothes_weight": -1.0}, "1/T > 0"),
        ({"average_over": "everything"}, "anchors_with_positive, batch"),
        ({"pids": torch.zeros(3, dtype=torch.long)}, "12 features, 3 identity labels and 12 clothes labels"),
        ({"features": torch.zeros(12, 7, 1)}, r"expected \(N, D\)"),
    ],
)
def test_errors_say_what_was_found(change, message):
    features, pids, clothes = batch(0)
    arguments = {
        "features": features,
        "pids": pids,
        "clothes": clothes,
        "temperature": 0.1,
        "cross_clothes_weight": 2.0,
        **change,
    }
    features, pids, clothes = (arguments.pop(key) for key in ("features", "pids", "clothes"))
    with pytest.raises(ValueError, match=message):
        clothing_contrastive_loss(features, pids, clothes, **arguments)
