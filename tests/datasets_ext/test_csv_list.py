import pytest

from datasets_ext import DatasetError, DatasetNotFoundError, Tracklet, dataset_class, register_csv

HEADER = "path,pid,camid,clothes_id,split\n"
ROWS = (
    "photos/a1.jpg,anna,door,red,train\n"
    "photos/a2.jpg,anna,yard,blue,train\n"
    'photos/b1.jpg,"ben, jr",door,red,train\n'
    "photos/q1.jpg,carl,door,red,query\n"
    "photos/g1.jpg,carl,yard,blue,gallery\n"
    "photos/g2.jpg,dora,yard,red,gallery\n"
)


@pytest.fixture
def read(tmp_path):
    def make(text, name="Shop", **kwargs):
        path = tmp_path / "below,a=comma" / "list.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return register_csv(f"{name}={path}")(verbose=False, **kwargs)

    return make


def test_items(read, tmp_path, below):
    dataset = read("\ufeff" + HEADER + "\n" + ROWS)
    folder = tmp_path / "below,a=comma"
    assert dataset_class("Shop") is type(dataset)
    assert below(dataset.train, folder) == [
        ("photos/a1.jpg", "shop_anna", "shop_cdoor", "anna_red"),
        ("photos/a2.jpg", "shop_anna", "shop_cyard", "anna_blue"),
        ("photos/b1.jpg", "shop_ben, jr", "shop_cdoor", "ben, jr_red"),
    ]
    # People carl 0, dora 1; cameras door 0, yard 1; pairs (carl, blue) 0, (carl, red) 1, (dora, red) 2.
    assert below(dataset.query, folder) == [("photos/q1.jpg", 0, 0, 1)]
    assert below(dataset.gallery, folder) == [("photos/g1.jpg", 0, 1, 0), ("photos/g2.jpg", 1, 1, 2)]
    assert dataset.modes == ("general", "same_clothing", "clothing_change")
    assert dataset.parsing_maps().path_for(dataset.train[0][0]) == str(folder / "parsing/photos/a1.png")


def test_without_clothes_and_cameras(read):
    rows = [line.split(",") for line in ROWS.replace('"ben, jr"', "ben").split()]
    dataset = read(HEADER + "".join(f"{path},{pid},,,{split}\n" for path, pid, _, _, split in rows))
    assert (dataset.clothes_labels.train, dataset.clothes_labels.test) == ("absent", "absent")
    assert dataset.modes == ("general",)
    assert not dataset.has_cameras
    assert [item[2:] for item in dataset.query + dataset.gallery] == [(0, -1), (1, -1), (2, -1)]


def test_tracklets(read, tmp_path):
    dataset = read(
        HEADER.replace("\n", ",tracklet\n")
        + "1.jpg,anna,door,red,train,t1\n2.jpg,ben,door,red,train,t1\n"
        + "3.jpg,anna,door,red,train,t1\n4.jpg,ben,a,b,train,\n"
    )
    folder = str(tmp_path / "below,a=comma")
    assert dataset.train == [
        (Tracklet(folder, ["1.jpg", "3.jpg"]), "shop_anna", "shop_cdoor", "anna_red"),
        (Tracklet(folder, ["2.jpg"]), "shop_ben", "shop_cdoor", "ben_red"),
        (f"{folder}/4.jpg", "shop_ben", "shop_ca", "ben_b"),
    ]
    assert dataset.query == []
    with pytest.raises(DatasetError, match="has nobody to test on"):
        dataset.require_several_people(train=False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 0 has the columns |line 1 has the columns "),
        (
            "path,pid,camid,split\n",
            "line 1 has the columns path, pid, camid, split; expected path, pid, camid, clothes_id",
        ),
        (HEADER, "has no row below its heading"),
        (HEADER + ROWS + "photos/x.jpg,carl,door,red\n", "line 8 has 4 cells; expected 5"),
        (HEADER + ROWS + "\nphotos/x.jpg,,door,red,train\n", "line 9 has no pid"),
        (
            HEADER + "photos/x.jpg,a,door,red,test\n",
            "line 2 has the split 'test'; expected one of train, query, gallery",
        ),
        (HEADER + "/x.jpg,a,door,red,train\n", "line 2 has the path '/x.jpg'; expected a path below the list's folder"),
        (HEADER + "a/../../x.jpg,a,door,red,train\n", "line 2 has the path .*; expected a path below"),
        (HEADER + "x.gif,a,door,red,train\n", "line 2 has the path 'x.gif'; expected a .jpg, .jpeg or .png"),
        (HEADER + ROWS + "photos/q1.jpg,dora,door,red,query\n", "line 8 names photos/q1.jpg again, as line 5"),
        (HEADER + ROWS + "photos/x.jpg,a,door,,train\n", "line 8 has no clothes_id, though 3 rows of split train have"),
        (HEADER + ROWS + "photos/x.jpg,a,,red,query\n", "line 8 has no camid, though 3 rows of query and gallery have"),
        (HEADER + "x.jpg,a,door,red,query\n", "has no row of split gallery"),
        (HEADER + 'x.jpg,"a,door,red,query\n', "is no row of a CSV file"),
        (
            HEADER.replace("\n", ",tracklet\n") + "1.jpg,a,c,r,train,t\n2.jpg,a,c,b,train,t\n",
            "line 3 has another camid or clothes_id than line 2 of its tracklet t",
        ),
    ],
)
def test_a_wrong_row_is_named_with_its_line(read, text, message):
    with pytest.raises(DatasetError, match=message):
        read(text)


@pytest.mark.parametrize("entry", ["Shop", "=x.csv", "Shop=", "9Shop=x.csv", "My Shop=x.csv"])
def test_entries_of_another_form(entry):
    with pytest.raises(DatasetError, match="expected Name=path/to/list.csv"):
        register_csv(entry)


def test_names_that_are_taken_and_lists_that_are_not_there(tmp_path):
    with pytest.raises(DatasetError, match="IFD.CSV_DATASETS names PRCC, the name of another data set"):
        register_csv("PRCC=x.csv")
    first = register_csv(f"Elsewhere={tmp_path}/1.csv")
    assert register_csv(f"Elsewhere = {tmp_path}/2.csv") is first
    with pytest.raises(DatasetNotFoundError, match="2.csv, the list of a data set, does not exist"):
        first()
