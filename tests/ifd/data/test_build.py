"""Data set and loaders: what a batch holds, and what is refused before the first step."""

import os
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from datasets_ext import DatasetError, ImageFileError, MissingParsingMapError, ParsingMapError, convert_labels
from ifd.data import (
    SeededIndex,
    build_test_loader,
    build_train_loader,
    build_train_set,
    settled_label_system,
    stage_number,
)


@pytest.fixture
def copied_root(prcc_root, tmp_path):
    shutil.copytree(prcc_root, tmp_path / "datasets")
    return tmp_path / "datasets"


def test_evaluation_keeps_the_ids(tiny_config):
    loader, num_query = build_test_loader(tiny_config, "PRCC")
    assert num_query == 24
    batch = next(iter(loader))
    assert batch["images"].shape == (36, 4, 64, 32)
    assert batch["targets"].unique().tolist() == [7, 8, 9, 10]
    # Cameras B and C as queries, then A; clothes 2k for A and B, 2k + 1 for C.
    assert batch["camids"].tolist() == [1] * 12 + [2] * 12 + [0] * 12
    assert batch["clothes"].tolist() == [k for o in (0, 1, 0) for k in range(o, 8, 2) for _ in range(3)]


def test_label_systems_and_clothing_come_from_the_config(tiny_config):
    tiny_config.IFD.PARSING.CLOTHING = ["face"]
    batch = next(iter(build_train_loader(tiny_config)))
    share = batch["images"][:, 3].mean().item()
    assert 0.03 < share < 12 * 12 / (64 * 32) + 0.01


def test_maps_may_lie_elsewhere(tiny_config, prcc_root, tmp_path):
    shutil.copytree(prcc_root / "prcc" / "parsing", tmp_path / "maps")
    tiny_config.IFD.PARSING.ROOT = str(tmp_path / "maps")
    (tmp_path / "maps" / "train" / "001" / "A_cropped_rgb000.png").unlink()
    absent = f"{tmp_path}/maps/train/001/A_cropped_rgb000.png"
    with pytest.raises(MissingParsingMapError, match=f"1 of 54 images .*{absent}"):
        build_train_loader(tiny_config)


def test_a_data_set_without_clothes_is_refused(tiny_config, tmp_path, monkeypatch):
    for folder in ("bounding_box_train", "query", "bounding_box_test"):
        os.makedirs(tmp_path / "Market-1501-v15.09.15" / folder)
    monkeypatch.setenv("FASTREID_DATASETS", str(tmp_path))
    tiny_config.DATASETS.NAMES = ("Market1501",)
    with pytest.raises(ValueError, match="Market1501 knows neither clothes nor parsing maps"):
        build_train_loader(tiny_config)


def convert_tree(root, system):
    """Rewrites the tiny data set's maps in another label system."""
    for path in (root / "prcc" / "parsing").rglob("*.png"):
        labels = convert_labels(np.array(Image.open(path)), "lip", system)
        Image.fromarray(labels).save(path)


BUILDERS = {"train": build_train_loader, "test": lambda cfg: build_test_loader(cfg, "PRCC")}


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_maps_of_another_label_system_are_refused_before_the_first_step(tiny_config, copied_root, monkeypatch, build):
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    convert_tree(copied_root, "atr")
    with pytest.raises(ParsingMapError, match=r"cannot be of label system 'lip'.*IFD\.PARSING\.SYSTEM: atr"):
        build(tiny_config)
    tiny_config.IFD.PARSING.SYSTEM = "atr"
    build(tiny_config)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_a_tree_that_says_its_label_system(tiny_config, copied_root, monkeypatch, build):
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    convert_tree(copied_root, "atr")
    record = copied_root / "prcc" / "parsing" / "label_system.json"
    record.write_text('{"system": "atr"}')
    with pytest.raises(ParsingMapError, match=r"and were to be read as 'lip'.*IFD\.PARSING\.SYSTEM: atr"):
        build(tiny_config)
    # Taken at its word, which overrules the judgement.
    record.write_text('{"system": "lip"}')
    build(tiny_config)


def test_auto_takes_the_word_of_each_tree(tiny_config, copied_root, monkeypatch):
    lip = next(iter(build_test_loader(tiny_config, "PRCC")[0]))["images"]
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    tiny_config.IFD.PARSING.SYSTEM = "auto"
    for read in (lambda: build_test_loader(tiny_config, "PRCC"), lambda: settled_label_system(tiny_config)):
        with pytest.raises(ParsingMapError, match=r"no label_system\.json"):
            read()
    convert_tree(copied_root, "atr")
    (copied_root / "prcc" / "parsing" / "label_system.json").write_text('{"system": "atr"}')
    assert torch.equal(next(iter(build_test_loader(tiny_config, "PRCC")[0]))["images"], lip)
    assert settled_label_system(tiny_config) == "atr"


