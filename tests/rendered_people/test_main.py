import os
import subprocess
import sys
import time

import pytest

from rendered_people.__main__ import main
from rendered_people.person.body import BodyModel

TINY = ["--people", "4", "--outfits", "2", "--images-per-view", "2", "--height", "64", "--width", "32"]


def refused(capsys, *arguments):
    """What a command that refuses its arguments says: one line on stderr."""
    try:
        status = main(list(map(str, arguments)))
    except SystemExit as exit:
        status = exit.code
    found = capsys.readouterr()
    assert status == 2
    assert found.out == ""
    assert found.err.startswith("rendered_people: ")
    assert found.err.count("\n") == 1
    return found.err[len("rendered_people: ") : -1]


def test_a_finished_folder_is_reported(tiny, capsys):
    folder, manifest = tiny
    assert main(["--output", str(folder), *TINY]) == 0
    assert capsys.readouterr().out == f"RenderedPeople: 48 images in {folder}, digest {manifest['digest'][:16]}\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--people", 2], "people is 2; it must be at least 4: two to train on and two to tell apart"),
        (["--people", 0], "people is 0; it must be at least 4"),
        (["--people", -3], "people is -3; it must be at least 4"),
        (["--people", 10**12], "it must be at most 1,000,000"),
        (["--people", "9" * 5000], "invalid int value"),
        (["--people", "many"], "argument --people: invalid int value: 'many'; --help lists the options"),
        (["--height", 0], "height x width is 0x64; it must be at least 64x32"),
        (["--width", 100_000, "--height", 200_000], "it must be at most 2048x1024"),
        (["--train-share", 2], "train_share is 2.0; it must be between 0 and 1"),
        (["--train-share", "nan"], "train_share is nan; it must be between 0 and 1"),
        (["--layouts", "market"], "argument --layouts: invalid choice: 'market'"),
        (["--layouts"], "argument --layouts: expected at least one argument"),
        (["--split", "train"], "argument --split: invalid choice: 'train'"),
        (["--sites", 0], "sites is 0; it must be at least 1"),
        (["--unseen-sites", -1], "unseen_sites is -1; it must be 0 or more"),
        (["--workers", 0], "workers is 0; it must be at least 1"),
        (["--workers", 10**6], "workers is 1000000; it must be at most"),
        (["--seed", -1], "seed is -1; it must be 0 or more"),
        (["--colour", "red"], "unrecognized arguments: --colour red"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_written(tmp_path, capsys, options, sentence):
    assert sentence in refused(capsys, "--output", tmp_path / "none", *options)
    assert not (tmp_path / "none").exists()


def test_an_output_is_needed(capsys):
    assert "--output" in refused(capsys)
    assert "has no name" in refused(capsys, "--output", "")


def test_an_output_that_is_no_folder_is_refused(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("mine")
    assert "is a file; the output must be a new or empty folder" in refused(capsys, "--output", file)
    assert "Not a directory" in refused(capsys, "--output", file / "below", *TINY)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "loop" in refused(capsys, "--output", tmp_path / "loop", *TINY)
    assert "File name too long" in refused(capsys, "--output", tmp_path / ("long" * 100), *TINY)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_refused(capsys):
    assert "/proc/rendered" in refused(capsys, "--output", "/proc/rendered", *TINY)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder_is_refused(tmp_path, capsys):
    tmp_path.chmod(0o500)
    assert "Permission denied" in refused(capsys, "--output", tmp_path / "none", *TINY)


def test_a_disk_that_fills_up_is_told_with_how_to_go_on(tmp_path, capsys, monkeypatch):
    def full(self, relative, content):
        raise OSError(28, "No space left on device", str(self.root / relative))

    monkeypatch.setattr("rendered_people.folder.files.Shelf.write", full)
    said = refused(capsys, "--output", tmp_path / "full", *TINY)
    assert said == f"No space left on device: {tmp_path}/full/manifest.json; the same command goes on where it stopped"


def test_what_a_terminal_would_obey_is_shown(tmp_path, capsys):
    (tmp_path / "\x1b[2J").write_text("")
    assert "\\x1b[2J is a file" in refused(capsys, "--output", tmp_path / "\x1b[2J")


def test_warnings_are_one_line(copy, tiny, capsys):
    (copy / "prcc/rgb/test/C/004/cropped_rgb001.jpg").write_bytes(b"")
    assert main(["--output", str(copy), "--workers", "1", *TINY]) == 0
    found = capsys.readouterr()
    line = next(line for line in found.err.splitlines() if line.startswith("rendered_people: "))
    assert line == (
        f"rendered_people: 1 of 144 images and maps in {copy} are missing or not as they were rendered "
        "(the first is prcc/rgb/test/C/004/cropped_rgb001.jpg): they are rendered again"
    )
    assert tiny[1]["digest"][:16] in found.out


def test_an_interrupted_run_says_how_to_go_on(tmp_path, capsys, monkeypatch):
    def interrupted(output, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("rendered_people.__main__.render_benchmark", interrupted)
    assert main(["--output", str(tmp_path)]) == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_a_fault_of_ours_keeps_its_traceback(tmp_path, monkeypatch):
    def faulty(output, **options):
        raise ValueError("a fault")

    monkeypatch.setattr("rendered_people.__main__.render_benchmark", faulty)
    with pytest.raises(ValueError, match="a fault"):
        main(["--output", str(tmp_path)])


def test_a_missing_anny_names_the_extra_before_anything_is_written(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(ImportError, match=r'pip install "fastreid-ifd\[render\]"'):
        BodyModel()
    assert 'pip install "fastreid-ifd[render]"' in refused(capsys, "--output", tmp_path / "none", *TINY)
    assert not (tmp_path / "none").exists()


@pytest.mark.slow
def test_a_killed_run_of_two_workers_goes_on_to_the_bytes_of_one(tiny, tmp_path):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "rendered_people", "--output", str(folder), *TINY, "--workers", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while len(list(folder.rglob("*.jpg"))) < 5:
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert '"complete": false' in (folder / "manifest.json").read_text()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert tiny[1]["digest"][:16] in done.stdout
    for path in tiny[0].rglob("*"):
        if path.is_file():
            assert (folder / path.relative_to(tiny[0])).read_bytes() == path.read_bytes()
    assert not (folder / ".partial").exists()
