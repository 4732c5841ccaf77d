import numpy as np
import pytest

from datasets_ext import (
    LABEL_SYSTEMS,
    clothing_ids,
    convert_labels,
    counterparts,
    label_system,
    match_label_system,
)

# Spelled out a second time, value by value.
LIP = {
    0: "Background", 1: "Hat", 2: "Hair", 3: "Glove", 4: "Sunglasses", 5: "Upper-clothes", 6: "Dress", 7: "Coat",
    8: "Socks", 9: "Pants", 10: "Jumpsuits", 11: "Scarf", 12: "Skirt", 13: "Face", 14: "Left-arm", 15: "Right-arm",
    16: "Left-leg", 17: "Right-leg", 18: "Left-shoe", 19: "Right-shoe",
}  # fmt: skip
ATR = {
    0: "Background", 1: "Hat", 2: "Hair", 3: "Sunglasses", 4: "Upper-clothes", 5: "Skirt", 6: "Pants", 7: "Dress",
    8: "Belt", 9: "Left-shoe", 10: "Right-shoe", 11: "Face", 12: "Left-leg", 13: "Right-leg", 14: "Left-arm",
    15: "Right-arm", 16: "Bag", 17: "Scarf",
}  # fmt: skip
PASCAL = {
    0: "Background", 1: "Head", 2: "Torso", 3: "Upper Arms", 4: "Lower Arms", 5: "Upper Legs", 6: "Lower Legs",
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), [("lip", LIP), ("atr", ATR), ("pascal", PASCAL)])
def test_label_systems(name, expected):
    system = label_system(name)
    assert dict(enumerate(system.names)) == expected
    assert len(system) == len(expected)
    for value, label in expected.items():
        assert system.ids([label]) == (value,)


def test_there_are_three_label_systems():
    assert list(LABEL_SYSTEMS) == ["lip", "atr", "pascal"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lip", (3, 5, 6, 7, 8, 9, 10, 11, 12, 18, 19)),
        ("atr", (4, 5, 6, 7, 8, 9, 10, 16, 17)),
        ("pascal", (2, 3, 4, 5, 6)),
    ],
)
def test_default_clothing_sets(name, expected):
    assert clothing_ids(name) == expected
    assert clothing_ids(label_system(name)) == expected


def test_clothing_set_by_names_is_sorted_and_each_once():
    assert clothing_ids("lip", ["Skirt", "Coat", "Skirt", "Hat"]) == (1, 7, 12)


def test_ids_keep_the_order_of_the_names():
    assert label_system("atr").ids(["Scarf", "Hat"]) == (17, 1)


@pytest.mark.parametrize("spelling", ["Left-shoe", "left-shoe", "LEFT SHOE", "left_shoe", "LeftShoe"])
def test_case_and_separators_make_no_difference(spelling):
    assert clothing_ids("lip", [spelling]) == (18,)


def test_label_system_name_in_any_case():
    assert label_system("LIP") is label_system("lip")


def test_unknown_label_name_lists_the_known_and_suggests_the_closest():
    with pytest.raises(ValueError, match="Unknown label of label system 'lip': 'Pant'") as error:
        clothing_ids("lip", ["Coat", "Pant"])
    assert all(name in str(error.value) for name in LIP.values())
    assert "Did you mean 'Pants'?" in str(error.value)


def test_unknown_label_name_without_a_close_one():
    with pytest.raises(ValueError, match="'xyzxyz'") as error:
        clothing_ids("lip", ["xyzxyz"])
    assert "Did you mean" not in str(error.value)


def test_name_of_another_system_is_unknown():
    with pytest.raises(ValueError, match="Unknown label of label system 'lip': 'Belt'"):
        clothing_ids("lip", ["Belt"])


def test_label_value_in_place_of_a_name():
    with pytest.raises(ValueError, match="Unknown label of label system 'lip': 5"):
        clothing_ids("lip", [5])


def test_unknown_system_lists_the_known_and_suggests_the_closest():
    with pytest.raises(ValueError, match="Unknown label system: 'pascall'. Known: lip, atr, pascal. .*'pascal'"):
        clothing_ids("pascall")


def test_single_string_in_place_of_a_sequence():
    with pytest.raises(ValueError, match=r"found the string 'Coat': write \['Coat'\]"):
        clothing_ids("lip", "Coat")


def test_empty_clothing_set():
    with pytest.raises(ValueError, match="clothing set is empty.*Upper-clothes"):
        clothing_ids("lip", [])


