import os
import shutil

import pytest
from fastreid.data.datasets import DATASET_REGISTRY

import datasets_ext
from datasets_ext import (
    LTCC,
    PRCC,
    DatasetNotFoundError,
    ImageFileError,
    MissingParsingMapError,
    RenderedPeopleLaSTLayout,
    RenderedPeopleLTCCLayout,
    RenderedPeopleLTCCLayoutUnseenSites,
    RenderedPeoplePRCCLayout,
    RenderedPeoplePRCCLayoutUnseenSites,
    read_rgb,
)


def test_every_data_set_is_registered_with_the_host():
    rendered = [f"RenderedPeople{layout}Layout{sites}" for layout in ("PRCC", "LTCC") for sites in ("", "UnseenSites")]
    for name in ("PRCC", "LTCC", *rendered):
        assert DATASET_REGISTRY.get(name) is getattr(datasets_ext, name)


@pytest.mark.parametrize(
    ("rendered", "real", "folder", "rendered_name", "real_name"),
    [
        (RenderedPeoplePRCCLayout, PRCC, "prcc", "rendered_people_prcc", "prcc"),
        (RenderedPeopleLTCCLayout, LTCC, "LTCC_ReID", "rendered_people_ltcc", "ltcc"),
    ],
)
def test_rendered_people_read_as_the_real_data_set(
    prcc_root, ltcc_root, rendered, real, folder, rendered_name, real_name
):
    # prcc_root and ltcc_root are one folder; the rendered tree is the real one moved.
    expected = real(root=ltcc_root)
    (ltcc_root / "rendered_people").mkdir()
    (ltcc_root / folder).rename(ltcc_root / "rendered_people" / folder)
    found = rendered(root=ltcc_root)

    def renamed(label):
        return label.replace(f"{real_name}_", f"{rendered_name}_") if isinstance(label, str) else label

    def moved(items):
        return [
            (path.replace(f"/{folder}/", f"/rendered_people/{folder}/"), *map(renamed, labels))
            for path, *labels in items
        ]

    assert found.train == moved(expected.train)
    assert found.query == moved(expected.query)
    assert found.gallery == moved(expected.gallery)
    assert (
        found.parsing_maps()
        .path_for(found.train[0][0])
        .startswith(str(ltcc_root / "rendered_people" / folder / "parsing"))
    )


@pytest.mark.parametrize(
    ("seen", "unseen", "folder", "tests"),
    [
        (RenderedPeoplePRCCLayout, RenderedPeoplePRCCLayoutUnseenSites, "prcc/rgb", ["test"]),
        (RenderedPeopleLTCCLayout, RenderedPeopleLTCCLayoutUnseenSites, "LTCC_ReID", ["query", "test"]),
    ],
)
def test_unseen_sites_are_another_test_set_of_the_same_training_set(prcc_root, ltcc_root, seen, unseen, folder, tests):
    top = folder.split("/")[0]
    (ltcc_root / "rendered_people").mkdir()
    (ltcc_root / top).rename(ltcc_root / "rendered_people" / top)
    base = ltcc_root / "rendered_people" / folder
    with pytest.raises(DatasetNotFoundError, match="--output .*/rendered_people --unseen-sites 1"):
        unseen(root=ltcc_root)
    for test in tests:
        (base / test).rename(base / f"{test}_unseen_sites")
    found = unseen(root=ltcc_root)
    assert "_unseen_sites" in found.parsing_maps().path_for(found.query[0][0])
    for test in tests:
        (base / f"{test}_unseen_sites").rename(base / test)
    expected = seen(root=ltcc_root)

    def named_as_seen(items):
        return [(path.replace("_unseen_sites/", "/"), *labels) for path, *labels in items]

    assert found.train == expected.train
    assert named_as_seen(found.query) == expected.query
    assert named_as_seen(found.gallery) == expected.gallery
    assert all("_unseen_sites/" in path for path, *_ in found.query + found.gallery)


@pytest.mark.parametrize("rendered", [RenderedPeoplePRCCLayout, RenderedPeopleLTCCLayout])
def test_missing_data_says_how_to_render(tmp_path, rendered):
    with pytest.raises(DatasetNotFoundError) as error:
        rendered(root=tmp_path)
    message = str(error.value)
    assert f"{rendered.__name__} was not found" in message
    assert f"python -m rendered_people --output {tmp_path}/rendered_people" in message
    assert "https" not in message


def test_table_shows_no_figures_of_the_real_data_set(prcc_root, dataset_log):
    (prcc_root / "rendered_people").mkdir()
    (prcc_root / "prcc").rename(prcc_root / "rendered_people" / "prcc")
    RenderedPeoplePRCCLayout(root=prcc_root).show_train()
    assert "# outfits" in dataset_log.text
    assert "17,896" not in dataset_log.text
    assert "| published" not in dataset_log.text


@pytest.mark.parametrize("rendered", [RenderedPeoplePRCCLayout, RenderedPeopleLTCCLayout])
def test_shards_read_as_the_folder_of_files(rendered, tiny, sharded, tmp_path):
    (tmp_path / "rendered_people").symlink_to(tiny[0])
    files, shards = rendered(root=tmp_path), rendered(root=sharded[0].parent)
    assert shards.dataset_dir.startswith(f"{sharded[0]}/shards::")

    def below(dataset):
        return {
            split: [(os.path.relpath(path, dataset.dataset_dir), *labels) for path, *labels in items]
            for split, items in dataset.splits.items()
        }

    assert below(shards) == below(files)
    maps = [dataset.parsing_maps("auto") for dataset in (files, shards)]
    assert maps[1].system == maps[0].system
    for (path, *_), (other, *_) in zip(files.query, shards.query, strict=True):
        image = read_rgb(path)
        assert image.tobytes() == read_rgb(other).tobytes()
        assert (maps[0].load(path, image.size) == maps[1].load(other, image.size)).all()
    for dataset, reader in zip((files, shards), maps, strict=True):
        reader.require([path for path, *_ in dataset.train])
    absent = shards.train[0][0].replace("001", "999")
    with pytest.raises(MissingParsingMapError, match="1 of 1 images have no parsing map"):
        maps[1].require([absent])
    with pytest.raises(ImageFileError, match="shards::.* does not exist"):
        read_rgb(absent)


def test_a_damaged_shard_is_named_by_who_reads_it(sharded, tmp_path):
    shutil.copytree(sharded[0], tmp_path / "rendered_people")
    path = tmp_path / "rendered_people/shards/prcc-test-000000.tar"
    content = bytearray(path.read_bytes())
    dataset = RenderedPeoplePRCCLayout(root=tmp_path)
    content[600] ^= 1
    path.write_bytes(content)
    with pytest.raises(ImageFileError, match=r"prcc-test-000000\.tar is damaged where it holds prcc/rgb/test"):
        read_rgb(os.path.join(dataset.dataset_dir, "rgb/test/A/003/cropped_rgb001.jpg"))


def test_files_are_read_before_shards(sharded, tiny, tmp_path):
    shutil.copytree(sharded[0], tmp_path / "rendered_people")
    (tmp_path / "rendered_people/prcc").symlink_to(tiny[0] / "prcc")
    assert RenderedPeoplePRCCLayout(root=tmp_path).dataset_dir == str(tmp_path / "rendered_people/prcc")
    with pytest.raises(DatasetNotFoundError, match="was not found: there is no folder .*rendered_people/last"):
        RenderedPeopleLaSTLayout(root=tmp_path)
