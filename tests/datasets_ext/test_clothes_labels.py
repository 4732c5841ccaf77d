import pytest

from datasets_ext.clothes_labels import CLOTHES_MODES, ClothesLabels


@pytest.mark.parametrize("kind", ["implied", "pseudo", "absent"])
def test_only_labelled_outfits_are_evaluated_by(kind):
    assert ClothesLabels("labelled", kind, "x").modes == ("general",)
    assert ClothesLabels(kind, "labelled", "x").modes == CLOTHES_MODES


def test_in_words():
    assert str(ClothesLabels("pseudo", "pseudo", "the date")) == "pseudo (the date)"
    assert ClothesLabels("labelled", "absent", "x").kind == "labelled in training, absent in the test set"
