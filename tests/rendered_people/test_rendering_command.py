import builtins

import pytest

from rendered_people.__main__ import main
from rendered_people.body import BodyModel

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


def test_a_missing_anny_names_the_extra(monkeypatch):
    real_import = builtins.__import__

    def without_anny(name, *arguments, **options):
        if name == "anny":
            raise ModuleNotFoundError("No module named 'anny'")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_anny)
    with pytest.raises(ImportError, match=r'pip install "fastreid-ifd\[render\]"'):
        BodyModel()
