import hashlib
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from rendered_people import render_benchmark
from rendered_people.studio import Studio


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_prcc_layout_holds_every_view_once(tiny):
    folder, _ = tiny
    rgb = folder / "prcc/rgb"
    training = {p.relative_to(rgb).as_posix() for p in [*rgb.glob("train/*/*"), *rgb.glob("val/*/*")]}
    names = {name.split("/", 1)[1] for name in training}
    assert names == {f"{pid}/{c}_cropped_rgb00{n}.jpg" for pid in ("001", "002") for c in "ABC" for n in (1, 2)}
    assert {p.parent.name for p in rgb.glob("val/*/*")} == {"001", "002"}
    test = {p.relative_to(rgb / "test").as_posix() for p in rgb.glob("test/*/*/*")}
    assert test == {f"{c}/{pid}/cropped_rgb00{n}.jpg" for c in "ABC" for pid in ("003", "004") for n in (1, 2)}


def test_ltcc_layout_holds_every_view_once(tiny):
    folder, _ = tiny
    base = folder / "LTCC_ReID"

    def names(people, frames):
        return {
            f"{pid:03d}_{outfit}_c{camera}_{frame:06d}.png"
            for pid in people
            for outfit in (1, 2)
            for camera in (1, 2, 3)
            for frame in frames
        }

    assert {p.name for p in (base / "train").iterdir()} == names((0, 1), (1, 2))
    assert {p.name for p in (base / "query").iterdir()} == names((2, 3), (1,))
    assert {p.name for p in (base / "test").iterdir()} == names((2, 3), (2,))
    assert (base / "info/cloth-change_id_train.txt").read_text() == "0\n1\n"
    assert (base / "info/cloth-change_id_test.txt").read_text() == "2\n3\n"


def test_every_image_has_a_parsing_map_of_its_size_with_lip_labels(tiny):
    folder, _ = tiny
    pairs = [
        (p, folder / "prcc/parsing" / p.relative_to(folder / "prcc/rgb").with_suffix(".png"))
        for p in (folder / "prcc/rgb").rglob("*.jpg")
    ]
    for split in ("train", "query", "test"):
        pairs += [(p, folder / "LTCC_ReID/parsing" / split / p.name) for p in (folder / "LTCC_ReID" / split).iterdir()]
    assert len(pairs) == 4 * 3 * 2 + 4 * 2 * 3 * 2
    for image_path, parsing_path in pairs:
        with Image.open(image_path) as image, Image.open(parsing_path) as parsing:
            assert image.size == parsing.size == (32, 64)
            assert parsing.mode == "L"
            labels = np.asarray(parsing)
        assert labels.max() < 20
        assert 0.05 < (labels > 0).mean() < 0.9
        assert np.isin(labels, [13, 2, 1, 5, 6, 7]).any(), "a head or a top is in every picture"


def test_both_layouts_show_the_same_image(tiny):
    folder, _ = tiny
    with Image.open(folder / "LTCC_ReID/query/002_2_c3_000001.png") as lossless:
        expected = np.asarray(lossless).astype(int)
    with Image.open(folder / "prcc/rgb/test/C/003/cropped_rgb001.jpg") as compressed:
        assert np.abs(np.asarray(compressed).astype(int) - expected).mean() < 6
    same = [
        folder / "LTCC_ReID/parsing/query/002_2_c3_000001.png",
        folder / "prcc/parsing/test/C/003/cropped_rgb001.png",
    ]
    assert same[0].read_bytes() == same[1].read_bytes()


@pytest.mark.slow
def test_bytes_do_not_depend_on_the_number_of_workers(tiny, tiny_parameters, tmp_path):
    manifest = render_benchmark(tmp_path / "two", workers=2, **tiny_parameters)
    assert manifest["digest"] == tiny[1]["digest"]
    assert hashes(tmp_path / "two") == hashes(tiny[0])


