import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from rendered_people import RenderingError, render_benchmark
from rendered_people.folder.benchmark import _LEAST_BYTES
from rendered_people.folder.files import Shelf, encoded
from rendered_people.folder.lock import locked
from rendered_people.folder.parameters import BenchmarkParameters
from rendered_people.folder.sites import benchmark_sites
from rendered_people.studio import Studio


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_pixels_maps_and_lists_are_those_of_the_first_version(tiny):
    """0.1.0 rendered the same; of pixels, since other libraries may compress them into other bytes.

    The JPEGs of PRCC's layout, which lose some, show what the PNGs of LTCC's show.
    """
    folder, _ = tiny
    digest = hashlib.sha256()
    files = sorted(
        path.relative_to(folder).as_posix() for path in folder.glob("*/**/*") if path.suffix in (".png", ".txt")
    )
    for name in files:
        path = folder / name
        digest.update(f"{name} ".encode())
        if path.suffix == ".txt":
            digest.update(path.read_bytes())
        else:
            with Image.open(path) as image:
                pixels = np.asarray(image)
            digest.update(f"{pixels.shape} {pixels.dtype} ".encode() + pixels.tobytes())
    assert len(files) == 24 + 2 * 48 + 4
    assert digest.hexdigest() == "88bf3a059f7f59d1389b53e1283b9d84af38f19372e2f03333a8e8efefe7d7a3"


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

    def until_killed(self, *arguments, **options):
        if len(taken) == 20:
            raise KeyboardInterrupt
        taken.append(arguments)
        return photograph(self, *arguments, **options)

    monkeypatch.setattr(Studio, "photograph", until_killed)
    with pytest.raises(KeyboardInterrupt):
        render_benchmark(tmp_path / "killed", workers=1, **tiny_parameters)
    assert json.loads((tmp_path / "killed/manifest.json").read_text())["complete"] is False
    monkeypatch.setattr(Studio, "photograph", lambda self, *a, **o: taken.append(a) or photograph(self, *a, **o))
    render_benchmark(tmp_path / "killed", workers=1, **tiny_parameters)
    assert len(taken) == len(set(taken)) == 48
    assert hashes(tmp_path / "killed") == hashes(tiny[0])


@pytest.fixture
def no_rendering(monkeypatch):
    monkeypatch.setattr("rendered_people.folder.benchmark.render_shots", lambda *_: pytest.fail("rendered again"))


def test_a_finished_folder_is_returned_without_rendering(copy, tiny, tiny_parameters, no_rendering):
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert render_benchmark(copy, **tiny_parameters) == tiny[1]
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


