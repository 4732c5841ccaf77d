import json
import os

import pytest

from fastreid_runs import OutputFolderError
from ifd.engine import load_trained_model
from ifd_ablation.robustness import (
    Condition,
    claim_folder,
    found_results,
    measure,
    robustness_table,
    write_robustness,
)

COMMAND = "projects/IFD/tools/robustness.py"


@pytest.fixture
def results(made_up):
    """Of a test set as it is and with two kinds; the second at one strength alone, without any pair."""

    def of(rank1):
        modes = {"clothing_change": made_up.mode(made_up.scores(rank1, rank1 / 2))} if rank1 else {}
        return {"PRCC": made_up.result(modes)}

    figures = {("", 0): 0.5, ("blur", 1): 0.4, ("blur", 2): 0.3, ("crop", 1): None}
    return {Condition(*one): of(rank1) for one, rank1 in figures.items()}


def test_a_table_has_kinds_as_rows_and_strengths_as_columns(results):
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in robustness_table(results, "PRCC", "clothing_change").splitlines()
    ]
    assert rows[0] == ["images", "undisturbed", "strength 1", "strength 2"]
    assert rows[2:] == [
        ["as they are", "50.00 / 25.00", "-", "-"],
        ["blur", "-", "40.00 / 20.00", "30.00 / 15.00"],
        ["crop", "-", "-", "-"],
        ["chance", "10.00 / 5.00", "-", "-"],
    ]


def test_report_says_figures_chance_and_how_they_came(results, tmp_path):
    numbers, text = write_robustness(results, tmp_path, facts={"command": "python x", "date": "2026-11-25"})
    assert text.read_text().startswith("# What the model bears\n\n- command: python x\n- date: 2026-11-25\n")
    assert "## PRCC, clothing-change, Rank-1 / mAP in per cent" in text.read_text()
    assert "## PRCC, same-clothing" in text.read_text()
    found = json.loads(numbers.read_text())
    assert list(found["values"]["PRCC"]) == ["undisturbed", "blur_1", "blur_2", "crop_1"]
    assert found["values"]["PRCC"]["blur_2"]["clothing_change/Rank-1"] == pytest.approx(30)
    assert found["chance"]["PRCC"]["clothing_change"]["Rank-1"] == pytest.approx(10)
    assert found["facts"]["command"] == "python x"


def test_a_folder_is_of_one_model_and_data_set(tmp_path):
    claim_folder(tmp_path / "out", {"weights": "a", "seed": 0})
    claim_folder(tmp_path / "out", {"weights": "a", "seed": 0})
    with pytest.raises(OutputFolderError, match=r"figures of something else \(weights differ"):
        claim_folder(tmp_path / "out", {"weights": "b", "seed": 0})
    (tmp_path / "out/robustness_of.json").write_text("{")
    with pytest.raises(OutputFolderError, match="is broken"):
        claim_folder(tmp_path / "out", {"weights": "a", "seed": 0})


def test_a_condition_is_measured_unless_all_of_its_results_are_there(finished_config, weights, tmp_path):
    finished_config.MODEL.WEIGHTS = weights
    assert found_results(tmp_path / "blur_1", ["PRCC"]) is None
    measured = measure(finished_config, load_trained_model(finished_config, weights), tmp_path / "blur_1")
    assert measured["PRCC"].protocol.checkpoint.file == "model_final.pth"
    assert found_results(tmp_path / "blur_1", ["PRCC"]) == measured
    assert found_results(tmp_path / "blur_1", ["PRCC", "LTCC"]) is None


def test_command_goes_on_where_it_was(tiny, weights, config_file, tiny_arguments, tmp_path, call_script):
    root, out = tmp_path / "datasets", tmp_path / "out"
    root.mkdir()
    (root / "rendered_people").symlink_to(tiny[0])
    named = ["--config-file", config_file, "--kinds", "blur", "parser", "--datasets", "RenderedPeoplePRCCLayout"]
    named += ["--weights", weights, "--output", out]
    arguments = [*named, *tiny_arguments]
    code, output, errors = call_script(COMMAND, *arguments, FASTREID_DATASETS=root)
    assert code == 0, errors[-3000:]
    assert "7 conditions, 0 of them done" in output
    assert "| parser      | -" in output
    assert not list((out / "data").iterdir()), "what was made for the evaluation is removed"
    assert os.environ["FASTREID_DATASETS"] == str(root)
    values = json.loads((out / "robustness.json").read_text())["values"]["RenderedPeoplePRCCLayout"]
    assert len({values[name]["clothing_change/mAP"] for name in ("undisturbed", "blur_1", "blur_3")}) > 1

    for path in (out / "blur_2").iterdir():
        path.unlink()
    code, output, errors = call_script(COMMAND, *arguments, FASTREID_DATASETS=root)
    assert code == 0, errors[-3000:]
    assert "7 conditions, 6 of them done" in output
    assert json.loads((out / "robustness.json").read_text())["values"]["RenderedPeoplePRCCLayout"] == values

    for wrong, message in (
        (["--seed", 1], "figures of something else (seed differ"),
        (["--weights", tmp_path / "none"], "does not exist"),
    ):
        code, _, errors = call_script(COMMAND, *named, *wrong, *tiny_arguments, FASTREID_DATASETS=root)
        assert code == 2
        assert message in errors
