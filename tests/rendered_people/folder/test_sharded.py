import io
import json
import warnings

import pytest
from PIL import Image

from rendered_people import RenderingError, render_benchmark
from rendered_people.folder.workers import _Renderer


@pytest.fixture
def again(tiny_parameters):
    """Renders the same into a folder."""
    return lambda folder: render_benchmark(folder, workers=1, shards=12, **tiny_parameters)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def copied(sharded, folder):
    for name, content in contents(sharded[0]).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_digest_is_that_of_the_folder_of_files(sharded, tiny):
    assert sharded[1]["digest"] == tiny[1]["digest"]
    assert sharded[1]["images"] == tiny[1]["images"]
    assert sharded[1]["parameters"] == {**tiny[1]["parameters"], "shards": 12}
    names = sorted(path.name for path in (sharded[0] / "shards").iterdir())
    assert [name for name in names if name.startswith("prcc-train")] == [
        "prcc-train-000000.tar",
        "prcc-train-000001.tar",
    ]
    assert {"index.npz", "information.tar"} < set(names)
    assert sorted(path.name for path in sharded[0].iterdir()) == ["README.md", "SHA256SUMS", "manifest.json", "shards"]
    assert "shards/index.npz" in (sharded[0] / "README.md").read_text()


def test_a_killed_run_ends_with_the_same_bytes(sharded, again, tmp_path, monkeypatch):
    samples, count = _Renderer._samples, []

    def stops(self, task):
        for sample in samples(self, task):
            count.append(sample)
            if len(count) == 20:
                raise KeyboardInterrupt
            yield sample

    monkeypatch.setattr(_Renderer, "_samples", stops)
    folder = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        again(folder)
    assert not json.loads((folder / "manifest.json").read_text())["complete"]
    assert (folder / "shards/ltcc-train-000000.tar").exists()
    assert not (folder / "shards/ltcc-train-000001.tar").exists()
    monkeypatch.setattr(_Renderer, "_samples", lambda self, task: count.append(0) or samples(self, task))
    # As a power cut leaves it.
    (folder / "shards/prcc-train-000000.tar").write_bytes(b"")
    count.clear()
    assert again(folder) == sharded[1]
    assert len(count) == 4, "the first person, whose shard was lost, and those who were not rendered"
    assert contents(folder) == contents(sharded[0])


@pytest.mark.parametrize("name", ["shards/prcc-test-000001.tar", "shards/information.tar", "shards/index.npz"])
def test_a_damaged_shard_is_named_and_made_again(name, sharded, again, tmp_path):
    folder = copied(sharded, tmp_path / "copy")
    damaged = bytearray((folder / name).read_bytes())
    damaged[700] ^= 1
    (folder / name).write_bytes(damaged)
    with pytest.warns(UserWarning, match=rf"1 files in .* are missing or not as they were rendered \({name}\)"):
        assert again(folder) == sharded[1]
    assert contents(folder) == contents(sharded[0])
    (folder / name).unlink()
    with pytest.warns(UserWarning, match=name):
        assert again(folder) == sharded[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert again(folder) == sharded[1]


def test_without_checksums_the_index_finds_what_is_damaged(sharded, again, tmp_path):
    folder = copied(sharded, tmp_path / "copy")
    (folder / "SHA256SUMS").unlink()
    with pytest.warns(UserWarning, match="index"):
        assert again(folder) == sharded[1]
    assert contents(folder) == contents(sharded[0])


def test_a_folder_of_files_is_not_mixed_with_shards(sharded, tiny, tiny_parameters, again):
    with pytest.raises(RenderingError, match="shards is 0 there and 12 here"):
        again(tiny[0])
    with pytest.raises(RenderingError, match="shards is 12 there and 0 here"):
        render_benchmark(sharded[0], workers=1, **tiny_parameters)


def test_webdataset_streams_samples_with_image_map_and_labels(sharded, tiny):
    webdataset = pytest.importorskip("webdataset")
    pattern = str(sharded[0] / "shards/ltcc-train-{000000..000001}.tar")
    samples = list(webdataset.WebDataset(pattern, shardshuffle=False))
    assert len(samples) == 24
    people = set()
    for sample in samples:
        told = json.loads(sample["json"])
        people.add(told["person"])
        assert sample["png"] == (tiny[0] / told["image"]).read_bytes()
        assert sample["parsing.png"] == (tiny[0] / told["parsing"]).read_bytes()
        assert Image.open(io.BytesIO(sample["parsing.png"])).size == (32, 64)
    assert people == {0, 1}