def test_another_seed_gives_other_images(tiny, tiny_parameters, tmp_path):
    other = render_benchmark(tmp_path / "other", workers=1, **{**tiny_parameters, "seed": 1, "layouts": ["prcc"]})
    assert other["digest"] != tiny[1]["digest"]
    path = "prcc/rgb/train/001/B_cropped_rgb001.jpg"
    assert (tmp_path / "other" / path).read_bytes() != (tiny[0] / path).read_bytes()
    assert not (tmp_path / "other" / "LTCC_ReID").exists()


def test_validation_split_shares_training_people_and_no_evaluated_ones(tiny, tiny_parameters, tmp_path):
    folder = tmp_path / "validation"
    render_benchmark(folder, workers=1, **{**tiny_parameters, "split": "validation", "layouts": ["prcc"]})
    train = "prcc/rgb/train/001/B_cropped_rgb001.jpg"
    assert (folder / train).read_bytes() == (tiny[0] / train).read_bytes()
    assert {p.name for p in (folder / "prcc/rgb/test/A").iterdir()} == {"005", "006"}


def test_a_run_goes_on_where_it_was_interrupted(tiny, copy, tiny_parameters):
    expected = hashes(tiny[0])
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest.update(complete=False)
    (copy / "manifest.json").write_text(json.dumps(manifest))
    for lost in ("prcc/rgb/train/001/B_cropped_rgb001.jpg", "LTCC_ReID/parsing/test/003_1_c2_000002.png"):
        (copy / lost).unlink()
    (copy / ".partial").mkdir()
    (copy / ".partial/1-half.png").write_bytes(b"half an image")
    untouched = copy / "LTCC_ReID/train/000_1_c1_000001.png"
    before = untouched.stat().st_mtime_ns
    render_benchmark(copy, workers=1, **tiny_parameters)
    assert hashes(copy) == expected
    assert untouched.stat().st_mtime_ns == before


def test_a_killed_run_goes_on_to_the_same_bytes(tiny, tiny_parameters, tmp_path, monkeypatch):
    photograph = Studio.photograph
    taken = []

    def until_killed(self, *arguments):
        if len(taken) == 20:
            raise KeyboardInterrupt
        taken.append(arguments)
        return photograph(self, *arguments)

    monkeypatch.setattr(Studio, "photograph", until_killed)
    with pytest.raises(KeyboardInterrupt):
        render_benchmark(tmp_path / "killed", workers=1, **tiny_parameters)
    assert json.loads((tmp_path / "killed/manifest.json").read_text())["complete"] is False
    monkeypatch.setattr(Studio, "photograph", lambda self, *a: taken.append(a) or photograph(self, *a))
    render_benchmark(tmp_path / "killed", workers=1, **tiny_parameters)
    assert len(taken) == len(set(taken)) == 48
    assert hashes(tmp_path / "killed") == hashes(tiny[0])


def test_a_finished_folder_is_returned_without_rendering(copy, tiny, tiny_parameters, monkeypatch):
    monkeypatch.setattr("rendered_people.folder.benchmark._render_all", lambda *_: pytest.fail("rendered again"))
    assert render_benchmark(copy, **tiny_parameters) == tiny[1]


def test_files_lost_from_a_finished_folder_are_rendered_again(copy, tiny, tiny_parameters):
    shutil.rmtree(copy / "prcc/rgb/test/C/004")
    render_benchmark(copy, workers=1, **tiny_parameters)
    assert hashes(copy) == hashes(tiny[0])


def test_a_folder_of_other_parameters_is_refused_and_left_alone(copy, tiny_parameters):
    before = hashes(copy)
    with pytest.raises(ValueError, match="seed is 0 there and 7 here.*nothing was changed"):
        render_benchmark(copy, **{**tiny_parameters, "seed": 7})
    assert hashes(copy) == before


def test_a_folder_with_other_files_is_refused(tmp_path, tiny_parameters):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="not empty and holds no benchmark of RenderedPeople"):
        render_benchmark(tmp_path, **tiny_parameters)


def test_worker_count_must_be_positive(tmp_path, tiny_parameters):
    with pytest.raises(ValueError, match="workers is -1"):
        render_benchmark(tmp_path / "x", workers=-1, **tiny_parameters)
    assert not (tmp_path / "x").exists()
