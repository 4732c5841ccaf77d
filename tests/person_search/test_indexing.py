import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from person_search import Gallery, LabelPattern, PhotoError, PhotoLabels, load_model
from person_search.embedding import Embedder
from person_search.indexing import index_folder


class Counting(Embedder):
    """Counts the photos that it embeds."""

    count = 0

    def __call__(self, photos, paths):
        self.count += len(photos)
        return super().__call__(photos, paths)


def unlabelled(path):
    return PhotoLabels()


@pytest.fixture
def folder(people, tmp_path):
    """A copy of the people to change."""
    return shutil.copytree(people, tmp_path / "photos")


def test_a_folder_is_indexed_once(gallery, model, people, pattern, draw):
    embedder = Counting(model)
    done = index_folder(gallery, people, embedder, LabelPattern(pattern), batch_size=7, workers=2)
    assert (done.added, done.failed, embedder.count) == ((24, 0, 0), [], 24)
    again = index_folder(gallery, people, embedder, LabelPattern(pattern), batch_size=5)
    assert (again.added, again.failed, embedder.count) == ((0, 0, 24), [], 24)
    (hit,) = gallery.search(draw(3, 2), top=1)
    picture = hit.picture
    assert hit.score == pytest.approx(1, abs=1e-6)
    assert picture.source == os.path.join(people, "south", "p3_coat_20261124-153000_0.png")
    assert (picture.camera, picture.person, picture.clothes) == ("south", "p3", "p3/coat")
    assert str(picture.time) == "2026-11-24 15:30:00+00:00"
    assert gallery.stats().folders == (str(people),)


def test_photos_that_cannot_be_read_are_named(gallery, model, folder, pattern):
    (folder / "north" / "broken.png").write_bytes(b"no image")
    (folder / "north" / "p9_shirt_20261124-153000_0.png").write_bytes(b"no image")
    os.mkfifo(folder / "north" / "p9_shirt_20261124-153000_1.png")
    (folder / "north" / "p9_shirt_20261399-153000_2.png").write_bytes(b"no image")
    done = index_folder(gallery, folder, Embedder(model), LabelPattern(pattern), batch_size=4)
    assert done.added == (24, 0, 0)
    for message in ("broken.png does not fit", "153000_0.png cannot be read", "is no file", "is not of the form"):
        assert sum(message in one for one in done.failed) == 1, message
    assert len(done.failed) == 4
    assert len(gallery) == 24


def test_new_labels_need_no_new_vectors(gallery, model, people):
    embedder = Counting(model)
    index_folder(gallery, people, embedder, unlabelled)
    done = index_folder(gallery, people, embedder, lambda path: PhotoLabels(camera=path.split("/")[0]))
    assert (done.added, embedder.count) == ((0, 24, 0), 24)
    assert gallery.count_by("camera") == {"north": 12, "south": 12}


def test_a_folder_that_moved_is_found_where_it_is(gallery, model, folder, tmp_path, draw):
    embedder = Counting(model)
    index_folder(gallery, folder, embedder, unlabelled)
    moved = folder.rename(tmp_path / "elsewhere")
    done = index_folder(gallery, moved, embedder, unlabelled)
    assert (done.added, embedder.count) == ((0, 24, 0), 24)
    assert gallery.search(draw(0), top=1)[0].picture.source.startswith(str(moved))


def test_files_of_equal_bytes_are_one_picture(gallery, model, folder):
    shutil.copy(next((folder / "north").iterdir()), folder / "zzz.png")
    done = index_folder(gallery, folder, Embedder(model), unlabelled)
    assert (done.added, len(gallery)) == ((24, 0, 1), 24)


def test_hostile_file_names(gallery, model, tmp_path, draw):
    names = [
        '"; drop.png',
        "a' or 1==1 .png",
        "back\\slash.png",
        "new\nline.png",
        "{}%s.png",
        "ü🙂.png",
        "-rf.png",
        " .png",
    ]
    for number, name in enumerate(names):
        draw(number).save(tmp_path / name)
    with open(os.path.join(os.fsencode(tmp_path), b"\xff.png"), "wb") as file:
        draw(99).save(file, format="PNG")
    done = index_folder(gallery, tmp_path, Embedder(model), unlabelled)
    assert done.added.new == len(names)
    (message,) = done.failed
    assert "no UTF-8" in message
    for number, name in enumerate(names):
        source = str(tmp_path / name)
        assert gallery.search(draw(number), top=1)[0].picture.source == source
        assert gallery.remove(source=source, erase=False) == 1
    assert len(gallery) == 0


def test_the_photos_of_a_table(gallery, model, people):
    paths = ["north/p0_shirt_20261124-153000_0.png", "north/absent.png"]
    done = index_folder(gallery, people, Embedder(model), unlabelled, paths=paths)
    assert done.added.new == 1
    assert "No such file" in done.failed[0]


def test_maps_among_the_photos_are_left_out(gallery, model, folder, draw):
    (folder / "maps").mkdir()
    draw(50).save(folder / "maps" / "1.png")
    assert index_folder(gallery, folder, Embedder(model), unlabelled, leave_out=str(folder / "maps")).added.new == 24


def test_folders_without_photos(gallery, model, tmp_path):
    for folder, message in ((tmp_path / "absent", "no folder"), (tmp_path, "There is no photo below")):
        with pytest.raises(PhotoError, match=message):
            index_folder(gallery, folder, Embedder(model), unlabelled)
    with pytest.raises(ValueError, match="at least 1 each"):
        index_folder(gallery, tmp_path, Embedder(model), unlabelled, batch_size=0)


CHILD = """
import os, signal, sys
from person_search import Gallery, PhotoLabels, load_model
from person_search.embedding import Embedder
from person_search.indexing import index_folder

uri, model, folder, photos = sys.argv[1:]

class Mortal(Embedder):
    left = int(photos)
    def __call__(self, photos, paths):
        if self.left < len(photos):
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= len(photos)
        return super().__call__(photos, paths)

model = load_model(model)
index_folder(Gallery(uri, model), folder, Mortal(model), lambda path: PhotoLabels(), batch_size=5)
"""


def test_a_kill_loses_the_batch_in_flight_alone(uri, model_path, people):
    for survivors in (10, 5):
        ended = subprocess.run([sys.executable, "-c", CHILD, uri, model_path, str(people), str(survivors)])
        assert ended.returncode == -signal.SIGKILL
    model = load_model(model_path)
    with Gallery(uri, model) as gallery:
        assert len(gallery) == 15
        embedder = Counting(model)
        done = index_folder(gallery, people, embedder, unlabelled, batch_size=5)
        assert (done.added, embedder.count, len(gallery)) == ((9, 0, 15), 9, 24)


def test_a_kill_while_a_gallery_is_written_anew(uri, model, people, model_path):
    with Gallery(uri, model) as gallery:
        index_folder(gallery, people, Embedder(model), LabelPattern("{}/{person}_{}"))
    program = f"""
    import os, signal
    from person_search import Gallery
    gallery = Gallery({uri!r})
    gallery._store.rows_a_request = lambda dim: 5
    gallery.remove(person="p2", report=lambda pictures: os.kill(os.getpid(), signal.SIGKILL))
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)])
    assert ended.returncode == -signal.SIGKILL
    with Gallery(uri, model) as gallery:
        assert gallery.stats().to_erase
        assert gallery.count_by("person") == {f"p{person}": 4 for person in (0, 1, 3, 4, 5)}
        gallery.erase()
        assert not gallery.stats().to_erase
        assert gallery.count_by("person") == {f"p{person}": 4 for person in (0, 1, 3, 4, 5)}
