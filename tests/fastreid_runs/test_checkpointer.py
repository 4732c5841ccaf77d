"""Checkpoints of a folder: the last whole one is found, damaged ones are named, and nothing outside is read."""

import os

import pytest
import torch

from fastreid_runs import CheckpointError, WholeCheckpointer
from fastreid_runs.checkpointer import last_whole_checkpoint, read_entries


@pytest.fixture
def checkpointer(tmp_path):
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return WholeCheckpointer(model, str(tmp_path), optimizer=optimizer)


@pytest.fixture
def three(checkpointer, tmp_path):
    """A folder with checkpoints of epochs 0 to 2, model_0002 the last, and what was said."""
    for epoch in range(3):
        checkpointer.save(f"model_{epoch:04d}", epoch=epoch)
    said = []
    return tmp_path, said, lambda: os.path.basename(last_whole_checkpoint(str(tmp_path), said.append))


def flip(path):
    """200 bytes of its weights, which torch reads as if nothing was."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(byte ^ 1 for byte in content[middle : middle + 200])
    path.write_bytes(content)


def test_the_tagged_one_is_the_last(three):
    _, said, last = three
    assert last() == "model_0002.pth"
    assert said == []


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "\n",
        "model_0009.pth",
        "model_0009.pth\n",
        "../model_0002.pth",
        "{folder}/model_0002.pth",
        "..",
        "a/b.pth",
        "\udcff",
    ],
    ids=repr,
)
def test_a_tag_that_is_no_checkpoint_of_the_folder_is_passed_over(three, tag):
    folder, said, last = three
    (folder / "last_checkpoint").write_bytes(tag.format(folder=folder).encode("utf-8", "surrogateescape"))
    assert last() == "model_0002.pth"
    assert any("last_checkpoint" in sentence for sentence in said)
    assert "newest checkpoint" in said[-1]


def test_a_missing_tag_is_no_loss(three):
    folder, said, last = three
    (folder / "last_checkpoint").unlink()
    assert last() == "model_0002.pth"
    assert len(said) == 1


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "html", "list"])
def test_a_damaged_checkpoint_falls_back_to_the_newest_whole_one(three, damage):
    folder, said, last = three
    for name in ("model_0002.pth", "model_0001.pth"):
        path = folder / name
        if damage == "flip":
            flip(path)
        elif damage == "cut":
            path.write_bytes(path.read_bytes()[:-200])
        elif damage == "list":
            torch.save([1, 2], path)
        else:
            path.write_bytes({"empty": b"", "html": b"<html>404</html>"}[damage])
    assert last() == "model_0000.pth"
    assert any("model_0002.pth" in sentence for sentence in said)
    assert any("model_0001.pth" in sentence for sentence in said)


def test_final_and_best_count_by_their_epoch(checkpointer, three):
    folder, _, last = three
    (folder / "last_checkpoint").unlink()
    checkpointer.save("model_best", epoch=1, metric=3.0)
    assert last() == "model_0002.pth"
    checkpointer.save("model_final", epoch=7, metric=3.0)
    (folder / "last_checkpoint").unlink()
    assert last() == "model_final.pth"
    for name in ("model_final.pth", "model_0002.pth", "model_0001.pth"):
        flip(folder / name)
    assert last() == "model_best.pth"


def test_a_folder_without_a_whole_one_is_not_begun_anew_in_silence(three):
    folder, _, last = three
    for path in folder.glob("model_*.pth"):
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"no whole checkpoint .*model_0002.pth, model_0001.pth, model_0000.pth"):
        last()
    for path in folder.glob("model_*.pth"):
        path.unlink()
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        last()


def test_a_folder_without_checkpoints_has_none(tmp_path):
    assert last_whole_checkpoint(str(tmp_path), pytest.fail) == ""
    assert last_whole_checkpoint(str(tmp_path / "absent"), pytest.fail) == ""
    (tmp_path / "model.pth").write_bytes(b"another file")
    assert last_whole_checkpoint(str(tmp_path), pytest.fail) == ""


def test_resuming_tells_where_it_went_on(checkpointer, three):
    folder, _, _ = three
    flip(folder / "model_0002.pth")
    assert checkpointer.resume_or_load("", resume=True)["epoch"] == 1
    assert os.path.basename(checkpointer.resumed_from) == "model_0001.pth"
    assert checkpointer.has_checkpoint()
    checkpointer.resume_or_load("", resume=False)
    assert checkpointer.resumed_from == ""


def test_a_damaged_file_is_not_loaded(checkpointer, three):
    folder, _, _ = three
    flip(folder / "model_0001.pth")
    for load in (checkpointer.load, read_entries):
        with pytest.raises(CheckpointError, match=r"model_0001.pth is damaged: the checksum"):
            load(str(folder / "model_0001.pth"))


def test_the_best_is_not_the_last(checkpointer, three):
    folder, _, _ = three
    checkpointer.save("model_best", epoch=0)
    assert (folder / "last_checkpoint").read_text() == "model_0002.pth"


def test_checksums_are_written_though_a_program_switched_them_off(checkpointer, tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        checkpointer.save("model_0005", epoch=5)
        assert not torch.serialization.get_crc32_options()
    finally:
        torch.serialization.set_crc32_options(True)
    assert read_entries(str(tmp_path / "model_0005.pth"))["epoch"] == 5


def test_the_newest_are_kept(checkpointer, tmp_path):
    checkpointer.keep = 2
    for epoch in (0, 1, 9999, 10000):
        checkpointer.save(f"model_{epoch:04d}", epoch=epoch)
    checkpointer.save("model_final", epoch=10001)
    assert sorted(os.listdir(tmp_path)) == ["last_checkpoint", "model_10000.pth", "model_9999.pth", "model_final.pth"]
    checkpointer.drop("model_9999")
    checkpointer.drop("model_9999")
    assert "model_9999.pth" not in os.listdir(tmp_path)


def test_an_optimiser_of_another_order_is_refused(checkpointer, tmp_path):
    checkpointer.save("model_0000", epoch=0)
    checkpoint = torch.load(tmp_path / "model_0000.pth", weights_only=True)
    checkpoint["model"] = dict(reversed(checkpoint["model"].items()))
    torch.save(checkpoint, tmp_path / "model_0000.pth")
    with pytest.raises(CheckpointError, match="in another order than this version"):
        checkpointer.load(str(tmp_path / "model_0000.pth"))
    # Its weights alone have no order.
    checkpointer.load(str(tmp_path / "model_0000.pth"), checkpointables=[])
    WholeCheckpointer(torch.nn.Linear(2, 2)).load(str(tmp_path / "model_0000.pth"))
