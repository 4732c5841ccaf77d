import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rendered_people import RenderingError, render_benchmark
from rendered_people.disturb import KINDS, disturb
from rendered_people.folder.files import Shelf

QUIET = {"workers": 1, "progress": False}


def files(folder):
    """Content of all files, by relative path, links followed."""
    return {
        os.path.relpath(os.path.join(parent, name), folder): Path(parent, name).read_bytes()
        for parent, _, names in os.walk(folder, followlinks=True)
        for name in names
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_layout_stays_training_images_stay_and_evaluation_images_change(kind, tiny, tmp_path):
    manifest = disturb(tiny[0], tmp_path / "out", kind=kind, strength=3, **QUIET)
    before, after = files(tiny[0]), files(tmp_path / "out")
    in_layouts = {path for path in before if path.startswith(("prcc", "LTCC_ReID"))}
    assert set(after) == {*in_layouts, "manifest.json"}
    changed = {path for path in in_layouts if before[path] != after[path]}
    assert changed
    assert all("/test/" in path or "/query/" in path for path in changed)
    assert {"/parsing/" in path for path in changed} == {
        maps for maps in (False, True) if (KINDS[kind].changes_map if maps else KINDS[kind].changes_image)
    }
    assert manifest["disturbance"] == {
        "kind": kind,
        "strength": 3,
        "seed": 0,
        "sites": "all",
        "source": tiny[1]["digest"],
    }
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    for path in changed:
        with Image.open(tmp_path / "out" / path) as image:
            assert image.size == (32, 64)
    assert not (tmp_path / "out" / ".partial").exists()


def test_layouts_show_the_same_disturbance_of_a_shot(tiny, tmp_path):
    disturb(tiny[0], tmp_path / "out", kind="crop", strength=2, **QUIET)
    maps = [
        np.asarray(Image.open(tmp_path / "out" / path))
        for path in ("prcc/parsing/test/A/003/cropped_rgb001.png", "LTCC_ReID/parsing/query/002_1_c1_000001.png")
    ]
    np.testing.assert_array_equal(*maps)


def test_a_stopped_run_goes_on_to_the_same_bytes_and_a_damaged_file_is_made_again(tiny, tmp_path, monkeypatch):
    whole = disturb(tiny[0], tmp_path / "whole", kind="low-light", strength=1, **QUIET)
    write, count = Shelf.write, []

    def stops(self, path, content):
        count.append(path)
        if len(count) == 9:
            raise KeyboardInterrupt
        write(self, path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "write", stops)
        with pytest.raises(KeyboardInterrupt):
            disturb(tiny[0], tmp_path / "out", kind="low-light", strength=1, **QUIET)
    assert disturb(tiny[0], tmp_path / "out", kind="low-light", strength=1, **QUIET) == whole
    assert files(tmp_path / "out") == files(tmp_path / "whole")

    (tmp_path / "out/prcc/rgb/test/A/003/cropped_rgb001.jpg").write_bytes(b"")
    (tmp_path / "out/LTCC_ReID/train").unlink()
    assert disturb(tiny[0], tmp_path / "out", kind="low-light", strength=1, **QUIET) == whole
    assert files(tmp_path / "out") == files(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "write", lambda *_: pytest.fail("a finished folder is not written to"))
        assert disturb(tiny[0], tmp_path / "out", kind="low-light", strength=1, **QUIET) == whole


def test_one_layout_alone(tiny, tmp_path):
    disturb(tiny[0], tmp_path / "out", kind="blur", strength=1, layouts=["prcc"], **QUIET)
    assert sorted(os.listdir(tmp_path / "out")) == ["manifest.json", "prcc"]


def test_seeds_differ(tiny, tmp_path):
    for seed in (0, 1):
        disturb(tiny[0], tmp_path / str(seed), kind="occlusion", strength=1, seed=seed, layouts=["prcc"], **QUIET)
    path = "prcc/rgb/test/A/003/cropped_rgb001.jpg"
    assert (tmp_path / "0" / path).read_bytes() != (tmp_path / "1" / path).read_bytes()


def test_without_links_files_are_copied(tiny, tmp_path, monkeypatch):
    def refuses(*_, **__):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuses)
    disturb(tiny[0], tmp_path / "out", kind="hats", strength=1, **QUIET)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_symlink()]
    assert set(files(tmp_path / "out")) >= {path for path in files(tiny[0]) if path.startswith("prcc")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "fog"}, "kind is 'fog'; it must be one of blur, low-light"),
        ({"strength": 4}, "strength is 4; it must be one of 1, 2, 3"),
        ({"sites": "none"}, "sites is 'none'; it must be one of all, seen, unseen"),
        ({"sites": "unseen"}, "the benchmark has none"),
        ({"seed": -1}, "seed is -1; it must be a whole number"),
        ({"layouts": ["ccvid"]}, "layouts are ccvid; the source has prcc, ltcc alone"),
        ({"workers": 0}, "workers is 0"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(options, message, tiny, tmp_path):
    with pytest.raises(RenderingError, match=message):
        disturb(tiny[0], tmp_path / "out", **{"kind": "blur", "strength": 1, **QUIET, **options})
    assert not (tmp_path / "out").exists()


def test_other_folders_are_refused_and_left_as_they_are(tiny, tiny_parameters, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(RenderingError, match="holds no finished benchmark"):
        disturb(tmp_path, out, kind="blur", strength=1, **QUIET)
    with pytest.raises(RenderingError, match="is in the source .*; name a folder beside it"):
        disturb(tiny[0], tiny[0] / "out", kind="blur", strength=1, **QUIET)
    disturb(tiny[0], out, kind="blur", strength=1, layouts=["prcc"], **QUIET)
    before = files(out)
    with pytest.raises(RenderingError, match="is disturbed itself"):
        disturb(out, tmp_path / "other", kind="blur", strength=1, **QUIET)
    for other in ({"strength": 2}, {"seed": 1}, {"layouts": ["ltcc"]}):
        with pytest.raises(RenderingError, match="holds another benchmark .*nothing was changed"):
            disturb(tiny[0], out, **{"kind": "blur", "strength": 1, "layouts": ["prcc"], **QUIET, **other})
    with pytest.raises(RenderingError, match="other parameters"):
        render_benchmark(out, workers=1, **{**tiny_parameters, "layouts": ["prcc"]})
    assert files(out) == before
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(RenderingError, match="is not empty and holds no disturbed benchmark"):
        disturb(tiny[0], tmp_path / "full", kind="blur", strength=1, **QUIET)


def test_a_damaged_source_is_named(tiny, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(tiny[0], source)
    (source / "prcc/rgb/test/A/003/cropped_rgb001.jpg").write_bytes(b"no image")
    with pytest.raises(
        RenderingError, match=r"cropped_rgb001.jpg is missing or damaged .*render into that folder again"
    ):
        disturb(source, tmp_path / "out", kind="blur", strength=1, **QUIET)
