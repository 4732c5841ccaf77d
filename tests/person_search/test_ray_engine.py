import os
import shutil
import sys
from types import SimpleNamespace

import pytest

from person_search import Gallery, LabelPattern, MissingPackageError, PhotoLabels, load_model
from person_search.embedding import EmbedderOptions
from person_search.errors import EngineError
from person_search.ray_engine import _RAY_VARIABLES, _ray, index_folder_with_ray, start_ray


@pytest.fixture(scope="module")
def ray():
    """Ray on this machine, for all tests."""
    ray = pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in _RAY_VARIABLES.items():
            patch.setenv(variable, value)
        try:
            start_ray(ray, num_cpus=2, object_store_memory=100 * 2**20)
        except EngineError as error:
            pytest.skip(f"Ray's own processes do not start on this machine: {error}")
        yield ray
        ray.shutdown()


@pytest.mark.slow
def test_the_same_gallery_as_without_ray(ray, uri, tmp_path, model_path, people, pattern):
    from person_search.embedding import Embedder
    from person_search.indexing import index_folder

    folder = shutil.copytree(people, tmp_path / "photos")
    shutil.copy(next((folder / "north").iterdir()), folder / "north" / "p7_coat_20261124-153000_0.png")
    (folder / "north" / "p8_coat_20261124-153000_0.png").write_bytes(b"no image")
    (folder / "north" / "unlabelled.png").write_bytes(b"no image")
    model, labeller = load_model(model_path), LabelPattern(pattern)
    with Gallery(str(tmp_path / "local.db"), model) as gallery:
        index_folder(gallery, folder, Embedder(model), labeller)
        expected = {picture.id: picture for picture in gallery.labelled(100)[0]}
    with Gallery(uri, model) as gallery:
        options = EmbedderOptions(model_path)
        done = index_folder_with_ray(gallery, folder, options, labeller, batch_size=5, workers=2)
        assert done.added.new == len(gallery) == 24
        assert sum("unlabelled.png does not fit" in message for message in done.failed) == 1
        assert sum("p8_coat_20261124-153000_0.png cannot be read" in message for message in done.failed) == 1
        assert len(done.failed) == 2
        found, vectors = gallery.labelled(100)
        # The picture that lies there twice is there once, with the labels of either file.
        assert {picture.id for picture in found} == expected.keys()
        assert sum(picture == expected[picture.id] for picture in found) >= 23
        assert vectors == pytest.approx(gallery.vectors([picture.id for picture in found]))
        # Of what is there nothing is embedded again: no model is asked for.
        again = index_folder_with_ray(gallery, people, EmbedderOptions("absent.onnx"), lambda path: PhotoLabels())
        assert (again.added.new, again.failed, len(gallery)) == (0, [], 24)


def test_ray_on_this_machine_tells_nobody(monkeypatch):
    """Ray is started without its page and its reports, and ended again, also after a fault."""
    pytest.importorskip("ray")
    calls = []
    fake = SimpleNamespace(
        is_initialized=lambda: False,
        init=lambda **options: calls.append((options["include_dashboard"], os.environ["RAY_USAGE_STATS_ENABLED"])),
        shutdown=lambda: calls.append("ended"),
    )
    monkeypatch.setattr("person_search.ray_engine.require_package", lambda *arguments: fake)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    with pytest.raises(ZeroDivisionError), _ray():
        raise ZeroDivisionError
    assert calls == [(False, "0"), "ended"]
    # A cluster that is connected already is left alone.
    fake.is_initialized = lambda: True
    with _ray():
        pass
    assert len(calls) == 2


def test_a_busy_machine_is_tried_again(monkeypatch):
    calls = []

    def init(**options):
        calls.append("init")
        if len(calls) < fails:
            raise Exception("The current node timed out during startup.")  # noqa: TRY002

    fake = SimpleNamespace(init=init, shutdown=lambda: calls.append("ended"))
    for variable in _RAY_VARIABLES:
        monkeypatch.setenv(variable, "1")
    fails = 4
    start_ray(fake)
    assert calls == ["init", "ended", "init", "ended", "init"]
    calls.clear()
    fails = 100
    with pytest.raises(EngineError, match="does not start .*timed out.*RAY_ADDRESS"):
        start_ray(fake)
    assert calls == ["init", "ended"] * 3


def test_without_ray(gallery, people, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(MissingPackageError, match=r"--engine ray needs the package ray.data.*\[ray\]"):
        index_folder_with_ray(gallery, people, EmbedderOptions("m.onnx"), lambda path: PhotoLabels())
    with pytest.raises(ValueError, match="at least 1 each"):
        index_folder_with_ray(gallery, people, EmbedderOptions("m.onnx"), lambda path: PhotoLabels(), workers=0)
