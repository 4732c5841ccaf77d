"""The renderer's trees, which no test wrote, read by each reader and compared with what the renderer knows of them."""

import json
import logging
import runpy
from collections import defaultdict

import pytest

import datasets_ext
from datasets_ext import every_path, image_paths
from datasets_ext.check.__main__ import main as check
from rendered_people.folder.further_layouts import FOLDERS
from rendered_people.folder.layouts import planned_files
from rendered_people.folder.parameters import BenchmarkParameters

NAMES = {
    "vcclothes": "VCClothes",
    "real28": "Real28",
    "last": "LaST",
    "deepchange": "DeepChange",
    "celebreid": "CelebReID",
    "celebreidlight": "CelebReIDLight",
    "ccvid": "CCVID",
    "mevid": "MEVID",
}
CONFIGS = {"celebreid": "celeb_reid", "celebreidlight": "celeb_reid_light", "vcclothes": "vc_clothes"}
CAMERALESS = {"last", "celebreid", "celebreidlight"}
layouts = pytest.mark.parametrize("layout", list(NAMES))


def reader(layout):
    return getattr(datasets_ext, f"RenderedPeople{NAMES[layout]}Layout")


@pytest.fixture(scope="session")
def every_layout(rendered_body, tiny_parameters, tmp_path_factory):
    """(root of the data sets, parameters): all further layouts, below folders that are named like files of theirs."""
    from rendered_people import render_benchmark

    above = "001_1_c2/0001-02-03-04/P1_C2_20200101/session1/001_01/query/0201O003C330T004F00192"
    root = tmp_path_factory.mktemp("layouts") / above
    parameters = {**tiny_parameters, "layouts": tuple(NAMES), "tracklet_frames": 3}
    render_benchmark(root / "rendered_people", workers=1, **parameters)
    parameters.pop("progress")
    return root, BenchmarkParameters(**parameters)


@layouts
def test_labels_are_those_that_the_renderer_drew(every_layout, layout):
    root, parameters = every_layout
    folder = root / "rendered_people"
    shot_of = {
        str(folder / image): shot
        for shot, pairs in planned_files(parameters).items()
        for image, _ in pairs
        if image.startswith(f"{FOLDERS[layout]}/")
    }
    dataset = reader(layout)(root=root, verbose=False)
    assert sorted(path for items in dataset.splits.values() for path in every_path(items)) == sorted(shot_of)
    kinds = dataset.clothes_labels
    parts = [("train", dataset.splits["train"], kinds.train), ("test", dataset.query + dataset.gallery, kinds.test)]
    for part, items, kind in parts:
        people, cameras, outfits = (defaultdict(set) for _ in range(3))
        for data, pid, camid, clothes in items:
            shots = [shot_of[path] for path in image_paths(data)]
            (shown,) = {(shot.person, shot.outfit, shot.camera) for shot in shots}
            assert [shot.frame for shot in shots] == sorted(shot.frame for shot in shots)
            people[pid].add(shown[0])
            cameras[camid].add(shown[2])
            outfits[clothes].add(shown[:2])
        assert (part == "train") == all(person < parameters.train_count for of in people.values() for person in of)
        assert all(len(of) == 1 for of in people.values())
        assert len(people) == len(set.union(set(), *people.values()))
        if kind != "absent":
            assert all(len(of) == 1 for of in outfits.values())
            assert len(outfits) == len(set.union(set(), *outfits.values()))
        if layout not in CAMERALESS:
            assert all(len(of) == 1 for of in cameras.values())
        elif part == "test":
            assert len(cameras) == len(items)


@layouts
def test_maps_lie_where_the_reader_looks_and_the_check_finds_no_fault(every_layout, layout, tmp_path, capsys):
    root, _ = every_layout
    dataset = reader(layout)(root=root, verbose=False)
    maps = dataset.parsing_maps("auto")
    assert maps.system.name == "lip"
    maps.require(path for items in dataset.splits.values() for path in every_path(items))
    command = ["--dataset", type(dataset).__name__, "--root", str(root), "--output", str(tmp_path), "--workers", "1"]
    assert check([*command, "--sample", "0"]) == 0, capsys.readouterr().out
    report = json.loads((tmp_path / "report.json").read_text())
    assert not report["problems"]


CLOTHES = ["general", "same_clothing", "clothing_change"]
TABLES = {
    "vcclothes": ("mode", [*CLOTHES, "cameras_2_3", "cameras_3_4"]),
    "real28": ("mode", CLOTHES),
    "last": ("mode (clothes labels: absent; cameras: none)", ["general"]),
    "deepchange": ("mode (clothes labels: pseudo)", ["other_tracklet"]),
    "celebreid": ("mode (clothes labels: absent; cameras: none)", ["general"]),
    "celebreidlight": ("mode (clothes labels: implied; cameras: none)", ["general"]),
    "ccvid": ("mode (cameras: walks)", CLOTHES),
    "mevid": ("mode", [*CLOTHES, "same_location", "other_location"]),
}


@pytest.fixture(scope="module")
def train_net(pytestconfig):
    """The script's main, with arguments as they are typed; the host's logger is left as it was."""
    script = runpy.run_path(str(pytestconfig.rootpath / "projects" / "IFD" / "train_net.py"))
    logger = logging.getLogger("fastreid")
    before = list(logger.handlers), logger.level, logger.propagate
    yield lambda *words: script["main"](script["argument_parser"]().parse_args([str(word) for word in words]))
    logger.handlers[:], logger.level, logger.propagate = before


@layouts
def test_each_layout_trains_and_is_evaluated_in_the_modes_that_its_labels_allow(
    every_layout, layout, train_net, pytestconfig, tmp_path, monkeypatch, tiny_arguments
):
    root, _ = every_layout
    monkeypatch.setenv("FASTREID_DATASETS", str(root))
    config = pytestconfig.rootpath / "configs" / CONFIGS.get(layout, layout) / "IFD_R50.yml"
    # There is nothing of Real28 to train on.
    trained, tested = reader("vcclothes" if layout == "real28" else layout).__name__, reader(layout).__name__
    options = [*tiny_arguments, "DATALOADER.NUM_INSTANCE", 2, "SOLVER.IMS_PER_BATCH", 4, "SOLVER.MAX_EPOCH", 1]
    options += ["SOLVER.STEPS", [], "TEST.EVAL_PERIOD", 1, "OUTPUT_DIR", tmp_path / "run"]
    options += ["DATASETS.NAMES", f"('{trained}',)", "DATASETS.TESTS", f"('{tested}',)"]
    results = train_net("--config-file", config, *options)
    heading, modes = TABLES[layout]
    table = (tmp_path / "run" / f"results_{tested}.md").read_text()
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    assert rows[0] == heading
    assert rows[2:] == [row for mode in modes for row in (mode, f"{mode}, chance")]
    assert {key.split("/")[0] for key in results} == {*modes, "metric"}