def test_convert_atr_to_lip_by_name():
    labels = np.array([[0, 1, 2, 3, 4, 5, 6, 7], [9, 10, 11, 12, 13, 14, 15, 17]], dtype=np.uint8)
    converted = convert_labels(labels, "atr", "lip")
    assert converted.dtype == np.uint8
    assert converted.tolist() == [[0, 1, 2, 4, 5, 12, 9, 6], [18, 19, 13, 16, 17, 14, 15, 11]]


def test_convert_lip_to_atr_takes_a_coat_for_upper_clothes():
    labels = np.array([0, 1, 2, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expected = [0, 1, 2, 3, 4, 7, 4, 6, 17, 5, 11, 14, 15, 12, 13, 9, 10]
    assert convert_labels(labels, "lip", "atr").tolist() == expected


@pytest.mark.parametrize(("source", "head"), [("lip", (1, 2, 4, 13)), ("atr", (1, 2, 3, 11))])
def test_what_is_on_the_head_is_head(source, head):
    assert convert_labels(np.array([0, *head]), source, "pascal").tolist() == [0, 1, 1, 1, 1]
    without = [name for name, other in counterparts(source, "pascal").items() if other is None]
    assert len(without) == len(label_system(source)) - 5


@pytest.mark.parametrize("name", ["lip", "atr", "pascal"])
def test_conversion_to_itself_changes_nothing(name):
    labels = np.arange(len(label_system(name)), dtype=np.uint8)
    assert convert_labels(labels, name, name).tolist() == labels.tolist()


def test_label_without_counterpart_is_refused_where_it_occurs():
    with pytest.raises(ValueError, match="'lip' has no counterpart of these labels of 'atr': Belt, Bag") as error:
        convert_labels(np.array([4, 8, 16]), "atr", "lip")
    assert "Give a fallback" in str(error.value)
    assert convert_labels(np.array([4, 6]), "atr", "lip").tolist() == [5, 9]


def test_fallback_takes_what_has_no_counterpart():
    assert convert_labels(np.array([4, 8, 16]), "atr", "lip", fallback="Pants").tolist() == [5, 9, 9]
    with pytest.raises(ValueError, match="Unknown label of label system 'lip': 'Bag'"):
        convert_labels(np.array([4, 8]), "atr", "lip", fallback="Bag")


def test_counterparts_agree_with_the_conversion():
    for source in LABEL_SYSTEMS:
        for target in LABEL_SYSTEMS:
            for value, (name, other) in enumerate(counterparts(source, target).items()):
                assert name == label_system(source).names[value]
                if other is not None:
                    converted = convert_labels(np.array([value]), source, target)
                    assert label_system(target).names[converted[0]] == other


@pytest.mark.parametrize("outside", [18, 255, -1])
def test_labels_outside_the_source_system(outside):
    with pytest.raises(ValueError, match=rf"Labels \[{outside}\] are outside label system 'atr': 0 to 17"):
        convert_labels(np.array([0, outside]), "atr", "lip")


def test_labels_that_are_no_integers():
    with pytest.raises(ValueError, match="holds integers, found dtype float64"):
        convert_labels(np.array([0.0]), "atr", "lip")


@pytest.mark.parametrize("system", list(LABEL_SYSTEMS))
def test_labels_of_a_model_are_matched_by_name_in_any_order(system):
    names = LABEL_SYSTEMS[system].names
    shuffled = [names[index] for index in np.random.default_rng(0).permutation(len(names))]
    found, table = match_label_system([name.upper().replace("-", " ") for name in shuffled])
    assert found is LABEL_SYSTEMS[system]
    assert table.dtype == np.uint8
    assert [names[value] for value in table] == shuffled


def test_labels_that_several_systems_know_go_to_the_smallest_or_to_the_one_asked_for():
    names = ["Background", "Hair", "Pants"]
    assert match_label_system(names)[0].name == "atr"
    found, table = match_label_system(names, "lip")
    assert (found.name, table.tolist()) == ("lip", [0, 2, 9])


def test_labels_that_no_system_knows_are_listed_for_the_closest():
    names = [*ATR.values(), "Cape", "Tie"]
    with pytest.raises(ValueError, match="2 of 20 labels are unknown to label system 'atr', the closest: Cape, Tie."):
        match_label_system(names)
    with pytest.raises(ValueError, match="4 of 20 labels are unknown to label system 'lip'.*Belt, Bag, Cape, Tie"):
        match_label_system(names, "lip")
    with pytest.raises(ValueError, match="0 of 0 labels"):
        match_label_system([])
