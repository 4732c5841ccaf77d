"""The evaluator on a ranking worked out by hand, through the host's inference loop."""

import json

import pytest
import torch
from fastreid.config import get_cfg
from fastreid.evaluation import inference_on_dataset
from ifd import add_ifd_config
from ifd.evaluation import ClothesEvaluator

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
def cfg():
    cfg = get_cfg()
    add_ifd_config(cfg)
    return cfg


def evaluate(cfg, output_dir=None, people=None):
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

    evaluator = ClothesEvaluator(cfg, 2, output_dir, dataset_name="by_hand")
    return inference_on_dataset(Angles(), Loader(batches), evaluator)


def test_modes_worked_out_by_hand(cfg):
    results = evaluate(cfg)
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
def test_metric_is_the_mean_of_rank_1_and_map_in_the_mode_asked_for(cfg, mode, expected):
    cfg.IFD.METRIC_MODE = mode
    assert evaluate(cfg)["metric"] == pytest.approx(expected)


def test_metric_falls_back_where_nobody_changes_clothes(cfg):
    results = evaluate(cfg, people=[(pid, camera, 10 * pid) for pid, camera, _ in QUERY + GALLERY])
    assert results["clothing_change/queries"] == 0
    assert results["metric"] == (results["general/Rank-1"] + results["general/mAP"]) / 2 > 0


def test_results_are_written_with_chance_beside_them(cfg, tmp_path):
    results = evaluate(cfg, str(tmp_path / "new"))
    assert json.loads((tmp_path / "new" / "results_by_hand.json").read_text()) == pytest.approx(dict(results))
    lines = (tmp_path / "new" / "results_by_hand.md").read_text().splitlines()
    cells = {row[0]: row[1:] for row in ([c.strip() for c in line.strip("|").split("|")] for line in lines[2:])}
    assert cells["clothing_change"][:4] == ["0.00", "100.00", "100.00", "50.00"]
    assert cells["clothing_change"][-2:] == ["1", "1"]
    # One match among three: at rank 1 in a third of all orders; AP 1, 1/2 or 1/3.
    assert cells["clothing_change, chance"][0] == "33.33"
    assert cells["clothing_change, chance"][3] == f"{100 * (1 + 1 / 2 + 1 / 3) / 3:.2f}"


def test_a_new_round_forgets_the_last(cfg):
    evaluator = ClothesEvaluator(cfg, 2)
    evaluator.process(
        {key: torch.zeros(3, dtype=torch.long) for key in ("targets", "camids", "clothes")}, torch.full((3, 2), 9.0)
    )
    evaluator.reset()
    assert evaluator._batches == []
