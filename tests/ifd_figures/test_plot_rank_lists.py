"""The command of rank lists: what it refuses before the model is read, and what it draws."""

import os

import pytest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", 0], "argument --count: invalid positive value: '0'"),
        (["--count", -3], "argument --count: invalid positive value: '-3'"),
        (["--top", 0], "argument --top: invalid positive value: '0'"),
        (["--seed", -1], "argument --seed: invalid count value: '-1'"),
        (["--mode", "upside_down"], "invalid choice: 'upside_down'"),
        (["--mode", "other_tracklet"], "'other_tracklet': PRCC has no other_tracklet mode; it has general, same"),
        (["--output", "list.jpeg"], "list.jpeg, expected a name that ends in .png, .pdf, .svg"),
        (["--output", "/dev/null/list.png"], "/dev/null: "),
        (["--output", f"{'x' * 300}.png"], "xxx.png: File name too long"),
        (["DATASETS.TESTS", "('Market9',)"], "DATASETS names 'Market9'"),
        (["TEST.METRIC", "manhattan"], "TEST.METRIC is 'manhattan'"),
        (["TEST.RERANK.ENABLED", True, "TEST.RERANK.K1", 0], "TEST.RERANK"),
        (["MODEL.WEIGHTS", "absent.pth"], "checkpoint absent.pth does not exist"),
    ],
)
def test_mistakes_are_told_before_the_model_is_read(tool, capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    weights = [] if "MODEL.WEIGHTS" in words else ["MODEL.WEIGHTS", "never_read.pth"]
    assert tool("plot_rank_lists", *words, *weights) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "never_read" not in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_lists_are_drawn_by_the_configs_protocol(tool, finished_config, tiny_arguments, tmp_path, capsys):
    weights = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    options = [*tiny_arguments, "TEST.METRIC", "euclidean", "TEST.FLIP.ENABLED", True, "MODEL.WEIGHTS", weights]
    output = tmp_path / "new" / "lists.svg"
    assert tool("plot_rank_lists", "--count", 2, "--top", 3, "--output", output, *options) == 0
    assert f"2 rank lists: {output}" in capsys.readouterr().out
    title = "PRCC, mode clothing_change: first 3 of the gallery, by Euclidean distance"
    assert f"<!-- {title} -->" in output.read_text()


@pytest.mark.parametrize("words", [["--mode", "general"], ["IFD.METRIC_MODE", "general"]])
def test_the_mode_is_the_commands_or_the_configs(tool, finished_config, tiny_arguments, tmp_path, words):
    weights = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")
    options, keys = (words, []) if words[0] == "--mode" else ([], words)
    output = tmp_path / "lists.svg"
    command = ["--count", 1, "--top", 2, *options, "--output", output, *tiny_arguments, "MODEL.WEIGHTS", weights, *keys]
    assert tool("plot_rank_lists", *command) == 0
    assert "<!-- PRCC, mode general: first 2 of the gallery, by cosine similarity -->" in output.read_text()
