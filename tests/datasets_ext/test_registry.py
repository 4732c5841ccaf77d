import pytest

from datasets_ext import LTCC, Counts, DatasetNotFoundError, RenderedPeoplePRCCLayout, dataset_class


@pytest.mark.parametrize("found", [LTCC, RenderedPeoplePRCCLayout])
def test_class_of_a_name(found):
    assert dataset_class(found.__name__) is found


@pytest.mark.parametrize("name", ["Nothing", "Market1501"])
def test_names_that_do_not_serve_are_answered_with_those_that_do(name):
    with pytest.raises(
        DatasetNotFoundError, match=f"'{name}' is not .* Known: .*LTCC, LaST, MEVID, .*PRCC, Real28, RenderedPeople"
    ):
        dataset_class(name)


def test_counts_beside_the_published_ones(ltcc_root):
    counts = LTCC(root=str(ltcc_root), verbose=False).counts()
    assert list(counts) == ["train", "query", "gallery", "all"]
    assert counts["train"] == (Counts(ids=2, images=3, cameras=3, outfits=3), Counts(ids=77, images=9576))
    # Cameras 1, 2, 3, 9, 11 and 12, the first and the others under two kinds of names.
    assert counts["all"][0] == Counts(ids=4, images=8, cameras=6, outfits=7)
