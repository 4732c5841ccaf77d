"""The picture of an ablation."""

from ifd_ablation.measurements import Measured
from ifd_ablation.plots import plot_ablation


def test_a_bar_for_each_variant_and_panel(measured, tmp_path):
    plot_ablation(measured, tmp_path / "ablation.svg")
    drawn = (tmp_path / "ablation.svg").read_text()
    for text in ("clothing-change mAP, %", "clothing-change rank-1, %", "same-clothing rank-1, %", "baseline", "IFD"):
        assert f"<!-- {text} -->" in drawn
    # The means beside the bars: mAP and rank-1 in clothing-change mode, rank-1 in the other.
    for text in ("23.0", "42.0", "12.0", "30.0", "99.0"):
        assert f"<!-- {text} -->" in drawn


def test_a_mode_without_a_pair_leaves_its_panel_empty(make_trial, made_up, tmp_path):
    trial = make_trial("ifd", 0, 30.0, 40.0)
    mode = made_up.mode(made_up.scores(0.3, 0.4))
    made_up.result({"clothing_change": mode}).save(trial.run.folder / "results_PRCC.json")
    plot_ablation(Measured.of([trial], ["PRCC"]), tmp_path / "ablation.svg")
    assert "<!-- 40.0 -->" in (tmp_path / "ablation.svg").read_text()
