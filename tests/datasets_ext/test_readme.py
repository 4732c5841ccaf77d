"""What the README says is so."""

import re

import pytest

from clothes_rank.modes import PROTOCOL_MODES
from datasets_ext import ClothesImageDataset, dataset_class, register_csv
from ifd.engine import load_config

NAMES = ["PRCC", "LTCC", "VCClothes", "Real28", "LaST", "DeepChange", "CelebReID", "CelebReIDLight", "CCVID", "MEVID"]
ON_THE_CPU = ["MODEL.DEVICE", "cpu", "SOLVER.AMP.ENABLED", False]
BY_SCALE = {"same_scale", "other_scale"}


@pytest.fixture(scope="module")
def readme(pytestconfig):
    return (pytestconfig.rootpath / "datasets_ext" / "README.md").read_text()


@pytest.fixture(scope="module")
def rows(readme):
    """Cells of each row of its table, by the name of the data set."""
    lines = [line.strip("|").split("|") for line in readme.splitlines() if re.match(r"\| `\w+`, ", line)]
    return {cells[0].split("`")[1]: [cell.strip() for cell in cells] for cells in lines}


def whole(release, field):
    """What was published of a release as a whole; of people the sum over both parts where it says no more."""
    if (found := getattr(release["all"], field)) is not None:
        return found
    parts = [release.get(part) for part in ("train", "test")]
    return sum(part.ids for part in parts) if field == "ids" and all(parts) else None


def test_the_table_has_every_data_set(rows):
    assert list(rows) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_row_of_the_table_is_what_the_reader_says(rows, name, pytestconfig):
    first, _, people, images, labels, modes, config = rows[name]
    kind = dataset_class(name)
    assert first == f"`{name}`, {kind.dataset_dir}"
    for release in kind.releases.values() or [kind.published]:
        for field, cell in (("images", images), ("tracklets", images), ("ids", people)):
            if value := whole(release, field):
                assert f"{value:,}" in cell
    assert all(word in labels for word in {kind.clothes_labels.train, kind.clothes_labels.test})
    named = set(re.findall(r"`(\w+)`", modes))
    if kind.clothes_labels.test == "labelled":
        assert modes.startswith("the clothes modes")
    elif not kind.protocol_modes:
        assert named == {"general"}
    if name == "MEVID":
        assert named == {"same_location", "other_location", *BY_SCALE}
    else:
        assert named - {"general"} == set(kind.protocol_modes)
    assert named <= {"general", *PROTOCOL_MODES}
    assert ("no cameras" in modes) == (not kind.has_cameras)
    assert ("single-shot" in modes) == kind.single_shot_gallery
    cfg = load_config(str(pytestconfig.rootpath / "configs" / config.strip("`")), ON_THE_CPU)
    assert (name,) == cfg.DATASETS.TESTS
    # Real28 has nobody to train on.
    assert ("VCClothes" if name == "Real28" else name,) == cfg.DATASETS.NAMES


def test_its_class_reads_its_layout(readme, lay_out):
    (block,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names = {}
    exec(block, names)
    assert issubclass(names["Yard"], ClothesImageDataset)
    assert dataset_class("Yard") is names["Yard"]
    files = ["train/1_1_c1_1.jpg", "train/2_1_c2_1.jpg", "query/3_1_c1_1.jpg", "gallery/3_2_c2_1.jpg"]
    dataset = names["Yard"](root=lay_out("yard", files), verbose=False)
    assert [item[1:] for item in dataset.train] == [("yard_1", "yard_c1", "1_1"), ("yard_2", "yard_c2", "2_1")]
    assert [item[1:] for item in dataset.query + dataset.gallery] == [(3, 1, 301), (3, 2, 302)]
    assert dataset.modes == ("general", "same_clothing", "clothing_change")


def test_its_list_and_its_config_are_read(readme, tmp_path):
    blocks = ["\n".join(line[4:] for line in block.splitlines()) for block in re.findall(r"(?:    .+\n)+", readme)]
    (table,) = [block for block in blocks if block.startswith("path,pid")]
    (config,) = [block for block in blocks if "CSV_DATASETS" in block]
    (tmp_path / "list.csv").write_text(table)
    (tmp_path / "shop.yml").write_text(config)
    cfg = load_config(str(tmp_path / "shop.yml"), ON_THE_CPU)
    assert cfg.DATASETS.NAMES == cfg.DATASETS.TESTS == ("Shop",)
    (entry,) = cfg.IFD.CSV_DATASETS
    dataset = register_csv(entry.replace("/data/shop", str(tmp_path)))(verbose=False)
    assert (len(dataset.train), len(dataset.query), len(dataset.gallery)) == (1, 1, 1)
