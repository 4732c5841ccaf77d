import pytest

from rendered_people.disturb.__main__ import main


def test_a_folder_is_written(tiny, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([str(tiny[0]), "--output", str(out), "--kind", "blur", "--strength", "2", "--layouts", "prcc"]) == 0
    assert capsys.readouterr().out == f"blur 2: 12 images made harder in {out}\n"


def test_a_mistake_is_one_line(tmp_path, capsys):
    assert main([str(tmp_path), "--output", str(tmp_path / "out"), "--kind", "blur", "--strength", "2"]) == 2
    assert capsys.readouterr().err.startswith("rendered_people.disturb: ")
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path), "--output", str(tmp_path / "out"), "--kind", "fog", "--strength", "2"])
