"""What a tree of maps says of itself, who believes it, and who may add to it."""

import json
import os

import pytest

from datasets_ext import ParsingMapError, TreeRecord, check_clothing, claim_tree, label_system, tree_label_system

LIP, ATR = label_system("lip"), label_system("atr")
RECORD = TreeRecord("atr", "segformer", "0.2.0", "2026-11-25")


@pytest.fixture
def root(tmp_path):
    """A tree with maps in three folders."""
    for name in ("train/001/a.png", "train/002/b.png", "test/c.png"):
        path = tmp_path / "parsing" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"a map")
    return str(tmp_path / "parsing")


def maps_of(root):
    return [os.path.join(root, name) for name in ("train/001/a.png", "train/002/b.png", "test/c.png")]


def say(root, system, folder="", **more):
    with open(os.path.join(root, folder, "label_system.json"), "w") as file:
        json.dump({"system": system, **more}, file)


@pytest.mark.parametrize("asked", ["lip", "LIP", LIP])
def test_a_tree_that_says_nothing_is_read_as_asked(root, asked):
    assert tree_label_system(root, asked) == (LIP, False)
    assert tree_label_system(os.path.join(root, "absent"), asked) == (LIP, False)


@pytest.mark.parametrize("asked", ["atr", "auto", "AUTO", ATR])
def test_a_tree_is_taken_at_its_word(root, asked):
    say(root, "atr")
    assert tree_label_system(root, asked) == (ATR, True)


def test_a_tree_of_another_system_is_refused_with_the_line_to_put_into_the_config(root):
    say(root, "atr", model="segformer")
    with pytest.raises(
        ParsingMapError, match="label system 'atr'.*made by segformer.*were to be read as 'lip'"
    ) as error:
        tree_label_system(root, "lip")
    assert "IFD.PARSING.SYSTEM: atr" in str(error.value)
    assert root in str(error.value)


def test_a_tree_that_says_nothing_does_not_serve_auto(root):
    with pytest.raises(ParsingMapError, match=r"there is no label_system\.json.*IFD\.PARSING\.SYSTEM: lip \(or atr or"):
        tree_label_system(root, "auto")
    assert tree_label_system(root, "auto", otherwise="lip") == (LIP, False)
    with pytest.raises(ParsingMapError, match=r"no label_system\.json"):
        tree_label_system(os.path.join(root, "absent"), "auto")


def test_folders_of_several_systems_are_refused(root):
    say(root, "atr", "train")
    say(root, "lip", "test")
    for asked in ("atr", "lip", "auto"):
        with pytest.raises(ParsingMapError, match=r"of several label systems.*'lip' in .*/test, 'atr' in .*/train"):
            tree_label_system(root, asked)


def test_a_folder_of_another_system_than_the_tree_is_refused(root):
    say(root, "lip")
    say(root, "atr", "train/002")
    with pytest.raises(ParsingMapError, match="of several label systems"):
        tree_label_system(root, "lip")


def test_folders_that_all_say_the_same(root):
    say(root, "atr", "train")
    assert tree_label_system(root, "atr") == (ATR, False)
    with pytest.raises(ParsingMapError, match="read as 'lip'"):
        tree_label_system(root, "lip")
    # Of the maps in test nobody says anything.
    with pytest.raises(ParsingMapError, match=r"no label_system\.json in .*/parsing/test"):
        tree_label_system(root, "auto")
    with pytest.raises(ParsingMapError, match=r"no label_system\.json in .*/parsing/test"):
        tree_label_system(root, "auto", otherwise="lip")
    say(root, "atr", "test")
    assert tree_label_system(root, "auto") == (ATR, True)


@pytest.mark.parametrize(
    "folders",
    [
        ("", "train", "train/001"),
        ("train/001", "train/002", "test"),
        ("train", "test"),
        ("", "train/deeper/without/maps"),
    ],
)
def test_records_at_any_depth_that_agree_speak_for_all_maps_below_them(root, folders):
    for folder in folders:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
        say(root, "atr", folder, model="segformer")
    assert tree_label_system(root, "auto") == tree_label_system(root, "atr") == (ATR, True)
    # The root has a record from then on; those below stay.
    claim_tree(root, RECORD, maps_of(root))
    assert all(os.path.exists(os.path.join(root, folder, "label_system.json")) for folder in ("", *folders))


