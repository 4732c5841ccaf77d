from collections import Counter

import pytest

from rendered_people.errors import RenderingError
from rendered_people.folder.layouts import PARSING_TREES, information_files, planned_files
from rendered_people.folder.parameters import LAYOUTS, BenchmarkParameters
from rendered_people.folder.shots import Shot

FURTHER = LAYOUTS[2:]


def paths(**parameters):
    return {
        image: shot
        for shot, pairs in planned_files(
            BenchmarkParameters(**{"people": 4, "tracklet_frames": 3, **parameters})
        ).items()
        for image, _ in pairs
    }


@pytest.mark.parametrize("sites", [1, 2])
@pytest.mark.parametrize("outfits", [2, 7])
def test_no_two_images_share_a_file_and_maps_lie_in_the_tree_of_their_layout(sites, outfits):
    plan = planned_files(
        BenchmarkParameters(people=5, outfits=outfits, sites=sites, unseen_sites=1, layouts=LAYOUTS, tracklet_frames=2)
    )
    pairs = [pair for files in plan.values() for pair in files]
    for column in zip(*pairs, strict=True):
        assert len(column) == len(set(column))
    roots = tuple(f"{PARSING_TREES[layout]}/" for layout in LAYOUTS)
    assert all(parsing.startswith(roots) for _, parsing in pairs)


@pytest.mark.parametrize(
    ("layout", "shot", "path"),
    [
        ("vcclothes", Shot(0, 2, 1, 2, 0), "VC-Clothes/query/0003-04-02-01.jpg"),
        ("vcclothes", Shot(0, 1, 0, 0, 3), "VC-Clothes/train/0002-02-01-04.jpg"),
        ("real28", Shot(0, 3, 1, 2, 1), "Real28/gallery/0004-04-02-02.jpg"),
        ("last", Shot(0, 0, 2, 1, 0), "last/train/000001/000001_002_00029_0000_01_003.jpg"),
        ("last", Shot(0, 2, 2, 1, 0), "last/test/query/000003_002_00029_0000_01_000.jpg"),
        ("deepchange", Shot(0, 3, 1, 0, 1), "DeepChangeDataset/test-set-gallery/P4_C1_20190701_000014.jpg"),
        ("celebreid", Shot(0, 2, 0, 0, 0), "Celeb-reID/query/1_1_0.jpg"),
        ("celebreidlight", Shot(0, 3, 1, 1, 0), "Celeb-reID-light/gallery/2_2_0.jpg"),
        ("ccvid", Shot(0, 1, 2, 0, 2, walks=True), "CCVID/session3/002_01/00003.jpg"),
        ("mevid", Shot(0, 2, 1, 1, 2, walks=True), "mevid/bbox_test/0003/0003O002C436T000F00002.jpg"),
    ],
)
def test_each_layout_names_files_as_the_published_set_does(layout, shot, path):
    assert paths(layouts=(layout,))[path] == shot


def test_layouts_of_video_show_walks_and_the_others_pictures():
    assert all(shot.walks for shot in paths(layouts=("ccvid", "mevid")).values())
    assert not any(shot.walks for shot in paths(layouts=FURTHER[:-2]).values())
    lengths = Counter(path.rpartition("/")[0] for path in paths(layouts=("ccvid",)))
    assert set(lengths.values()) == {3}
    assert len(lengths) == 4 * 3 * 3


def test_light_shows_each_outfit_once():
    shots = paths(layouts=("celebreidlight",)).values()
    assert Counter((shot.person, shot.outfit) for shot in shots) == {(p, o): 1 for p in range(4) for o in range(3)}


def test_lists_name_every_file_of_their_set_once():
    parameters = BenchmarkParameters(people=4, outfits=2, tracklet_frames=3, layouts=FURTHER)
    lists, files = information_files(parameters), paths(outfits=2, layouts=FURTHER)
    listed = [
        f"DeepChangeDataset/{name.split('/')[1].removesuffix('-bbox.txt')}/{line.split(',')[0]}"
        for name, text in lists.items()
        if name.startswith("DeepChange")
        for line in text.decode().split()
    ]
    assert sorted(listed) == sorted(path for path in files if path.startswith("DeepChange"))
    walks = [
        line for part in ("train", "query", "gallery") for line in lists[f"CCVID/{part}.txt"].decode().splitlines()
    ]
    assert sorted(line.split()[0] for line in walks) == sorted(
        {path.removeprefix("CCVID/").rpartition("/")[0] for path in files if path.startswith("CCVID/")}
    )
    assert lists["mevid/track_test_info.txt"].count(b"\n") == 2 * 2 * 3
    assert lists["mevid/query_IDX.txt"].split()[1] == b"3.000000000000000000e+00"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layouts": ("vcclothes",), "cameras": 2}, "at least 3 in VC-Clothes's layout"),
        ({"layouts": ("mevid",), "people": 5000}, "four digits"),
        ({"tracklet_frames": 1}, "tracklet_frames is 1"),
    ],
)
def test_what_a_layout_cannot_name_is_refused(wrong, message):
    with pytest.raises(RenderingError, match=message):
        BenchmarkParameters(**wrong)
