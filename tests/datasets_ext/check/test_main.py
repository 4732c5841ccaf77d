"""The command: the script itself, run in this process."""

import json
import runpy
import shutil
import sys

import pytest


@pytest.fixture
def run(pytestconfig, monkeypatch, capsys, prcc_root, tmp_path):
    """Runs the script on a copy of the tiny data set; returns (what sys.exit got, stdout, stderr)."""
    shutil.copytree(prcc_root, tmp_path / "datasets")
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path / "datasets"))
    script = str(pytestconfig.rootpath / "projects" / "IFD" / "tools" / "check_dataset.py")

    def run(*arguments):
        command = [script, "--output", str(tmp_path / "report"), "--workers", "1", *arguments]
        monkeypatch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as exit_of_script:
            runpy.run_path(script, run_name="__main__")
        return (exit_of_script.value.code, *capsys.readouterr())

    return run


def test_exit_code_report_and_page(run, tmp_path):
    code, out, _ = run("--dataset", "PRCC")
    assert code == 1
    assert "train: 54 images, published 17,896" in out
    assert json.loads((tmp_path / "report" / "report.json").read_text())["sound"] is False
    assert (tmp_path / "report" / "report.html").read_text().startswith("<!DOCTYPE html>")

    code, out, _ = run("--dataset", "PRCC", "--accept", "counts")
    assert code == 0
    assert "PRCC is sound: 144 images" in out

    (tmp_path / "datasets" / "prcc" / "parsing" / "train" / "001" / "A_cropped_rgb000.png").unlink()
    code, out, _ = run("--dataset", "PRCC", "--accept", "counts")
    assert code == 1
    assert "rgb/train/001/A_cropped_rgb000.jpg: expected" in out


def test_maps_that_say_what_they_are(run, tmp_path):
    record = tmp_path / "datasets" / "prcc" / "parsing" / "label_system.json"
    record.write_text('{"system": "lip"}')
    assert run("--dataset", "PRCC", "--accept", "counts")[0] == 0
    code, _, err = run("--dataset", "PRCC", "--system", "atr")
    assert code == 2
    assert "are of label system 'lip'" in err
    assert "--system lip on the command line" in err
    record.write_text("{")
    code, _, err = run("--dataset", "PRCC")
    assert code == 2
    assert f"{record} cannot be read" in err


@pytest.mark.parametrize("kind", ["file", "link"])
def test_an_output_that_cannot_be_written(run, tmp_path, kind):
    place = tmp_path / "report"
    place.write_text("x") if kind == "file" else place.symlink_to("/proc/self/nothing")
    code, _, err = run("--dataset", "PRCC")
    assert code == 2
    assert str(place) in err
    assert len(err.splitlines()) == 1


def test_a_hostile_name_of_a_data_set(run):
    code, _, err = run("--dataset", "a\x1b[2J\n\u202eb")
    assert code == 2
    assert set("\x1b\u202e").isdisjoint(err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "LTCC"], "LTCC was not found"),
        (["--dataset", "Nothing"], "'Nothing' is not the name of a data set with clothes"),
        (["--dataset", "PRCC", "--clothing", "Trousers"], "Unknown label of label system 'lip': 'Trousers'"),
    ],
)
def test_mistakes_are_told_without_a_traceback(run, arguments, message):
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("error: ")
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--accept", "everything"], "invalid choice: 'everything'"),
        (["--sample", "-1"], "expected a whole number from 0, found '-1'"),
        (["--workers", "0"], "expected a whole number from 1 to 256, found '0'"),
    ],
)
def test_usage(run, arguments, message):
    code, _, err = run("--dataset", "PRCC", *arguments)
    assert code == 2
    assert message in err
