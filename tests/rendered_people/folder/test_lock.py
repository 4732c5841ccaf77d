import subprocess
import sys

import pytest

from rendered_people import RenderingError
from rendered_people.folder.files import Shelf
from rendered_people.folder.lock import locked

HOLD = """
import sys
from rendered_people.folder.files import Shelf
from rendered_people.folder.lock import locked
with locked(Shelf(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "folder")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_folder_is_held_by_one_process_and_free_when_that_is_killed(tmp_path, holder):
    shelf = Shelf(tmp_path / "folder")
    with pytest.raises(RenderingError, match="another process is rendering into .*folder; wait"), locked(shelf):
        pytest.fail("two processes hold the folder")
    holder.kill()
    holder.wait()
    with locked(shelf):
        assert list(shelf.root.iterdir())


def test_a_lock_leaves_nothing_behind_not_even_after_an_error(tmp_path):
    shelf = Shelf(tmp_path / "folder")
    for _ in range(2):
        with pytest.raises(KeyError), locked(shelf):
            raise KeyError
        assert list(shelf.root.iterdir()) == []