def lose(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGED = (
    "prcc/rgb/test/C/004/cropped_rgb001.jpg",
    "prcc/parsing/train/001/B_cropped_rgb001.png",
    "LTCC_ReID/query/002_2_c3_000001.png",
)


@pytest.mark.parametrize("damage", [lose, empty, cut, flip])
def test_what_a_finished_folder_lost_is_told_and_rendered_again(copy, tiny, tiny_parameters, damage):
    for path in DAMAGED:
        damage(copy / path)
    with pytest.warns(UserWarning, match=r"^3 of 144 images and maps .* \(the first is LTCC.*/002_2_c3_000001.png\)"):
        manifest = render_benchmark(copy, workers=1, **tiny_parameters)
    assert manifest == tiny[1]
    assert hashes(copy) == hashes(tiny[0])


def test_small_files_are_written_again_without_rendering(copy, tiny, tiny_parameters, monkeypatch):
    for lost in ("prcc/parsing/label_system.json", "LTCC_ReID/info/cloth-change_id_test.txt"):
        (copy / lost).unlink()
    (copy / "LTCC_ReID/parsing/label_system.json").write_text("{}")
    monkeypatch.setattr(Studio, "photograph", lambda *_: pytest.fail("rendered again"))
    assert render_benchmark(copy, workers=1, **tiny_parameters) == tiny[1]
    assert hashes(copy) == hashes(tiny[0])


class TestFoldersWithoutChecksums:
    """As versions before 0.2.0 wrote them."""

    @pytest.fixture
    def old(self, copy):
        (copy / "SHA256SUMS").unlink()
        return copy

    def test_they_are_recognised_and_returned(self, old, tiny, tiny_parameters, no_rendering):
        assert render_benchmark(old, **tiny_parameters) == tiny[1]

    def test_what_is_no_image_any_more_is_rendered_again(self, old, tiny, tiny_parameters):
        for path in DAMAGED:
            empty(old / path)
        with pytest.warns(UserWarning, match="3 of 144 images"):
            render_benchmark(old, workers=1, **tiny_parameters)
        assert hashes(old) == hashes(tiny[0])

    def test_what_is_another_image_is_refused(self, old, tiny_parameters):
        for path in DAMAGED:
            flip(old / path)
        before = hashes(old)
        with pytest.raises(RenderingError, match="not as they were rendered, and no SHA256SUMS of theirs says which"):
            render_benchmark(old, workers=1, **tiny_parameters)
        assert hashes(old) == before

    def test_what_is_another_image_is_refused_beside_what_is_none(self, old, tiny_parameters):
        flip(old / DAMAGED[0])
        empty(old / DAMAGED[2])
        with (
            pytest.warns(UserWarning, match="^1 of 144 images and maps"),
            pytest.raises(RenderingError, match="is still not as it was"),
        ):
            render_benchmark(old, workers=1, **tiny_parameters)

    def test_checksums_that_belong_to_other_images_prove_nothing(self, copy, tiny_parameters):
        flip(copy / DAMAGED[0])
        sums = hashes(copy)
        text = "".join(f"{sums[line[66:]]}  {line[66:]}\n" for line in (copy / "SHA256SUMS").read_text().splitlines())
        (copy / "SHA256SUMS").write_text(text)
        with pytest.raises(RenderingError, match="no SHA256SUMS of theirs says which"):
            render_benchmark(copy, workers=1, **tiny_parameters)


def test_an_unfinished_folder_keeps_no_empty_file(copy, tiny, tiny_parameters):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "complete": False}))
    empty(copy / DAMAGED[0])
    cut(copy / DAMAGED[1])
    render_benchmark(copy, workers=1, **tiny_parameters)
    assert hashes(copy) == hashes(tiny[0])


def test_what_dead_runs_left_behind_is_gone_before_work_begins(copy, tiny_parameters, monkeypatch):
    lose(copy / DAMAGED[0])
    (copy / ".partial").mkdir()
    (copy / ".partial/1-half.png").write_bytes(b"half an image")

    def interrupted(*_):
        assert [path.name for path in (copy / ".partial").iterdir()] == ["lock"]
        raise KeyboardInterrupt

    monkeypatch.setattr("rendered_people.folder.benchmark.render_shots", interrupted)
    with pytest.warns(UserWarning, match="1 of 144"), pytest.raises(KeyboardInterrupt):
        render_benchmark(copy, workers=1, **tiny_parameters)
    assert not (copy / ".partial").exists()


def test_two_runs_in_one_folder_are_refused(copy, tiny, tiny_parameters):
    lose(copy / DAMAGED[0])
    with locked(Shelf(copy)), pytest.raises(RenderingError, match="another process is rendering into"):
        render_benchmark(copy, workers=1, **tiny_parameters)
    with locked(Shelf(tiny[0])):
        assert render_benchmark(tiny[0], **tiny_parameters) == tiny[1], "a finished folder may be asked for at any time"


def test_what_surely_does_not_fit_on_the_disk_is_refused_first(tmp_path, tiny_parameters, monkeypatch, no_rendering):
    monkeypatch.setattr("shutil.disk_usage", lambda _: (10**9, 10**9, 10**5))
    with pytest.raises(RenderingError, match=r"72 images and their maps need more than \d+ MB, and .* has 0 MB left"):
        render_benchmark(tmp_path / "small", workers=1, **{**tiny_parameters, "height": 1024, "width": 512})
    assert list((tmp_path / "small").iterdir()) == []


def test_no_rendering_is_smaller_than_what_is_taken_for_the_least(tiny):
    for path in tiny[0].rglob("*.*"):
        if path.suffix in (".png", ".jpg") and path.name != "contact_sheet.png":
            kind = "map" if "parsing" in path.parts else path.suffix
            assert path.stat().st_size > 64 * 32 * _LEAST_BYTES[kind]


