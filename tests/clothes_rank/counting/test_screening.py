"""Products that are less exact than usual, and how exact the usual ones are."""

import numpy as np
import pytest
import torch

from clothes_rank import MODES, clothes_rank
from clothes_rank.counting import cpu
from clothes_rank.counting.screening import Screen


def with_error(monkeypatch, size, spared=None):
    """Makes products wrong by up to `size`, but for those spared; returns a list that gets one entry for each count."""
    generator, matmul, count_closer = np.random.default_rng(3), np.matmul, cpu.CpuFeatures.count_closer
    worst_case_flags = []

    def noisy(left, right, out):
        matmul(left, right, out=out)
        errors = generator.uniform(-size, size, out.shape).astype(np.float32)
        out += errors if spared is None else np.where(spared, 0, errors)
        return out

    def watched(self, *arguments, worst_case):
        worst_case_flags.append(worst_case)
        return count_closer(self, *arguments, worst_case=worst_case)

    monkeypatch.setattr(np, "matmul", noisy)
    monkeypatch.setattr(cpu.CpuFeatures, "count_closer", watched)
    return worst_case_flags


def test_exact_products_are_trusted_at_once(case, monkeypatch, assert_equal_results):
    query, gallery, labels, expected = case
    worst_case_flags = with_error(monkeypatch, 0.0)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert worst_case_flags == [False]


@pytest.mark.parametrize("roundings", [13, 40])
def test_products_less_exact_than_usual_are_looked_at_with_care(case, monkeypatch, roundings, assert_equal_results):
    query, gallery, labels, expected = case
    # 2 sqrt(48) + 4 = 18 roundings are the usual tolerance, of which half may show; 52 the worst case.
    worst_case_flags = with_error(monkeypatch, roundings * 2.0**-24)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert worst_case_flags == [False, True]


def test_errors_show_in_distractors_too(case, monkeypatch, assert_equal_results):
    query, gallery, labels, expected = case
    same_person = labels[0][:, None] == labels[1][None]
    # All queries in one product, as the spared ones are for the whole of it.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    worst_case_flags = with_error(monkeypatch, 40 * 2.0**-24, spared=same_person)
    assert_equal_results(clothes_rank(query, gallery, *labels, mode=MODES), expected)
    assert worst_case_flags == [False, True]


def test_products_beyond_float32_rounding_are_refused(case, monkeypatch):
    query, gallery, labels, _ = case
    with_error(monkeypatch, 1e-3)
    with pytest.raises(RuntimeError, match=r"the products of \d+ queries \(the first is query 0\) are less exact"):
        clothes_rank(query, gallery, *labels, mode=MODES)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("draw", ["standard_normal", "random"])
def test_products_stay_well_within_the_usual_tolerance(metric, draw):
    # Positive features add terms of one sign, the worst case that the tolerance is made for.
    generator = np.random.default_rng(4)
    query, gallery = (getattr(generator, draw)((size, 512)).astype(np.float32) for size in (50, 2000))
    norms = [np.linalg.norm(side.astype(np.float64), axis=1) for side in (query, gallery)]
    screen = Screen.of(metric, 512, *norms)
    left = (query * screen.query_scales[:, None]).astype(np.float32)
    right = (gallery * screen.gallery_scales[:, None]).astype(np.float32)
    values = left @ right.T
    wide_query, wide_gallery = query.astype(np.float64), gallery.astype(np.float64)
    if metric == "cosine":
        distances = 1.0 - wide_query @ wide_gallery.T / np.outer(*norms)
    else:
        values = values + screen.gallery_column.astype(np.float32)
        distances = ((wide_query[:, None] - wide_gallery[None]) ** 2).sum(-1)
    errors = np.abs(values - (screen.distance_scale * distances - screen.query_shift[:, None]))
    assert (errors.max(axis=1) < screen.tolerance(slice(None), worst_case=False) / 2).all()