def test_trees_of_several_label_systems_in_one_training(tiny_config, copied_root, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    prcc = copied_root / "prcc"
    (prcc / "parsing" / "label_system.json").write_text('{"system": "lip"}')
    shutil.copytree(prcc, copied_root / "rendered_people" / "prcc")
    convert_tree(copied_root / "rendered_people", "atr")
    (copied_root / "rendered_people" / "prcc" / "parsing" / "label_system.json").write_text('{"system": "atr"}')
    tiny_config.IFD.PARSING.SYSTEM = "auto"
    tiny_config.DATASETS.NAMES = ("PRCC", "RenderedPeoplePRCCLayout")
    train_set = build_train_set(tiny_config)
    images = len(train_set) // 2
    for index in (0, 7):
        expected = train_set._parsing_maps[index].load_mask(train_set.img_items[index][0], (32, 64))
        found = train_set._parsing_maps[images + index].load_mask(train_set.img_items[images + index][0], (32, 64))
        assert expected.any()
        assert np.array_equal(found, expected)
    assert settled_label_system(tiny_config) == "auto"


def test_a_named_label_system_needs_no_settling(tiny_config, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", "/nowhere")
    assert settled_label_system(tiny_config) == "lip"


def test_one_person_is_refused(tiny_config, copied_root, monkeypatch):
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    for pid in range(2, 7):
        shutil.rmtree(copied_root / "prcc" / "rgb" / "train" / f"{pid:03d}")
    with pytest.raises(DatasetError, match="has one person only to train on; expected at least two"):
        build_train_loader(tiny_config)
    build_test_loader(tiny_config, "PRCC")
    for camera in "ABC":
        for pid in range(8, 11):
            shutil.rmtree(copied_root / "prcc" / "rgb" / "test" / camera / f"{pid:03d}")
    with pytest.raises(DatasetError, match="has one person only to be found"):
        build_test_loader(tiny_config, "PRCC")


def spoil_image_with_a_pipe(image, _):
    image.unlink()
    os.mkfifo(image)


def spoil_image_with_text(image, _):
    image.write_text("no image")


def spoil_map_with_a_folder(_, parsing_map):
    parsing_map.unlink()
    parsing_map.mkdir()


def spoil_map_by_cutting(_, parsing_map):
    os.truncate(parsing_map, 40)


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (spoil_image_with_a_pipe, ImageFileError, "cannot be read: it is a named pipe"),
        (spoil_image_with_text, ImageFileError, r"cannot be read \(its format is not known\)"),
        (spoil_map_with_a_folder, ParsingMapError, "cannot be read: it is a folder"),
        (spoil_map_by_cutting, ParsingMapError, "damaged or cut short"),
    ],
)
def test_what_goes_bad_after_the_start_is_one_sentence(
    tiny_config, copied_root, monkeypatch, workers, spoil, error, message
):
    monkeypatch.setenv("FASTREID_DATASETS", str(copied_root))
    tiny_config.DATALOADER.NUM_WORKERS = workers
    loader, _ = build_test_loader(tiny_config, "PRCC")
    image = copied_root / "prcc" / "rgb" / "test" / "A" / "008" / "cropped_rgb001.jpg"
    spoil(image, copied_root / "prcc" / "parsing" / "test" / "A" / "008" / "cropped_rgb001.png")
    with pytest.raises(error, match=message) as raised:
        list(loader)
    assert "008/cropped_rgb001" in raised.value.sentence
    assert "Traceback" not in raised.value.sentence
    assert "\n" not in raised.value.sentence


def test_workers_give_the_same_items(tiny_config):
    plain = next(iter(build_test_loader(tiny_config, "PRCC")[0]))
    tiny_config.DATALOADER.NUM_WORKERS = 2
    parallel = next(iter(build_test_loader(tiny_config, "PRCC")[0]))
    assert torch.equal(plain["images"], parallel["images"])
    assert plain["img_paths"] == parallel["img_paths"]


def random_options(cfg):
    cfg.INPUT.REA.ENABLED = cfg.INPUT.CJ.ENABLED = cfg.INPUT.AFFINE.ENABLED = cfg.INPUT.AUTOAUG.ENABLED = True
    cfg.INPUT.RPT.ENABLED = True


def test_the_number_of_workers_changes_no_pixel(tiny_config):
    random_options(tiny_config)
    batches = []
    for workers in (0, 1, 2):
        tiny_config.DATALOADER.NUM_WORKERS = workers
        loader = build_train_loader(tiny_config)
        batches.append([next(loader) for _ in range(5)])
        loader.shutdown()
    for other in batches[1:]:
        for one, same in zip(batches[0], other, strict=True):
            assert torch.equal(one["images"], same["images"])
            assert one["img_paths"] == same["img_paths"]


