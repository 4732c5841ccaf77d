"""What is written of an ablation."""

import json

from ifd_ablation import write_report


def test_report_is_written(trials, tmp_path, is_png):
    paths = write_report(trials, ["PRCC"], tmp_path, facts={"machine": "a loom"})
    assert [path.name for path in paths] == ["ablation.json", "ablation.md", "ablation.png", "learning_curves.png"]
    assert is_png(paths[2])
    assert is_png(paths[3])
    text = paths[1].read_text()
    assert "- machine: a loom\n- measured, PRCC: cosine distance of descriptor 'main'" in text
    assert "| chance " in text
    assert "## PRCC, rank-1 / mAP in per cent" in text
    written = json.loads(paths[0].read_text())
    assert written["facts"]["machine"] == "a loom"
    assert written["values"]["baseline"]["PRCC"]["clothing_change/mAP"] == {"0": 20.0, "1": 26.0}
    assert written["values"]["baseline"]["seconds"] == {"0": 60.0, "1": 120.0}
    assert written["chance"]["PRCC"]["clothing_change"]["mAP"] == 3.25
    assert "general" not in written["chance"]["PRCC"]


def test_one_evaluation_makes_no_curve(make_trial, tmp_path):
    trial = make_trial("ifd", 0, 30.0, 40.0)
    (trial.run.folder / "metrics.json").write_text('{"iteration": 19, "clothing_change/mAP": 40.0}\n')
    paths = write_report([trial], ["PRCC"], tmp_path, facts={})
    assert [path.name for path in paths] == ["ablation.json", "ablation.md", "ablation.png"]
