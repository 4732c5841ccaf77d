"""Files that are whole or absent, told damaged by their checksums, and logs cut where a training goes on."""

import json
import os
import random

import pytest
import torch

from fastreid_runs.whole_files import cut_log, damage


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"model": {f"layer{i}.weight": torch.rand(40, 30) for i in range(5)}, "epoch": 3}, path)
    return path


def test_a_whole_file_is_told_whole(saved, tmp_path):
    assert damage(str(saved)) == ""
    torch.save({"a": torch.zeros(3)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert damage(str(tmp_path / "old.pth")) == ""


@pytest.mark.parametrize("seed", range(30))
def test_flipped_bytes_are_told_or_touch_nothing(saved, seed):
    before = torch.load(saved, weights_only=True)
    content = bytearray(saved.read_bytes())
    choose = random.Random(seed)
    for _ in range(choose.choice((1, 3, 200))):
        content[choose.randrange(len(content))] ^= 1 << choose.randrange(8)
    saved.write_bytes(content)
    if damage(str(saved)):
        return
    try:
        after = torch.load(saved, weights_only=True)
    except Exception:
        return  # torch tells it
    # The bytes between the records carry nothing.
    assert after["epoch"] == before["epoch"]
    assert all(torch.equal(after["model"][name], value) for name, value in before["model"].items())


def test_two_hundred_flipped_bytes_are_told_though_torch_reads_on(saved):
    content = bytearray(saved.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(byte ^ 0xFF for byte in content[middle : middle + 200])
    saved.write_bytes(content)
    torch.load(saved, weights_only=True)
    assert "checksum of its record" in damage(str(saved))


def test_a_file_that_changes_is_read_again(saved):
    whole = saved.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    for content, told in ((whole, False), (damaged, True), (whole, False)):
        saved.write_bytes(content)
        assert bool(damage(str(saved))) == told


def lines(*iterations):
    return "".join(json.dumps({"iteration": iteration, "total_loss": 1.0}) + "\n" for iteration in iterations)


@pytest.mark.parametrize(
    ("content", "iteration", "left"),
    [
        (lines(0, 5, 10), 11, lines(0, 5, 10)),
        (lines(0, 5, 10), 10, lines(0, 5)),
        (lines(0, 5, 10), 0, ""),
        (lines(0, 5) + '{"iteration": 7, "tot', 20, lines(0, 5)),
        (lines(0, 5) + "\0\0\0\n" + lines(6), 20, lines(0, 5)),
        (lines(0, 5, 10, 5, 7), 7, lines(0, 5)),
        ("", 3, ""),
    ],
)
def test_a_log_is_cut_where_it_is_written_again(tmp_path, content, iteration, left):
    path = tmp_path / "metrics.json"
    path.write_text(content)
    with open(path, "a") as writer:
        cut_log(str(path), iteration)
        assert path.read_text() == left
        # A writer that holds it open goes on behind what is left.
        writer.write(lines(99))
    assert path.read_text() == left + lines(99)


def test_a_log_may_be_absent(tmp_path):
    cut_log(str(tmp_path / "metrics.json"), 0)
    assert not os.listdir(tmp_path)