@pytest.mark.parametrize(
    "systems",
    [
        {"": "atr", "train/001": "lip"},
        {"train": "atr", "train/001": "lip", "test": "atr"},
        {"": "atr", "train": "atr", "train/001": "atr", "train/002": "pascal"},
        {"": "atr", "train/deeper/without/maps": "lip"},
    ],
)
def test_no_depth_wins_over_another(root, systems):
    for folder, system in systems.items():
        os.makedirs(os.path.join(root, folder), exist_ok=True)
        say(root, system, folder)
    for asked in ("atr", "lip", "auto"):
        with pytest.raises(ParsingMapError, match="of several label systems") as error:
            tree_label_system(root, asked)
        assert all(
            f"{system!r} in {os.path.join(root, folder)}" in str(error.value) for folder, system in systems.items()
        )
    with pytest.raises(ParsingMapError, match="a tree holds the maps of one model"):
        claim_tree(root, RECORD, maps_of(root))


def test_a_deep_record_speaks_for_no_folder_beside_it(root):
    say(root, "atr", "train/001", model="segformer")
    say(root, "atr", "test", model="segformer")
    assert tree_label_system(root, "atr") == (ATR, False)
    for otherwise in (None, "lip"):
        with pytest.raises(ParsingMapError, match=r"no label_system\.json in .*/parsing/train/002"):
            tree_label_system(root, "auto", otherwise=otherwise)
    with pytest.raises(ParsingMapError, match=r"There are 3 maps .*no label_system\.json"):
        claim_tree(root, RECORD, maps_of(root))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[" * 100000, "cannot be read"),
        (b"[]", "does not name a label system"),
        (b"{}", "does not name a label system"),
        (b'{"system": 5}', "does not name a label system"),
        (b'{"system": "coco"}', "names label system 'coco'; known are lip, atr, pascal"),
        (b'{"system": "lip", "system": "atr"}', "it says one thing twice"),
    ],
)
def test_a_record_that_cannot_be_read(root, content, message):
    with open(os.path.join(root, "label_system.json"), "wb") as file:
        file.write(content)
    for read in (lambda: tree_label_system(root, "lip"), lambda: claim_tree(root, RECORD, [])):
        with pytest.raises(ParsingMapError, match=message) as error:
            read()
        assert os.path.join(root, "label_system.json") in str(error.value)


def test_a_record_that_is_no_file(root):
    os.mkfifo(os.path.join(root, "label_system.json"))
    with pytest.raises(ParsingMapError, match="it is a named pipe"):
        tree_label_system(root, "lip")


def test_a_tree_that_is_no_folder(tmp_path):
    (tmp_path / "parsing").write_text("x")
    with pytest.raises(ParsingMapError, match="parsing cannot be read: .*Not a directory"):
        tree_label_system(str(tmp_path / "parsing"), "lip")
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "loop").symlink_to(".")
    with pytest.raises(ParsingMapError, match="maps/loop: a link leads back"):
        tree_label_system(str(tmp_path / "maps"), "lip")


def test_unknown_systems():
    with pytest.raises(ValueError, match="Unknown label system: 'coco'"):
        tree_label_system("anywhere", "coco")
    with pytest.raises(ValueError, match="Unknown label system: 'coco'"):
        check_clothing("coco", None)


def test_a_new_tree_is_marked(tmp_path):
    root = str(tmp_path / "a" / "parsing")
    claim_tree(root, RECORD, [])
    with open(os.path.join(root, "label_system.json")) as file:
        assert json.load(file) == {
            "system": "atr",
            "model": "segformer",
            "version": "0.2.0",
            "date": "2026-11-25",
        }
    assert os.listdir(root) == ["label_system.json"]
    # Another day, another version: the tree keeps its record.
    claim_tree(root, TreeRecord("atr", "segformer", "9", "2030-01-01"), [])
    with open(os.path.join(root, "label_system.json")) as file:
        assert json.load(file)["version"] == "0.2.0"


