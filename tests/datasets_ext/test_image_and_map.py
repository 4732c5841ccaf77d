from datasets_ext import PRCC, ImageAndMap, every_image, sharing_a_map


def test_every_image_once_with_its_map(prcc_root):
    dataset = PRCC(root=prcc_root, verbose=False)
    pairs = every_image(dataset, dataset.parsing_tree())
    assert len(pairs) == len({pair.image for pair in pairs}) == 13
    assert pairs[0] == ImageAndMap(
        str(prcc_root / "prcc/rgb/train/001/A_cropped_rgb001.jpg"),
        str(prcc_root / "prcc/parsing/train/001/A_cropped_rgb001.png"),
    )
    elsewhere = every_image(dataset, dataset.parsing_tree("/maps"))
    assert elsewhere[0].map == "/maps/train/001/A_cropped_rgb001.png"


def test_images_that_share_a_map():
    pairs = [ImageAndMap("a.jpg", "a.png"), ImageAndMap("b.jpg", "b.png"), ImageAndMap("a.bmp", "a.png")]
    assert sharing_a_map(pairs) == {"a.png": ["a.jpg", "a.bmp"]}
    assert sharing_a_map(pairs[:2]) == {}