def test_large_renderings_are_not_smaller_either(studio, tmp_path):
    image, labels = studio.photograph(0, 0, 0, 0, 1024, 512)
    shelf = Shelf(tmp_path)
    for name, pixels, kind in (("a.jpg", image, ".jpg"), ("a.png", image, ".png"), ("map.png", labels, "map")):
        shelf.write(name, encoded(pixels, name[-4:]))
        assert (tmp_path / name).stat().st_size > 1024 * 512 * _LEAST_BYTES[kind]


SITES = {"layouts": ["ltcc"], "sites": 2, "unseen_sites": 1}


@pytest.fixture(scope="module")
def several(rendered_body, tiny_parameters, tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    return folder, render_benchmark(folder, workers=1, **{**tiny_parameters, **SITES})


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_of_several_sites_is_the_site_of_the_seed(several, tiny):
    for part in ("train", "query", "test"):
        for folder in (f"LTCC_ReID/{part}", f"LTCC_ReID/parsing/{part}"):
            for name in names(tiny[0] / folder):
                if name.endswith("png"):
                    assert (several[0] / folder / name).read_bytes() == (tiny[0] / folder / name).read_bytes()


def test_a_site_is_what_its_seed_renders_alone(several, tiny_parameters, tmp_path):
    parameters = BenchmarkParameters(**{k: v for k, v in {**tiny_parameters, **SITES}.items() if k != "progress"})
    second, unseen = benchmark_sites(parameters)[1:]
    render_benchmark(tmp_path, workers=1, **{**tiny_parameters, "layouts": ["ltcc"], "seed": second.seed})
    base, alone = several[0] / "LTCC_ReID", tmp_path / "LTCC_ReID"
    for part, first in (("train", 4), ("query", 4), ("test", 4)):
        for path in (alone / part).iterdir():
            pid, outfit, camera, frame = path.name.split("_")
            name = f"{int(pid) + first:03d}_{outfit}_c{int(camera[1:]) + 3}_{frame}"
            assert (base / part / name).read_bytes() == path.read_bytes()
            assert (base / "parsing" / part / name).read_bytes() == (alone / "parsing" / part / path.name).read_bytes()
    assert unseen.seed not in (0, second.seed)


def test_people_of_unseen_sites_are_a_test_set_of_their_own(several):
    base = several[0] / "LTCC_ReID"
    assert {name[:3] for name in names(base / "train")} == {"000", "001", "004", "005"}
    for part in ("query", "test"):
        assert {name[:3] for name in names(base / part)} == {"002", "003", "006", "007"}
        unseen = names(base / f"{part}_unseen_sites")
        assert {name[:3] for name in unseen} == {"012", "013"}
        assert {name.split("_")[2] for name in unseen} == {"c7", "c8", "c9"}
        assert names(base / "parsing" / f"{part}_unseen_sites") == unseen
    assert len(names(base / "query_unseen_sites")) == 2 * 2 * 3


def test_the_card_and_the_manifest_speak_of_sites_only_where_there_are_several(several, tiny):
    assert "2 that training sees, 1 that it never sees" in (several[0] / "README.md").read_text()
    assert "--sites 2 --unseen-sites 1" in (several[0] / "README.md").read_text()
    assert "site" not in (tiny[0] / "README.md").read_text()
    assert "site" not in (tiny[0] / "manifest.json").read_text()
    assert several[1]["parameters"]["sites"] == 2


def test_a_folder_of_other_sites_is_refused(several, copy, tiny_parameters):
    with pytest.raises(RenderingError, match="sites is 1 there and 2 here; unseen_sites is 0 there and 1 here"):
        render_benchmark(copy, **{**tiny_parameters, "sites": 2, "unseen_sites": 1})
    with pytest.raises(RenderingError, match="unseen_sites is 1 there and 0 here"):
        render_benchmark(several[0], **{**tiny_parameters, **SITES, "unseen_sites": 0})


def test_layouts_in_another_order_are_the_same_benchmark(copy, tiny, tiny_parameters):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["parameters"]["layouts"] = ["ltcc", "prcc"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert render_benchmark(copy, **tiny_parameters) == manifest
    assert render_benchmark(tiny[0], **{**tiny_parameters, "layouts": ["ltcc", "prcc"]}) == tiny[1]


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
