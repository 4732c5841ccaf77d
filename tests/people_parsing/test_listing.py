"""Which images are parsed, and where their maps go."""

import os

import pytest
from PIL import Image

from datasets_ext import PRCC, DatasetError
from people_parsing import dataset_images, parse_images, tree_images


def test_a_tree_and_where_its_maps_belong(tree):
    pairs = tree_images(tree / "images", tree / "maps")
    relative = [os.path.relpath(pair.map, tree / "maps") for pair in pairs]
    assert relative == ["a.png", "b.png", "sub/c.png", "sub/d.png", "sub/deep/e.png", "sub/deep/f.png", "z.png"]
    assert [os.path.splitext(os.path.relpath(pair.image, tree / "images"))[0] + ".png" for pair in pairs] == relative


def test_images_of_a_data_set(prcc_root, tmp_path):
    dataset = PRCC(root=str(prcc_root), verbose=False)
    pairs = dataset_images(dataset)
    assert len(pairs) == len({pair.image for pair in pairs}) == 2 * 54 + 36
    assert all(os.path.exists(pair.map) for pair in pairs)
    elsewhere = dataset_images(dataset, str(tmp_path))
    assert elsewhere[0].map == str(tmp_path / "train" / "001" / "A_cropped_rgb000.png")


def test_maps_inside_the_tree_are_not_taken_for_images(tree, brightness):
    inside = str(tree / "images" / "sub" / "maps")
    pairs = tree_images(tree / "images", inside)
    parse_images(brightness, pairs, inside)
    assert tree_images(tree / "images", inside) == pairs


def test_images_in_a_linked_folder(tree):
    (tree / "images" / "linked").symlink_to(tree / "images" / "sub" / "deep")
    relative = [os.path.relpath(pair.map, tree / "maps") for pair in tree_images(tree / "images", tree / "maps")]
    assert relative[2:4] == ["linked/e.png", "linked/f.png"]


def test_two_images_of_one_map_are_refused(tree):
    Image.new("RGB", (3, 3)).save(tree / "images" / "a.png")
    with pytest.raises(DatasetError, match=r"(?s)1 parsing maps would belong to several .*a\.jpg, .*a\.png"):
        tree_images(tree / "images", tree / "maps")


def test_folders_that_do_not_serve(tree):
    with pytest.raises(DatasetError, match="There is no folder .*nothing"):
        tree_images(tree / "nothing", tree / "maps")
    with pytest.raises(DatasetError, match="share the folder"):
        tree_images(tree / "images", tree / "images" / "sub" / "..")
    (tree / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"There is no image below .*empty; looked for \.bmp"):
        tree_images(tree / "empty", tree / "maps")


@pytest.mark.parametrize("target", ["..", "."])
def test_a_folder_that_leads_back_to_itself(tree, target):
    (tree / "images" / "sub" / "loop").symlink_to(target)
    with pytest.raises(DatasetError, match=r"images/sub/loop.* cannot be listed: a link leads back"):
        tree_images(tree / "images", tree / "maps")
