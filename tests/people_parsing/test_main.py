"""The command: the script itself, run in this process."""

import json
import os
import re
import runpy
import shutil
import sys

import pytest
from PIL import Image

from datasets_ext import PRCC, read_label_png, register_csv
from people_parsing import VERSION


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


@pytest.mark.parametrize("name", ["", "Shop="])
def test_a_lists_maps_lie_where_its_reader_looks(run, prcc_root, tmp_path, save_onnx, name):
    folder = tmp_path / "shop"
    rows = ["path,pid,camid,clothes_id,split"]
    shutil.copytree(prcc_root / "prcc" / "rgb" / "test", folder / "photos")
    for split, person in (("train", "007"), ("query", "008"), ("gallery", "009")):
        rows.append(f"photos/A/{person}/cropped_rgb000.jpg,{person},A,x,{split}")
    (folder / "list.csv").write_text("\n".join(rows))
    code, out, _ = run(
        "--csv", f"{name}{folder / 'list.csv'}", "--model", save_onnx(7), "--system", "pascal",
        "--onnx-size", 32, 32, "--onnx-channels", "rgb", "--onnx-fit", "stretch",
    )  # fmt: skip
    assert code == 0
    assert "3 maps written" in out
    dataset = register_csv(f"Shop={folder / 'list.csv'}")(verbose=False)
    maps = dataset.parsing_maps("auto")
    assert maps.system.name == "pascal"
    for items in (dataset.train, dataset.query, dataset.gallery):
        assert maps.load(items[0][0], (32, 64)).shape == (64, 32)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "PRCC"], "PRCC was not found"),
        (["--csv", "nothing.csv"], "nothing.csv, the list of a data set, does not exist"),
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
        ([], "name a data set with --dataset or --csv, or folders with --images and --output"),
        (["--images", "x"], "name a data set with --dataset or --csv, or folders"),
        (["--dataset", "PRCC", "--csv", "x"], "name a data set with --dataset or --csv, or folders"),
        (
            ["--dataset", "PRCC", "--images", "x", "--output", "y"],
            "name a data set with --dataset or --csv, or folders",
        ),
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


@pytest.fixture
def onnx_model(save_onnx):
    """What makes maps of the pascal system."""
    return ("--model", save_onnx(7), "--system", "pascal", "--onnx-size", 16, 16)


def test_maps_of_another_model_in_the_same_tree(run, tree, onnx_model, atr_model):
    command = ("--images", tree / "images", "--output", tree / "maps")
    assert run(*command, *onnx_model)[0] == 0
    record = json.loads((tree / "maps" / "label_system.json").read_text())
    assert record["system"] == "pascal"
    assert re.fullmatch(r"model\.onnx \(sha256 [0-9a-f]{16}\)", record["model"])
    assert record["version"] == VERSION

    code, _, err = run(*command, "--model", atr_model, "--device", "cpu")
    assert code == 2
    assert "error: The maps in " in err
    assert "--output" in err
    assert "--overwrite" in err
    code, out, _ = run(*command, "--model", atr_model, "--device", "cpu", "--overwrite")
    assert code == 0
    assert "7 maps written" in out
    assert json.loads((tree / "maps" / "label_system.json").read_text())["system"] == "atr"


def test_what_is_no_image_is_named_and_the_others_are_made(run, tree, onnx_model):
    os.mkfifo(tree / "images" / "pipe.jpg")
    (tree / "images" / "zero.jpg").symlink_to("/dev/zero")
    (tree / "images" / "empty.jpg").write_bytes(b"")
    (tree / "images" / "folder.jpg").mkdir()
    code, out, err = run("--images", tree / "images", "--output", tree / "maps", *onnx_model)
    assert code == 1
    assert "7 maps written, 0 were there, 4 images cannot be read" in out
    for name, reason in (("pipe", "a named pipe"), ("zero", "a device"), ("folder", "a folder")):
        assert f"{name}.jpg cannot be read: it is {reason}" in err
    assert "empty.jpg cannot be read" in err


@pytest.mark.parametrize("name", ["é 人", "a\nb", "\x1b[2Jx", os.fsdecode(b"\xff"), "n" * 250])
def test_names_of_all_kinds(run, tmp_path, onnx_model, name):
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (8, 16)).save(folder / f"{name}.jpg", format="JPEG")
    command = ("--images", folder, "--output", tmp_path / "maps", *onnx_model)
    assert run(*command)[0] == 0
    assert read_label_png(tmp_path / "maps" / f"{name}.png").shape == (16, 8)
    (folder / f"{name}.jpg").write_bytes(b"no image")
    (tmp_path / "maps" / f"{name}.png").unlink()
    code, _, err = run(*command)
    assert code == 1
    assert set("\x1b\udcff").isdisjoint(err)
    assert "a\nb.jpg" not in err
    err.encode("utf-8")


def test_a_folder_that_leads_back_to_itself(run, tree, onnx_model):
    (tree / "images" / "sub" / "loop").symlink_to("..")
    code, _, err = run("--images", tree / "images", "--output", tree / "maps", *onnx_model)
    assert code == 2
    assert "a link leads back to a folder that it lies in" in err


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_model_that_is_none(run, tree, onnx_model, content):
    path = tree / "spoiled.onnx"
    with open(onnx_model[1], "rb") as file:
        path.write_bytes(file.read()[:200] if content is None else content)
    code, _, err = run("--images", tree / "images", "--output", tree / "maps", "--model", path)
    assert code == 2
    assert err.startswith(f"error: {path} cannot be loaded by onnxruntime")
    assert not (tree / "maps").exists()


@pytest.mark.parametrize("place", ["file", "in a file", "nowhere"])
def test_an_output_that_cannot_be_written(run, tree, onnx_model, place):
    (tree / "file").write_text("x")
    output = {"file": tree / "file", "in a file": tree / "file" / "maps", "nowhere": "/proc/self/maps_of_mine"}[place]
    code, _, err = run("--images", tree / "images", "--output", output, *onnx_model)
    assert code == 2
    assert err.splitlines()[-1].startswith("error: ")
    assert str(output) in err
