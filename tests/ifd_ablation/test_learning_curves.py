"""What the logs of trainings give, and the picture of it."""

from clothes_evaluation.protocol import Reranking
from ifd_ablation.learning_curves import learning_curve, mean_ap_curves, plot_learning_curves
from ifd_ablation.measurements import Column, Measured


def test_a_curve_counts_steps_done_and_each_once(trials):
    run = trials[0].run
    assert learning_curve(run, "clothing_change/mAP") == [(10, 35.0), (20, 40.0)]
    assert learning_curve(run, "total_loss") == [(10, 2.0), (15, 1.4), (20, 1.0)]
    assert learning_curve(run, "nothing") == []


def test_a_cut_line_is_left_out(trials):
    log = trials[0].run.folder / "metrics.json"
    log.write_text(log.read_text()[:-20])
    assert learning_curve(trials[0].run, "clothing_change/mAP") == [(10, 35.0)]


def test_curves_by_data_set_column_and_trial(trials, measured):
    curves = mean_ap_curves(trials, measured)
    assert list(curves) == [("PRCC", Column("clothing_change")), ("PRCC", Column("same_clothing"))]
    assert curves["PRCC", Column("same_clothing")][trials[3]] == [(10, 50.0), (20, 98.0)]
    assert list(curves["PRCC", Column("clothing_change")]) == trials


def test_of_several_data_sets_the_logs_tell_them_apart(trials, measured):
    both = Measured({name: _twice(found) for name, found in measured.results.items()}, measured.seconds, ["PRCC", "B"])
    log = trials[0].run.folder / "metrics.json"
    log.write_text('{"iteration": 9, "PRCC/clothing_change/mAP": 1.0, "B/clothing_change/mAP": 2.0}\n')
    curves = mean_ap_curves(trials, both)
    assert curves["B", Column("clothing_change")] == {trials[0]: [(10, 2.0)]}


def _twice(by_seed):
    return {seed: {"PRCC": found["PRCC"], "B": found["PRCC"]} for seed, found in by_seed.items()}


def test_what_only_evaluates_has_no_curve(trials, measured):
    trials[0].run.evaluates = True
    assert trials[0] not in mean_ap_curves(trials, measured)["PRCC", Column("clothing_change")]


def test_re_ranked_figures_are_logged_by_another_name(make_trial):
    trial = make_trial("ifd", 0, 30.0, 40.0, reranking=Reranking(20, 6, 0.3))
    log = trial.run.folder / "metrics.json"
    log.write_text('{"iteration": 9, "clothing_change/re-ranked/mAP": 31.0}\n')
    curves = mean_ap_curves([trial], Measured.of([trial], ["PRCC"]))
    assert curves["PRCC", Column("clothing_change")] == {trial: [(10, 31.0)]}


def test_picture(trials, measured, tmp_path, is_png):
    curves = mean_ap_curves(trials, measured)
    plot_learning_curves(curves, tmp_path / "curves.png")
    assert is_png(tmp_path / "curves.png")
    plot_learning_curves(curves, tmp_path / "curves.svg")
    drawn = (tmp_path / "curves.svg").read_text()
    for text in ("PRCC: clothing-change mAP", "PRCC: same-clothing mAP", "baseline", "IFD"):
        assert f"<!-- {text}" in drawn
