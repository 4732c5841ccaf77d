"""The evaluator on a ranking worked out by hand, through the host's inference loop."""

import logging
from dataclasses import replace

import pytest
import torch
from fastreid.evaluation import inference_on_dataset

from clothes_evaluation import ClothesEvaluator, DescriptorError, EvaluationResult, Protocol
from clothes_evaluation.protocol import Checkpoint, QueryExpansion, Reranking
from clothes_rank import MODES, clothes_rank, clothes_rank_from_distances
from clothes_rank.query_expansion import expand_queries
from clothes_rank.rerank import rerank

# One query of person 1 in clothes 10 by camera 0. The gallery by falling similarity:
#   1. person 2                              distractor
#   2. person 1, camera 0                    taken out everywhere
#   3. person 1, camera 1, clothes 11        match in general and clothing_change
#   4. person 2                              distractor
#   5. person 1, camera 1, clothes 10        match in general and same_clothing
# A second query of person 3, who is not in the gallery, is left out everywhere.
QUERY = [(1, 0, 10), (3, 0, 30)]
GALLERY = [(2, 1, 20), (1, 0, 10), (1, 1, 11), (2, 1, 20), (1, 1, 10)]
ANGLES = [0.0, 3.0, 0.1, 0.2, 0.3, 0.4, 0.5]


class Angles(torch.nn.Module):
    def forward(self, inputs):
        angle = inputs["images"][:, 0, 0, 0]
        return torch.stack([angle.cos(), angle.sin()], 1)


@pytest.fixture
def told(caplog):
    """What is logged; the host's logger hands nothing on to pytest's once it has handlers of its own."""
    logger = logging.getLogger("fastreid.clothes_evaluation")
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


PLAIN = Protocol("cosine", False, "main", Checkpoint.at(""))


def evaluate(output_dir=None, people=None, protocol=PLAIN, **kwargs):
    labels = torch.tensor(people or QUERY + GALLERY)
    batch = {
        "images": torch.tensor(ANGLES).view(-1, 1, 1, 1).expand(-1, 4, 2, 2),
        "targets": labels[:, 0],
        "camids": labels[:, 1],
        "clothes": labels[:, 2],
    }
    batches = [{key: value[part] for key, value in batch.items()} for part in (slice(0, 3), slice(3, 7))]

    class Loader(list):
        dataset = range(7)

    evaluator = ClothesEvaluator(protocol, 2, output_dir, dataset_name="by_hand", **kwargs)
    return inference_on_dataset(Angles(), Loader(batches), evaluator)


def test_modes_worked_out_by_hand():
    results = evaluate()
    expected = {
        # ranking 2 1 2 1: matches at ranks 2 and 4
        "general": (0, 100, 100 * (1 / 2 + 2 / 4) / 2, 100 * 2 / 4),
        # ranking 2 2 1: a match at rank 3
        "same_clothing": (0, 100, 100 / 3, 100 / 3),
        # ranking 2 1 2: a match at rank 2
        "clothing_change": (0, 100, 100 / 2, 100 / 2),
    }
    for mode, (rank1, rank5, mean_ap, mean_inp) in expected.items():
        assert results[f"{mode}/Rank-1"] == rank1
        assert results[f"{mode}/Rank-5"] == rank5
        assert results[f"{mode}/mAP"] == pytest.approx(mean_ap)
        assert results[f"{mode}/mINP"] == pytest.approx(mean_inp)
        assert (results[f"{mode}/queries"], results[f"{mode}/left_out"]) == (1, 1)


@pytest.mark.parametrize(("mode", "expected"), [("clothing_change", 25), ("same_clothing", 100 / 6), ("general", 25)])
def test_metric_is_the_mean_of_rank_1_and_map_in_the_mode_asked_for(mode, expected):
    assert evaluate(metric_mode=mode)["metric"] == pytest.approx(expected)


def test_metric_falls_back_aloud_where_nobody_changes_clothes(tmp_path, told):
    results = evaluate(str(tmp_path), people=[(pid, camera, 10 * pid) for pid, camera, _ in QUERY + GALLERY])
    assert results["clothing_change/queries"] == 0
    assert "clothing_change/mAP" not in results
    assert results["metric"] == (results["general/Rank-1"] + results["general/mAP"]) / 2 > 0
    assert "has a match in clothing_change mode (metric_mode): metric is that of general mode" in told.text
    assert "| clothing_change, no pair | - " in (tmp_path / "results_by_hand.md").read_text()


def test_without_any_pair_there_is_no_metric(told):
    results = evaluate(people=[(person, 0, 10 * person) for person in range(7)])
    assert results == {f"{mode}/{name}": count for mode in MODES for name, count in (("queries", 0), ("left_out", 2))}
    assert "there is no metric to choose a checkpoint by" in told.text


