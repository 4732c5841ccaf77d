"""The command of Figure 3: what it refuses before a model is read, and what it draws from two checkpoints."""

import os

import pytest

from datasets_ext import PRCC, ClothesLabels
from ifd.engine import train

CHECKPOINTS = ("--baseline", "never_read.pth", "--ifd", "never_read.pth")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--count", 0], "argument --count: invalid positive value: '0'"),
        (["--seed", -1], "argument --seed: invalid count value: '-1'"),
        (["--output", "triplets.gif"], "triplets.gif, expected a name that ends in .png, .pdf, .svg"),
        (["--output", "/dev/null/triplets.png"], "/dev/null: "),
        (["--dataset", "Market9"], "DATASETS names 'Market9'"),
        (["TEST.METRIC", "euclidean"], "draw them with TEST.METRIC cosine"),
        (["TEST.RERANK.ENABLED", True], "draw them with TEST.METRIC cosine, TEST.RERANK.ENABLED False"),
        (["IFD.DESCRIPTOR", "joined"], "IFD.DESCRIPTOR main"),
        (["MODEL.META_ARCHITECTURE", "IFDAttentionStream"], "the maps are of IFD"),
    ],
)
def test_mistakes_are_told_before_a_model_is_read(tool, capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    assert tool("plot_hard_triplets", *CHECKPOINTS, *words) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "never_read" not in told
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_that_does_not_say_who_wears_what_is_refused(tool, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(PRCC, "clothes_labels", ClothesLabels("labelled", "absent", "nobody says"))
    words = ["--output", tmp_path / "t.png", "IFD.METRIC_MODE", "general"]
    assert tool("plot_hard_triplets", *CHECKPOINTS, *words) == 2
    assert "PRCC has no clothing_change mode: the clothes labels of its test set are absent" in capsys.readouterr().err


def test_figures_are_drawn_from_two_checkpoints(tool, finished_config, tiny_config, tmp_path, tiny_arguments, capsys):
    checkpoint = os.path.join(finished_config.OUTPUT_DIR, "model_final.pth")

    def draw(baseline):
        words = ["--ifd", checkpoint, "--baseline", baseline, "--count", 2, "--output", tmp_path / "t.png"]
        return tool("plot_hard_triplets", *words, *tiny_arguments)

    # IFD's checkpoint is no baseline's: it is refused instead of read in part.
    assert draw(checkpoint) == 2
    assert "is of another model" in capsys.readouterr().err
    assert not (tmp_path / "t.png").exists()

    tiny_config.SOLVER.MAX_EPOCH = 1
    tiny_config.IFD.IKT.ENABLED = False
    tiny_config.IFD.CBD.ENABLED = False
    train(tiny_config)
    assert draw(os.path.join(tiny_config.OUTPUT_DIR, "model_final.pth")) == 0
    assert "baseline: the positive is nearer than the negative in" in capsys.readouterr().out
    for name in ("t.png", "t_similarities.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
