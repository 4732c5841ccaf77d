import errno
import os
import subprocess
import sys

import pytest
import torch

from datasets_ext import DatasetError, MissingParsingMapError, UserError
from datasets_ext.command import REFUSED, printable, run, user_sentence


def fails(error):
    raise error


def test_a_command_ends_with_its_own_exit_code():
    assert run(lambda: None) == 0
    assert run(lambda status: status, 1) == 1


def test_a_mistake_is_one_sentence(capsys):
    assert run(fails, DatasetError("x.jpg is no image; copy it again")) == REFUSED == 2
    assert capsys.readouterr() == ("", "error: x.jpg is no image; copy it again\n")


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError("x"), FileNotFoundError("a.txt"), OSError()])
def test_a_fault_of_ours_keeps_its_traceback(error):
    with pytest.raises(type(error)) as raised:
        run(fails, error)
    assert raised.value is error


def test_what_the_system_says_of_a_path(capsys, tmp_path):
    assert run(open, tmp_path / "absent" / "x.txt") == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/absent/x.txt: No such file or directory\n"
    assert run(open, tmp_path) == 2
    assert "Is a directory" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_names_no_file(capsys):
    def write():
        with open("/dev/full", "w") as file:
            file.write("x")

    assert run(write) == 2
    assert capsys.readouterr().err.startswith("error: No space left on device")


def test_other_errors_of_the_system_are_faults():
    assert user_sentence(OSError(errno.EBADF, "Bad file descriptor", "x")) is None
    assert user_sentence(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")) is None


def test_control_characters_are_shown_as_such(capsys):
    # ESC [ 2 J clears a terminal; U+202E turns what follows around.
    run(fails, UserError("a\x1b[2J\r\x9b\u202eb\tc é 人\nsecond line"))
    assert capsys.readouterr().err == "error: a\\x1b[2J\\r\\x9b\\u202eb\\tc é 人\nsecond line\n"
    assert printable(os.fsdecode(b"\xff.jpg")) == "\\udcff.jpg"


class Damaged(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        try:
            raise OSError("inner")
        except OSError as error:
            raise MissingParsingMapError(f"image {index} has no map.\nMake it: RuntimeError: no joke") from error


def test_of_a_loader_s_worker_only_the_sentence_is_shown(capsys):
    loader = torch.utils.data.DataLoader(Damaged(), num_workers=1)
    with pytest.raises(MissingParsingMapError, match="Traceback"):
        next(iter(loader))
    assert run(lambda: next(iter(loader))) == 2
    assert capsys.readouterr().err == "error: image 0 has no map.\nMake it: RuntimeError: no joke\n"


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
        ("[print('x' * 1000) for _ in range(1000)]", 141, ""),
    ],
)
def test_interrupted_or_unread_it_ends_without_a_traceback(code, status, said, tmp_path):
    (tmp_path / "command.py").write_text(
        # Without the host, whose imports take longer than all else.
        "import sys\nsys.modules['fastreid'] = None\n"
        f"from datasets_ext.command import run\ndef main():\n    {code}\nsys.exit(run(main))\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "command.py"], cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=300
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (status, said)
