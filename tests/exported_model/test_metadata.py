import pytest

from exported_model import ExportedModelError, Metadata


def test_metadata_comes_back():
    told = Metadata(
        fingerprint="f",
        label_system="lip",
        clothing={"lip": (5, 9), "pascal": (2,)},
        mask_resize="nearest",
        mask_dilate=1,
        mask_fill=(0.0, 127.5, 255.0),
        descriptor="main",
        precision="int8",
        pixel_mean=(123.675, 116.28, 103.53),
        pixel_std=(58.395, 57.12, 57.375),
        licence="Apache-2.0",
        trained_on="rendered people",
        decisions="{}",
    )
    assert Metadata.from_properties(told.to_properties(), "x") == told
    assert Metadata.from_properties(Metadata().to_properties(), "x") == Metadata()
    # What others wrote beside it is theirs.
    assert Metadata.from_properties({**told.to_properties(), "author": "anna"}, "x") == told


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"exported_model.clothing": "[3"}, "damaged metadata"),
        ({"exported_model.clothing": "[3]"}, "damaged metadata"),
        ({"exported_model.mask_fill": '{"a": 1}'}, "damaged metadata"),
        ({"exported_model.mask_dilate": '"wide"'}, "damaged metadata"),
        ({"exported_model.format": "2"}, "no metadata of format 1 .found 2"),
    ],
)
def test_metadata_of_another_form(changed, message):
    with pytest.raises(ExportedModelError, match=message):
        Metadata.from_properties({**Metadata().to_properties(), **changed}, "x")


def test_the_metadata_of_another_program():
    with pytest.raises(ExportedModelError, match=r"found none.*export\.py"):
        Metadata.from_properties({"author": "anna"}, "x")
    without = {name: text for name, text in Metadata().to_properties().items() if not name.endswith("mask_resize")}
    with pytest.raises(ExportedModelError, match="damaged metadata"):
        Metadata.from_properties(without, "x")
