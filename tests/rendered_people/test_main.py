import sys

import pytest

from rendered_people.__main__ import main
from rendered_people.person.body import BodyModel

TINY = ["--people", "4", "--outfits", "2", "--images-per-view", "2", "--height", "64", "--width", "32"]


def test_a_finished_folder_is_reported(tiny, capsys):
    folder, manifest = tiny
    assert main(["--output", str(folder), *TINY]) == 0
    assert capsys.readouterr().out == f"RenderedPeople: 48 images in {folder}, digest {manifest['digest'][:16]}\n"


def test_errors_are_one_line(tmp_path, capsys):
    assert main(["--output", str(tmp_path), "--people", "2"]) == 2
    assert capsys.readouterr().err == (
        "rendered_people: people is 2; it must be at least 4: two to train on and two to tell apart\n"
    )


def test_an_interrupted_run_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(output, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("rendered_people.__main__.render_benchmark", interrupted)
    assert main(["--output", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_a_missing_anny_names_the_extra_before_anything_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(ImportError, match=r'pip install "fastreid-ifd\[render\]"'):
        BodyModel()
    assert main(["--output", str(tmp_path / "none"), *TINY]) == 2
    assert 'pip install "fastreid-ifd[render]"' in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