def test_a_later_epoch_is_the_same_without_those_before(tiny_config):
    random_options(tiny_config)
    loader = build_train_loader(tiny_config)
    whole = [next(loader) for _ in range(9)]  # of three batches an epoch
    later = build_train_loader(tiny_config)
    later.stream.first_epoch = 2
    for batch in whole[6:]:
        assert torch.equal(next(later)["images"], batch["images"])
    assert not torch.equal(whole[0]["images"], whole[3]["images"])


def test_a_seeded_item_leaves_the_process_as_it_was(tiny_config):
    random_options(tiny_config)
    data = build_train_loader(tiny_config).dataset
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    expected = torch.rand(1), np.random.random()  # noqa: NPY002
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002
    one = data[SeededIndex(3, 5)]["images"]
    assert (torch.rand(1), np.random.random()) == expected  # noqa: NPY002
    assert torch.equal(data[SeededIndex(3, 5)]["images"], one)
    assert not torch.equal(data[SeededIndex(3, 6)]["images"], one)


def test_a_batch_larger_than_the_data_set_is_refused(tiny_config):
    tiny_config.SOLVER.IMS_PER_BATCH = 64
    tiny_config.DATALOADER.SAMPLER_TRAIN = "TrainingSampler"
    with pytest.raises(ValueError, match="54 training images do not fill one batch"):
        build_train_loader(tiny_config)


def test_an_unknown_sampler_is_refused(tiny_config):
    tiny_config.DATALOADER.SAMPLER_TRAIN = "Sampler"
    with pytest.raises(ValueError, match="'Sampler'; expected one of ProportionalAppearanceSampler, TrainingSampler"):
        build_train_loader(tiny_config)


def test_the_stages_have_numbers(tiny_config):
    assert stage_number(tiny_config) == 2
    tiny_config.MODEL.META_ARCHITECTURE = "IFDAttentionStream"
    assert stage_number(tiny_config) == 1


@pytest.mark.parametrize("kind", ["REPLACE", "BLUR", "BLACK"])
def test_other_backgrounds_leave_the_person_and_the_mask(tiny_config, kind):
    tiny_config.INPUT.FLIP.ENABLED = tiny_config.INPUT.PADDING.ENABLED = tiny_config.INPUT.REA.ENABLED = False
    plain = build_train_set(tiny_config)
    tiny_config.IFD.BACKGROUND_AUGMENTATION[kind] = 1.0
    other = build_train_set(tiny_config)
    sample = SeededIndex(0, 5)
    one, two = plain[sample]["images"], other[sample]["images"]
    assert torch.equal(two, other[sample]["images"])
    path, size = plain.img_items[0][0], (32, 64)
    person = torch.from_numpy(plain.parsing_maps[0].load(path, size) > 0)
    assert torch.equal(one[:, person], two[:, person])
    assert torch.equal(one[3], two[3])
    assert not torch.equal(one[:3, ~person], two[:3, ~person])
    # Backgrounds are of 90 to 110, and JPEG bleeds a little of the people.
    assert two[:3, ~person].mean() < 110


def test_backgrounds_of_more_than_all_images_are_refused(tiny_config):
    tiny_config.IFD.BACKGROUND_AUGMENTATION.BLUR = tiny_config.IFD.BACKGROUND_AUGMENTATION.BLACK = 0.6
    with pytest.raises(ValueError, match="IFD.BACKGROUND_AUGMENTATION: .*at most 1 in all"):
        build_train_set(tiny_config)


def test_batches_from_shards_are_those_from_files(tiny_config, tiny, sharded, tmp_path, monkeypatch):
    (tmp_path / "rendered_people").symlink_to(tiny[0])
    tiny_config.DATASETS.NAMES = ("RenderedPeopleLTCCLayout",)
    tiny_config.SOLVER.IMS_PER_BATCH = 8
    found = []
    for root in (tmp_path, sharded[0].parent):
        monkeypatch.setenv("FASTREID_DATASETS", str(root))
        train_set = build_train_set(tiny_config)
        batches = iter(build_train_loader(tiny_config, train_set))
        found.append(([next(batches) for _ in range(4)], train_set.fingerprint()))
    assert found[0][1] == found[1][1], "a training of the one goes on with the other"
    for files, shards in zip(found[0][0], found[1][0], strict=True):
        assert all("shards::" in path for path in shards["img_paths"])
        for key in files.keys() - {"img_paths"}:
            assert torch.equal(files[key], shards[key])
