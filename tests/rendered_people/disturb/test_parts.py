import pytest

from rendered_people import RenderingError
from rendered_people.clothes.unseen import UnseenLooks
from rendered_people.disturb.kinds import KINDS
from rendered_people.disturb.parts import parts_of
from rendered_people.folder.layouts import information_files, planned_files
from rendered_people.folder.parameters import BenchmarkParameters

PARAMETERS = BenchmarkParameters(people=4, outfits=2, images_per_view=2, height=64, width=32, unseen_sites=1)


def below(paths, folder):
    return [path for path in paths if path.startswith(f"{folder}/")]


@pytest.mark.parametrize("name", KINDS)
def test_every_file_is_written_or_linked_once(name):
    looks = UnseenLooks(name, 1 / 3) if KINDS[name].spoil is None else None
    parts = parts_of(PARAMETERS, KINDS[name], "all", looks)
    files = [path for pairs in planned_files(PARAMETERS).values() for pair in pairs for path in pair]
    for path in files:
        linked = [link for link in parts.links if path == link or path.startswith(f"{link}/")]
        assert len(linked) + parts.written.count(path) == 1, path
    assert not [path for path in parts.small if any(path.startswith(f"{link}/") for link in parts.links)]
    assert set(parts.small) > set(information_files(PARAMETERS))


def test_training_images_are_linked_a_folder_at_a_time():
    parts = parts_of(PARAMETERS, KINDS["crop"], "all", None)
    assert parts.links == [
        "LTCC_ReID/parsing/train",
        "LTCC_ReID/train",
        *(f"prcc/{tree}/{split}" for tree in ("parsing", "rgb") for split in ("train", "val")),
    ]


def test_what_a_kind_leaves_alone_is_linked():
    maps = parts_of(PARAMETERS, KINDS["parser"], "all", None)
    assert {"prcc/rgb", "LTCC_ReID/query", "LTCC_ReID/test_unseen_sites"} < set(maps.links)
    assert all("/parsing/" in path for path in maps.written)
    pictures = parts_of(PARAMETERS, KINDS["blur"], "all", None)
    assert "prcc/parsing/test" in pictures.links
    assert not [path for path in pictures.written if "/parsing/" in path]


@pytest.mark.parametrize(
    ("sites", "folder", "other"), [("seen", "test", "test_unseen_sites"), ("unseen", "test_unseen_sites", "test")]
)
def test_sites_that_were_not_asked_for_are_left_out(sites, folder, other):
    parts = parts_of(PARAMETERS, KINDS["crop"], sites, None)
    everything = [*parts.written, *parts.links]
    assert below(everything, f"LTCC_ReID/{folder}")
    assert below(everything, f"prcc/rgb/{folder}")
    assert not below(everything, f"LTCC_ReID/{other}")
    assert not below(everything, f"prcc/rgb/{other}")
    maps = parts_of(PARAMETERS, KINDS["parser"], sites, None)
    assert f"prcc/rgb/{folder}" in maps.links
    assert not [link for link in maps.links if link in ("prcc/rgb", f"prcc/rgb/{other}")]


def test_who_does_not_change_is_linked_image_by_image():
    looks = UnseenLooks("hats", 0.5, seed=2)
    parts = parts_of(PARAMETERS, KINDS["hats"], "seen", looks)
    wearers = {(shot.person, shot.outfit) for shot in parts.changed}
    assert wearers == {
        (person, outfit) for person in (2, 3) for outfit in (0, 1) if looks.changes(PARAMETERS.seed, person, outfit)
    }
    assert 0 < len(wearers) < 4, "the draw shows both"
    assert [link for link in parts.links if link.endswith(".png")]


def test_without_unseen_sites_they_cannot_be_had():
    with pytest.raises(RenderingError, match="sites is 'unseen', and the benchmark has none; render it with --unseen"):
        parts_of(BenchmarkParameters(people=4), KINDS["blur"], "unseen", None)