@pytest.mark.parametrize("other", [TreeRecord("lip", "segformer"), TreeRecord("atr", "another model")])
def test_maps_of_another_kind_are_not_added(root, other):
    say(root, "atr", model="segformer")
    with pytest.raises(ParsingMapError, match="made by segformer; .*--output.*--overwrite"):
        claim_tree(root, other, maps_of(root))
    claim_tree(root, other, maps_of(root), overwrite=True)
    assert [os.path.exists(path) for path in maps_of(root)] == [False] * 3
    assert tree_label_system(root, "auto") == (label_system(other.system), True)


def test_maps_of_nobody_knows_which_model_are_not_added_to(root):
    with pytest.raises(ParsingMapError, match=r"There are 3 maps .*no label_system\.json.*--overwrite") as error:
        claim_tree(root, RECORD, maps_of(root))
    # What it says to write is what makes it believe.
    with open(os.path.join(root, "label_system.json"), "w") as file:
        file.write(str(error.value).rpartition("label_system.json: ")[2])
    claim_tree(root, RECORD, maps_of(root))
    assert all(map(os.path.exists, maps_of(root)))


def test_the_same_model_makes_its_maps_anew_one_by_one(root):
    say(root, "atr", model="segformer")
    claim_tree(root, RECORD, maps_of(root), overwrite=True)
    assert all(map(os.path.exists, maps_of(root)))


def test_maps_that_would_stay_among_those_of_another_model(root):
    say(root, "lip", model="schp")
    with pytest.raises(ParsingMapError, match="lie 1 maps that belong to none of the images, the first is test/c.png"):
        claim_tree(root, RECORD, maps_of(root)[:2], overwrite=True)
    assert all(map(os.path.exists, maps_of(root)))
    assert tree_label_system(root, "lip") == (LIP, True)


def test_records_of_folders_go_with_their_maps(root):
    say(root, "lip", "train", model="schp")
    say(root, "atr", "test", model="segformer")
    claim_tree(root, RECORD, maps_of(root), overwrite=True)
    assert tree_label_system(root, "auto") == (ATR, True)
    assert not os.path.exists(os.path.join(root, "train", "label_system.json"))


def test_a_replacement_that_was_interrupted_is_told_until_it_is_done(root, monkeypatch):
    say(root, "lip", model="schp")
    remove = os.remove

    def interrupted(path):
        if path.endswith("b.png"):
            raise KeyboardInterrupt
        remove(path)

    monkeypatch.setattr(os, "remove", interrupted)
    with pytest.raises(KeyboardInterrupt):
        claim_tree(root, RECORD, maps_of(root), overwrite=True)
    for asked in ("lip", "atr", "auto"):
        with pytest.raises(ParsingMapError, match="were being replaced when the run that did it ended"):
            tree_label_system(root, asked)
    with pytest.raises(ParsingMapError, match="Go on with it: --overwrite"):
        claim_tree(root, RECORD, maps_of(root))
    monkeypatch.undo()
    claim_tree(root, RECORD, maps_of(root), overwrite=True)
    assert tree_label_system(root, "auto") == (ATR, True)


def test_of_two_that_begin_a_tree_at_once_one_is_refused(tmp_path, monkeypatch):
    root = str(tmp_path / "parsing")
    link = os.link

    def another_is_faster(part, path):
        monkeypatch.undo()
        say(root, "lip", model="schp")
        link(part, path)

    monkeypatch.setattr(os, "link", another_is_faster)
    with pytest.raises(ParsingMapError, match="made by schp"):
        claim_tree(root, RECORD, [])
    assert tree_label_system(root, "auto") == (LIP, True)


def test_hostile_names_in_a_record(root):
    say(root, "lip", model="a\x1b[2Jb")
    with pytest.raises(ParsingMapError, match=r"made by a\\x1b\[2Jb"):
        tree_label_system(root, "atr")


def test_a_clothing_set_without_a_tree():
    check_clothing("lip", ["Coat"])
    check_clothing("auto", None)
    check_clothing("auto", ["Bag"])  # ATR's
    with pytest.raises(ValueError, match="'lip': 'Bag'"):
        check_clothing("lip", ["Bag"])
    with pytest.raises(ValueError, match="'lip': 'Trousers'"):
        check_clothing("auto", ["Trousers"])
