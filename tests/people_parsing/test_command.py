"""The command: the script itself, run in this process."""

import os
import runpy
import shutil
import sys

import pytest

from datasets_ext import PRCC, read_label_png


@pytest.fixture
def run(pytestconfig, monkeypatch, capsys, tmp_path):
    """Runs the script with arguments; returns (what sys.exit got, stdout, stderr)."""
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    script = str(pytestconfig.rootpath / "projects" / "IFD" / "tools" / "parse_people.py")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", [script, *(str(argument) for argument in arguments)])
        with pytest.raises(SystemExit) as exit_of_script:
            runpy.run_path(script, run_name="__main__")
        return (exit_of_script.value.code, *capsys.readouterr())

    return run


def test_a_data_sets_maps_deleted_and_made_again(run, prcc_root, tmp_path, atr_model):
    shutil.copytree(prcc_root / "prcc" / "rgb", tmp_path / "prcc" / "rgb")
    broken = tmp_path / "prcc" / "rgb" / "train" / "001" / "A_cropped_rgb000.jpg"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    command = ("--dataset", "PRCC", "--model", atr_model, "--device", "cpu", "--batch-size", 5)

    code, out, err = run(*command)
    assert code == 1
    assert "143 maps written, 0 were there, 1 images cannot be read" in out
    assert "IFD.PARSING.SYSTEM: atr" in out
    assert str(broken) in err

    broken.write_bytes(whole)
    code, out, _ = run(*command)
    assert code == 0
    assert "1 maps written, 143 were there" in out
    dataset = PRCC(root=str(tmp_path), verbose=False)
    maps = dataset.parsing_maps("atr")
    for path, *_ in dataset.train:
        assert maps.load(path, (32, 64)).shape == (64, 32)


def test_a_folder_with_an_onnx_file(run, prcc_root, tmp_path, save_onnx):
    folder = prcc_root / "prcc" / "rgb" / "test" / "A" / "007"
    code, _, _ = run(
        "--images", folder, "--output", tmp_path / "maps", "--model", save_onnx(7), "--system", "pascal",
        "--onnx-size", 32, 32, "--onnx-channels", "rgb", "--onnx-fit", "stretch",
    )  # fmt: skip
    assert code == 0
    assert sorted(os.listdir(tmp_path / "maps")) == [*(f"cropped_rgb00{n}.png" for n in range(3)), "label_system.json"]
    assert read_label_png(tmp_path / "maps" / "cropped_rgb000.png").shape == (64, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "PRCC"], "PRCC was not found"),
        (["--dataset", "Market1501"], "'Market1501' is not the name of a data set with clothes"),
        (["--images", "nothing", "--output", "maps"], "There is no folder"),
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
        ([], "name a data set with --dataset, or folders with --images and --output"),
        (["--images", "x"], "name a data set with --dataset, or folders"),
        (["--dataset", "PRCC", "--images", "x", "--output", "y"], "name a data set with --dataset, or folders"),
        (
            ["--dataset", "PRCC", "--batch-size", "0"],
            "argument --batch-size: expected a whole number from 1 to 4096, found '0'",
        ),
    ],
)
def test_usage(run, arguments, message):
    code, _, err = run(*arguments)
    assert code == 2
    assert message in err