def test_the_result_is_written_and_kept(tmp_path):
    results = evaluate(str(tmp_path / "new"))
    written = EvaluationResult.load(tmp_path / "new" / "results_by_hand.json")
    assert written.flat() == results
    assert written.label_kind == "labelled"
    chance = written.modes["clothing_change"].chance
    # One match among three: at rank 1 in a third of all orders; AP 1, 1/2 or 1/3.
    assert chance.cmc[1] == pytest.approx(1 / 3)
    assert chance.mean_ap == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    lines = (tmp_path / "new" / "results_by_hand.md").read_text().splitlines()
    cells = {row[0]: row[1:] for row in ([c.strip() for c in line.strip("|").split("|")] for line in lines[2:])}
    assert cells["clothing_change"] == ["0.00", "100.00", "100.00", "100.00", "50.00", "50.00", "1", "1"]
    assert cells["clothing_change, chance"][0] == "33.33"
    assert cells["clothing_change, chance"][4] == f"{100 * (1 + 1 / 2 + 1 / 3) / 3:.2f}"
    assert lines[-1] == "cosine distance of descriptor 'main'; the network in training"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({2: float("nan")}, "1 of 7 descriptors, the first that of gallery image 0, hold NaN or infinite values"),
        ({0: float("inf"), 5: float("nan")}, "2 of 7 descriptors, the first that of query 0, hold NaN"),
        ({1: 0.0}, "1 of 7 descriptors, the first that of query 1, hold nothing but zeros.*TEST.METRIC to euclidean"),
    ],
)
def test_descriptors_that_cannot_be_ranked_are_refused(tmp_path, values, message):
    features = torch.ones(7, 3)
    for row, value in values.items():
        features[row] = value
    evaluator = ClothesEvaluator(PLAIN, 2, str(tmp_path))
    evaluator.process({key: torch.arange(7) for key in ("targets", "camids", "clothes")}, features)
    with pytest.raises(DescriptorError, match=message):
        evaluator.evaluate()
    assert list(tmp_path.iterdir()) == []


def test_zeros_have_a_euclidean_distance():
    evaluator = ClothesEvaluator(replace(PLAIN, metric="euclidean"), 2)
    labels = torch.tensor(QUERY + GALLERY)
    evaluator.process(dict(zip(("targets", "camids", "clothes"), labels.T, strict=True)), torch.zeros(7, 3))
    # All distances are equal, so that the order is the gallery's.
    assert evaluator.evaluate()["general/mAP"] == pytest.approx(100 * (1 / 2 + 2 / 4) / 2)


def test_a_new_round_forgets_the_last():
    evaluator = ClothesEvaluator(PLAIN, 2)
    evaluator.process(
        {key: torch.zeros(3, dtype=torch.long) for key in ("targets", "camids", "clothes")}, torch.full((3, 2), 9.0)
    )
    evaluator.reset()
    assert evaluator._features == evaluator._labels == []


def test_single_shot_averages_over_drawn_galleries(tmp_path):
    """Person 1 is drawn from ranks 2, 3 and 5, person 2 from 1 and 4, so that rank-1 is right with odds 1/2 * 2/3."""
    people = [*QUERY, (2, 1, 20), (1, 1, 11), (1, 1, 11), (2, 1, 20), (1, 1, 11)]
    results = evaluate(str(tmp_path), people, draws=400)
    assert results["clothing_change/single_shot/Rank-1"] == pytest.approx(100 / 3, abs=8)
    assert results["clothing_change/single_shot/Rank-1_std"] == pytest.approx(100 * (2 / 9) ** 0.5, abs=5)
    assert results["clothing_change/single_shot/Rank-5"] == 100
    table = (tmp_path / "results_by_hand.md").read_text()
    assert "| clothing_change, multi-shot " in table
    assert "| clothing_change, single-shot " in table
    assert "100.00 ± 0.00" in table
    assert evaluate(None, people, draws=400) == results


def test_without_a_single_shot_protocol_none_is_scored():
    assert not [key for key in evaluate() if "single_shot" in key]


def test_verification_by_false_positive_rates(tmp_path):
    results = evaluate(str(tmp_path), verification=True)
    # The nearest distractor is nearer than the match, so that no match is accepted without it.
    assert results["clothing_change/TPR@FPR=1e-04"] == 0
    assert "true positives at false positive rate 1e-04: 0.00" in (tmp_path / "results_by_hand.md").read_text()


@pytest.mark.parametrize(
    ("treated", "part"),
    [
        ({"query_expansion": QueryExpansion(1, 4, 3.0)}, "expanded"),
        ({"reranking": Reranking(8, 3, 0.2)}, "re-ranked"),
    ],
)
def test_expansion_and_re_ranking_have_their_effect(treated, part):
    random = torch.Generator().manual_seed(0)
    features = torch.randn(60, 8, generator=random)
    pids, cameras, outfits = (torch.randint(high, (60,), generator=random) for high in (6, 3, 2))
    clothes = 2 * pids + outfits
    labels = [part for ids in (pids, cameras, clothes) for part in (ids[:20], ids[20:])]
    evaluator = ClothesEvaluator(replace(PLAIN, **treated), 20, draws=10)
    evaluator.process({"targets": pids, "camids": cameras, "clothes": clothes}, features)
    results = evaluator.evaluate()

    plain = clothes_rank(features[:20], features[20:], *labels, mode="general")
    if part == "expanded":
        expanded = expand_queries(features[:20], features[20:], times=1, k=4, alpha=3.0)
        expected = clothes_rank(*expanded, *labels, mode="general")
    else:
        distances = rerank(features[:20], features[20:], k1=8, k2=3, lambda_value=0.2)
        expected = clothes_rank_from_distances(distances, *labels, mode="general")
    assert results[f"general/{part}/mAP"] == pytest.approx(100 * expected.mean_ap)
    assert "general/mAP" not in results
    assert expected.mean_ap != pytest.approx(plain.mean_ap)
    assert not [name for name in results if "single_shot" in name]


@pytest.mark.parametrize("name", ["model_best.pth", "model_final.pth"])
def test_weights_chosen_on_test_queries_are_told(tmp_path, name):
    evaluate(str(tmp_path), protocol=replace(PLAIN, checkpoint=Checkpoint.at(f"some/run/{name}")))
    told = "model_best.pth was chosen among a run's checkpoints by the test queries"
    assert (told in (tmp_path / "results_by_hand.md").read_text()) == (name == "model_best.pth")
