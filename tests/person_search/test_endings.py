import os
import subprocess
import sys

import pytest

from person_search import GalleryError
from person_search.endings import printable, run


def raising(error):
    def command():
        raise error

    return command


def test_exit_codes():
    assert run(lambda: None) == 0
    assert run(lambda code: code, 1) == 1
    assert run(raising(KeyboardInterrupt())) == 130


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (GalleryError("no\x1b gallery"), "error: no\\x1b gallery\n"),
        (PermissionError(13, "Permission denied", "/x/y"), "error: /x/y: Permission denied\n"),
    ],
)
def test_a_mistake_is_one_sentence(error, sentence, capsys):
    assert run(raising(error)) == 2
    assert capsys.readouterr().err == sentence


def test_what_ifd_says_is_a_sentence_too(capsys):
    datasets_ext = pytest.importorskip("datasets_ext")
    assert run(raising(datasets_ext.ImageFileError("no image"))) == 2
    assert capsys.readouterr().err == "error: no image\n"


def test_faults_of_ours_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)


def test_nobody_reads_what_it_prints():
    program = "import sys; from person_search.endings import run\nsys.exit(run(lambda: print('x' * 10**6, flush=True)))"
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run([sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_printable():
    assert printable("ü \n\t\x1b\udcff") == "ü \n\\t\\x1b\\udcff"
